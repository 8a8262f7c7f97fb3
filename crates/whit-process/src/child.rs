//! `Child`: a process that was started, and futures of its end.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::process::{self, ExitStatus, Output};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_io::AsyncRead;

use crate::process::{OnDrop, Process};
use crate::stdio::{ChildStderr, ChildStdin, ChildStdout};

/// A process that was started.
///
/// **Dropping it does not stop the process**, which runs on and is reaped when it ends; unless
/// [`kill_on_drop`](crate::Command::kill_on_drop) or [`reap_on_drop`](crate::Command::reap_on_drop) say otherwise.
#[derive(Debug)]
pub struct Child {
    /// What the child reads from, if that was to be a pipe. Drop it to tell the child that there is no more.
    pub stdin: Option<ChildStdin>,
    /// What the child writes to, if that was to be a pipe.
    pub stdout: Option<ChildStdout>,
    /// What the child writes errors to, if that was to be a pipe.
    pub stderr: Option<ChildStderr>,
    process: Arc<Process>,
}

impl Child {
    pub(crate) fn new(mut started: process::Child, on_drop: OnDrop) -> io::Result<Child> {
        let (stdin, stdout, stderr) = (started.stdin.take(), started.stdout.take(), started.stderr.take());
        let process = Arc::new(Process::new(started, on_drop)?);
        let pipes = || {
            let stdin = stdin.map(ChildStdin::new).transpose()?;
            let stdout = stdout.map(ChildStdout::new).transpose()?;
            Ok((stdin, stdout, stderr.map(ChildStderr::new).transpose()?))
        };
        match pipes() {
            Ok((stdin, stdout, stderr)) => Ok(Child { stdin, stdout, stderr, process }),
            Err(error) => {
                // Started, and of no use to anybody.
                let _ = process.kill();
                Err(error)
            }
        }
    }

    /// The system's number of the process. It may be given to another one after the status was taken.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends the process by force: `SIGKILL` on Unix. It has not ended yet when this returns; wait for its status.
    ///
    /// # Errors
    ///
    /// What the system says. That it has ended already is none.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()
    }

    /// The status, if it has ended; without waiting, and without closing stdin.
    ///
    /// # Errors
    ///
    /// Something else in the program took the status.
    pub fn try_status(&mut self) -> io::Result<Option<ExitStatus>> {
        self.process.try_status()
    }

    /// Closes stdin, and waits for the end: a child that reads would wait for us, and we for it.
    ///
    /// A process that ended by a signal has no code; see `std::os::unix::process::ExitStatusExt::signal`.
    ///
    /// # Errors
    ///
    /// Something else in the program took the status.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the next one gives the same status, however often it is asked for. The future holds
    /// the process as the `Child` does.
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + Send + use<> {
        drop(self.stdin.take());
        self.process.clone().status()
    }

    /// Closes stdin, collects what stdout and stderr give, both at once, and waits for the end.
    ///
    /// What is no pipe gives nothing. If the child leaves its pipe to a child of its own, this waits for that one too.
    ///
    /// # Errors
    ///
    /// Something else in the program took the status, or reading failed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the child and what was collected.
    pub fn output(mut self) -> impl Future<Output = io::Result<Output>> + Send + use<> {
        drop(self.stdin.take());
        async move {
            let mut stdout = Collect { pipe: self.stdout.take(), bytes: Vec::new() };
            let mut stderr = Collect { pipe: self.stderr.take(), bytes: Vec::new() };
            poll_fn(|cx| {
                let (out, err) = (stdout.poll(cx)?, stderr.poll(cx)?);
                if out.is_ready() && err.is_ready() { Poll::Ready(Ok(())) } else { Poll::<io::Result<()>>::Pending }
            })
            .await?;
            let status = self.process.clone().status().await?;
            Ok(Output { status, stdout: stdout.bytes, stderr: stderr.bytes })
        }
    }
}

/// Reads a pipe to its end.
struct Collect<R> {
    // `None` at the end.
    pipe: Option<R>,
    bytes: Vec<u8>,
}

/// As much as a pipe holds on Linux, if nobody has set it to something else.
const STEP: usize = 64 * 1024;

impl<R: AsyncRead + Unpin> Collect<R> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(pipe) = &mut self.pipe {
            let filled = self.bytes.len();
            self.bytes.resize(filled + STEP, 0);
            let read = Pin::new(pipe).poll_read(cx, &mut self.bytes[filled..]);
            let length = if let Poll::Ready(Ok(length)) = &read { *length } else { 0 };
            self.bytes.truncate(filled + length);
            if ready!(read)? == 0 {
                self.pipe = None;
            }
        }
        Poll::Ready(Ok(()))
    }
}
