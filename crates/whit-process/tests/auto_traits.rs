//! What may go to other threads: everything.

use whit_process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

fn send_sync<T: Send + Sync>() {}
fn send<T: Send>(_: T) {}

#[test]
fn all_of_it_is_send() {
    send_sync::<Child>();
    send_sync::<ChildStdin>();
    send_sync::<ChildStdout>();
    send_sync::<ChildStderr>();
    send::<Option<Command>>(None);
    send(whit_process::signal::ctrl_c());
    #[cfg(unix)]
    send_sync::<whit_process::signal::Signals>();
    #[cfg(feature = "pool")]
    pool::all_of_it_is_send();
}

#[cfg(feature = "pool")]
mod pool {
    use std::cell::Cell;

    use whit_process::pool::{Job, JobError, ProcessPool};

    /// Neither the arguments nor the result need to be.
    static JOB: Job<Cell<u8>, Cell<u8>> = Job::new("job", |cell| cell);

    pub(super) fn all_of_it_is_send() {
        super::send_sync::<ProcessPool>();
        super::send_sync::<JobError>();
        if let Ok(pool) = ProcessPool::new(1) {
            super::send(pool.run(&JOB, &Cell::new(1)));
        }
    }
}
