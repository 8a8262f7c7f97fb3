//! What several of the tests need.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use whit_blocking::Pool;
use whit_core::{Handle, ThreadPark};
use whit_executor::Executor;

/// Runs a future in a runtime of its own, put together and taken apart as the facade does it.
pub(crate) fn run<T>(root: impl Future<Output = T>) -> T {
    let pool = Arc::new(Pool::new());
    let executor = Arc::new(Executor::new());
    let handle = Handle::builder().home(executor.home()).blocking(pool.clone()).build();
    let _entered = handle.enter();
    let output = executor.block_on(&ThreadPark::new(), root);
    executor.close();
    pool.shutdown(Duration::from_secs(30)).unwrap();
    output
}

/// A new directory, removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("whit-fs-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
