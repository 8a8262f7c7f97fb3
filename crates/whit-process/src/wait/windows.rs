//! Windows: a job on the blocking pool waits for the handle of the process, step by step, so that it can be told to stop.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::pin::Pin;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use whit_core::FallibleTask;
use windows_sys::Win32::Foundation::WAIT_TIMEOUT;
use windows_sys::Win32::System::Threading::WaitForSingleObject;

/// How long a job takes to notice that nobody waits any more, in milliseconds.
const STEP_MS: u32 = 100;

/// A running child that is watched, from the first poll on.
#[derive(Debug)]
pub(crate) struct Exit {
    handle: Arc<OwnedHandle>,
    stop: Arc<AtomicBool>,
    job: Mutex<Option<FallibleTask<()>>>,
}

impl Exit {
    pub(crate) fn watch(child: &Child) -> io::Result<Exit> {
        let handle = child.as_handle().try_clone_to_owned()?;
        Ok(Exit { handle: Arc::new(handle), stop: Arc::default(), job: Mutex::default() })
    }

    /// The status, once `ask` has one. Waits for news in between.
    ///
    /// `NotConnected` if the pool was shut down.
    pub(crate) fn poll(
        &self,
        cx: &mut Context<'_>,
        mut ask: impl FnMut() -> io::Result<Option<ExitStatus>>,
    ) -> Poll<io::Result<ExitStatus>> {
        if let Some(answer) = ask().transpose() {
            return Poll::Ready(answer);
        }
        let mut job = self.job.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = job.get_or_insert_with(|| {
            let (handle, stop) = (self.handle.clone(), self.stop.clone());
            whit_blocking::unblock(move || wait(&handle, &stop)).fallible()
        });
        match Pin::new(waits).poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(())) => {
                *job = None;
                let ended = ask().and_then(|status| {
                    status.ok_or_else(|| io::Error::other("a process that has ended has no status"))
                });
                Poll::Ready(ended)
            }
            Poll::Ready(None) => {
                *job = None;
                Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
            }
        }
    }
}

fn wait(handle: &OwnedHandle, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        // SAFETY: the handle is open while it is borrowed.
        if unsafe { WaitForSingleObject(handle.as_raw_handle(), STEP_MS) } != WAIT_TIMEOUT {
            return;
        }
    }
}

impl Drop for Exit {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
