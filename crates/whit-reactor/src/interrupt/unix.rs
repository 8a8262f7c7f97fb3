//! Unix: a handler that writes a byte into a pipe, and a thread that reads it.
//!
//! The handler calls `sigaction`, `getpid`, `write` and `_exit`, which a handler may, and uses the pipe by the rules in `gate`. It acts only
//! if it is the one that is set: whoever was set over it, and calls it from there, has taken the signal over.
//!
//! A child that was forked has the handler too, and our end of the pipe. There the handler does as if it were not there.

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;

use libc::{SIGINT, SIGTERM, c_int, sigaction, sighandler_t};

use super::EXIT_CODE;
use super::gate::Gate;

static GATE: Gate = Gate::new();
static SEEN: AtomicBool = AtomicBool::new(false);
/// Who caught the signals.
static PROCESS: AtomicI32 = AtomicI32::new(0);

/// Signals that are caught.
pub(super) struct Caught {
    // With what they were before.
    signals: Vec<(c_int, sigaction)>,
    thread: Option<(UnixStream, thread::JoinHandle<()>)>,
}

impl Caught {
    pub(super) fn new(name: &str, first: Box<dyn Fn() + Send + Sync>) -> io::Result<Caught> {
        let mut caught = Caught { signals: Vec::new(), thread: None };
        if ![SIGINT, SIGTERM].into_iter().any(is_free) {
            return Ok(caught);
        }
        let (mut reader, writer) = UnixStream::pair()?;
        let descriptor = writer.as_raw_fd();
        let wait = move || {
            let mut byte = [0];
            loop {
                match reader.read(&mut byte) {
                    Ok(1) => first(),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    _ => return,
                }
            }
        };
        let thread = thread::Builder::new().name(name.into()).spawn(wait)?;
        // From here on the drop gives back what there is.
        caught.thread = Some((writer, thread));
        SEEN.store(false, Ordering::SeqCst);
        // SAFETY: it has no conditions.
        PROCESS.store(unsafe { libc::getpid() }, Ordering::SeqCst);
        GATE.open(descriptor);
        for signal in [SIGINT, SIGTERM] {
            if is_free(signal) {
                caught.signals.push((signal, set(signal)?));
            }
        }
        Ok(caught)
    }
}

impl Drop for Caught {
    fn drop(&mut self) {
        for (signal, before) in self.signals.drain(..) {
            if handler_of(signal) == own() {
                // SAFETY: what `sigaction` gave for this signal is valid for it.
                unsafe { libc::sigaction(signal, &before, std::ptr::null_mut()) };
            }
        }
        GATE.close();
        if let Some((writer, thread)) = self.thread.take() {
            // The end of the pipe is the end of the thread. Shut down, as a forked child may have a copy of the descriptor.
            let _ = writer.shutdown(Shutdown::Both);
            drop(writer);
            // A function that panicked has said so.
            drop(thread.join());
        }
    }
}

extern "C" fn handle(signal: c_int) {
    if handler_of(signal) != own() {
        return;
    }
    // SAFETY: it has no conditions.
    if unsafe { libc::getpid() } != PROCESS.load(Ordering::SeqCst) {
        // SAFETY: both may be called here. The signal is blocked until we return, and then does what the system does with it.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
        return;
    }
    GATE.enter(|descriptor| {
        if SEEN.swap(true, Ordering::SeqCst) {
            // SAFETY: it has no conditions. Unlike `exit` it may be called here, and cannot wait for anybody.
            unsafe { libc::_exit(EXIT_CODE) };
        }
        // SAFETY: the byte lives on, and the gate keeps the descriptor open. The pipe is empty and its reader there, so that the
        // call succeeds, and leaves `errno` as it was.
        unsafe { libc::write(descriptor, [0u8].as_ptr().cast(), 1) };
    });
}

fn own() -> sighandler_t {
    handle as extern "C" fn(c_int) as sighandler_t
}

/// Whether the signal does what the system does with it, that is, ends the process.
fn is_free(signal: c_int) -> bool {
    handler_of(signal) == libc::SIG_DFL
}

/// For signal handlers, too.
fn handler_of(signal: c_int) -> sighandler_t {
    let mut now = std::mem::MaybeUninit::<sigaction>::zeroed();
    // SAFETY: `now` has room for the answer, and all zeroes is a valid value of it.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr());
        now.assume_init().sa_sigaction
    }
}

/// Sets our handler, and gives what was there before.
fn set(signal: c_int) -> io::Result<sigaction> {
    // SAFETY: all zeroes is a valid value of it: no flags, and no signal in its mask.
    let (mut new, mut before) = unsafe { std::mem::zeroed::<(sigaction, sigaction)>() };
    new.sa_sigaction = own();
    new.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
    // SAFETY: both point to valid values, and the handler does only what a handler may.
    let done = unsafe {
        libc::sigemptyset(&mut new.sa_mask);
        libc::sigaction(signal, &new, &mut before)
    };
    if done == 0 { Ok(before) } else { Err(io::Error::last_os_error()) }
}
