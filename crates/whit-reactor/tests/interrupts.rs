//! `Interrupts` and children that were forked: they have the handler and our end of the pipe, and neither is theirs to use.
#![cfg(unix)]

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use libc::{SIG_DFL, SIGINT, SIGKILL, SIGTERM, c_int, pid_t};
use whit_reactor::Interrupts;

/// What takes longer does not happen.
const LONG: Duration = Duration::from_secs(20);

/// There is one `Interrupts` in a process, so there is one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // A shell lets its background ignore it, and then it is not caught.
    // SAFETY: it has no conditions.
    unsafe { libc::signal(SIGINT, SIG_DFL) };
    alone
}

fn caught() -> (Interrupts, Receiver<()>) {
    let (sender, told) = channel();
    let interrupts = Interrupts::catch("ctrl-c", move || sender.send(()).unwrap()).unwrap();
    (interrupts, told)
}

#[test]
#[cfg_attr(whit_tsan, ignore = "ThreadSanitizer calls no handler in the child of a process with several threads")]
fn a_forked_child_dies_of_the_signal_and_nobody_else_is_told() {
    let _alone = alone();
    for signal in [SIGINT, SIGTERM] {
        let (interrupts, told) = caught();
        let child = Forked::new();
        child.send(signal);
        assert_eq!(child.death(), Some(signal), "what killed the child");
        assert!(told.try_recv().is_err(), "the child's signal came to us");
        // Ours is the first here, whatever the child has had.
        // SAFETY: it has no conditions.
        assert_eq!(unsafe { libc::raise(signal) }, 0);
        told.recv_timeout(LONG).expect("our own signal came");
        drop(interrupts);
        assert!(told.try_recv().is_err(), "one signal was told twice");
    }
}

#[test]
fn the_end_does_not_wait_for_a_forked_child() {
    let _alone = alone();
    let (interrupts, _told) = caught();
    let child = Forked::new();
    let (sender, ended) = channel();
    thread::spawn(move || {
        drop(interrupts);
        sender.send(()).unwrap();
    });
    ended.recv_timeout(LONG).expect("the end came while the child had its copy of our descriptors");
    child.send(SIGKILL);
    assert_eq!(child.death(), Some(SIGKILL), "it lived on until then");
}

/// A child that was forked and never became another program: it waits for signals.
struct Forked(pid_t);

impl Forked {
    fn new() -> Forked {
        // SAFETY: the child makes only calls that it may make with the locks of other threads held for ever.
        match unsafe { libc::fork() } {
            -1 => panic!("no child: {}", std::io::Error::last_os_error()),
            0 => loop {
                // SAFETY: neither has conditions. The alarm ends it if we do not.
                unsafe {
                    libc::alarm(3 * LONG.as_secs() as u32);
                    libc::pause();
                }
            },
            id => Forked(id),
        }
    }

    fn send(&self, signal: c_int) {
        // SAFETY: it has no conditions, and the number is not another's before `death` has reaped the child.
        assert_eq!(unsafe { libc::kill(self.0, signal) }, 0);
    }

    /// The signal that it died of. `None` if it lives on, or ended by itself.
    fn death(self) -> Option<c_int> {
        let began = Instant::now();
        let mut status = 0;
        // SAFETY: there is room for the status.
        while unsafe { libc::waitpid(self.0, &mut status, libc::WNOHANG) } == 0 {
            if began.elapsed() > LONG {
                self.send(SIGKILL);
                return None;
            }
            thread::sleep(Duration::from_millis(1));
        }
        libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status))
    }
}
