//! What a child does: it reads requests from the socket that stands in place of its standard input, and answers them, one after
//! the other, until the other end is closed.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, getpid, kill_process};

use super::frame::{self, HEAD, frame};
use super::job::answer;
use crate::signal::Handler;

pub(super) fn serve() -> ! {
    match serve_until_closed() {
        Ok(()) => process::exit(0),
        // Our parent is gone, and with it who could be told.
        Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => process::exit(0),
        Err(error) => {
            eprintln!("whit: a child of a process pool failed: {error}; it is started by the pool, and by nobody else");
            process::exit(1)
        }
    }
}

fn serve_until_closed() -> io::Result<()> {
    let mut socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // A job that reads standard input finds nothing, and not our requests.
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    // Ctrl-C is for our parent, which sees to our end.
    let (mut interrupts, _reader) = Handler::new()?;
    interrupts.catch(Signal::INT.as_raw())?;
    let watched = socket.try_clone()?;
    thread::Builder::new().name("whit-pool-end".into()).spawn(move || end_with(&watched))?;

    loop {
        let mut head = [0; HEAD];
        match socket.read_exact(&mut head) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let mut request = vec![0; frame::length(head)];
        socket.read_exact(&mut request)?;
        let (kind, bytes) = answer(&request);
        let answer = frame(&[&[kind], &bytes]).or_else(|error| frame(&[&[frame::SERDE], error.to_string().as_bytes()]));
        socket.write_all(&answer.map_err(io::Error::other)?)?;
    }
}

/// Kills us when the other end is closed, also in the midst of a job that does not end.
fn end_with(socket: &UnixStream) {
    // A hang-up is reported unasked.
    let mut watched = [PollFd::new(socket, PollFlags::empty())];
    while poll(&mut watched, None).is_err() {}
    // No clean-up, as it could wait for the job.
    let _ = kill_process(getpid(), Signal::KILL);
}
