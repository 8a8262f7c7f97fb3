//! Where tasks go outside every runtime: a process-wide executor with one thread, as the facade has one for its `spawn`.

use std::future::pending;
use std::sync::Once;
use std::thread;

use whit_core::{Handle, ThreadPark};
use whit_executor::Executor;

/// The handle of the process-wide executor, whose thread `whit-hyper` starts at the first call and stays.
///
/// # Panics
///
/// If that thread cannot be started.
#[track_caller]
pub(crate) fn default_handle() -> Handle {
    static EXECUTOR: Executor<'static> = Executor::new();
    static THREAD: Once = Once::new();
    let handle = || Handle::builder().home(EXECUTOR.home()).build();
    THREAD.call_once(|| {
        let work = move || {
            let _entered = handle().enter();
            EXECUTOR.block_on(&ThreadPark::new(), pending::<()>())
        };
        if let Err(error) = thread::Builder::new().name("whit-hyper".into()).spawn(work) {
            panic!(
                "hyper outside a runtime could not start the thread for its tasks: {error}; use it inside `whit::run`"
            );
        }
    });
    handle()
}
