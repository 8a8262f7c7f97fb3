//! Our side of a child.

use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::task::{Context, Waker};

use whit_core::Dir;
use whit_reactor::Async;

use super::JobError;
use super::frame::{self, HEAD};
use super::job::CHILD;
use crate::{Child, Command};

/// Memory for an answer grows by this as its bytes come.
const STEP: usize = 256 * 1024;

/// A child that waits for requests. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    socket: Async<UnixStream>,
}

impl Worker {
    /// Starts a child, on the blocking pool. Dropped meanwhile, it is killed there.
    pub(super) async fn start() -> io::Result<Worker> {
        whit_blocking::unblock(start).fallible().await.unwrap_or_else(|| {
            Err(io::Error::other("the blocking pool was shut down; use the process pool only while its runtime runs"))
        })
    }

    /// Whether it waits for a request: it has not ended, and our reactor has not either.
    pub(super) fn is_usable(&mut self) -> bool {
        let closed = self.socket.poll_readable(&mut Context::from_waker(Waker::noop())).map(|ready| ready.is_err());
        let mut socket = self.socket.get_ref();
        let quiet = socket.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        closed != std::task::Poll::Ready(true) && quiet
    }

    /// Sends a request, and gives the answer.
    pub(super) async fn call(&mut self, request: &[u8]) -> Result<Vec<u8>, JobError> {
        match self.exchange(request).await {
            Ok(answer) => Ok(answer),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
                ) =>
            {
                Err(self.child.status().await.map_or_else(JobError::Io, JobError::Ended))
            }
            Err(error) => Err(JobError::Io(error)),
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        let mut sent = 0;
        while sent < request.len() {
            sent += self.socket.write_with(|mut socket| socket.write(&request[sent..])).await?;
        }
        let mut answer = Vec::new();
        self.fill(&mut answer, HEAD).await?;
        let length = frame::length(*answer.first_chunk().expect("it was filled"));
        answer.clear();
        self.fill(&mut answer, length).await?;
        Ok(answer)
    }

    async fn fill(&mut self, bytes: &mut Vec<u8>, length: usize) -> io::Result<()> {
        while bytes.len() < length {
            let filled = bytes.len();
            bytes.resize(length.min(filled + STEP), 0);
            let read = poll_fn(|cx| self.socket.poll_io(Dir::Read, cx, |mut socket| socket.read(&mut bytes[filled..])));
            let read = read.await?;
            bytes.truncate(filled + read);
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

fn start() -> io::Result<Worker> {
    let (ours, theirs) = UnixStream::pair()?;
    // On Linux also if the file was replaced or removed since we started.
    let (program, name) = (std::env::current_exe()?, std::env::args_os().next());
    let mut command = Command::new(if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { program.clone() });
    command.arg(CHILD).stdin(OwnedFd::from(theirs)).kill_on_drop(true);
    command.as_std_mut().arg0(name.unwrap_or(program.into()));
    let child = command.spawn()?;
    Ok(Worker { child, socket: Async::new(ours)? })
}
