//! `Interrupts`: Ctrl-C and `SIGTERM`, the first for a thread that tells the program, the second for the end of it.
//!
//! System by system; each file has the same shape: `Caught`, whose drop gives everything back.

#[cfg(unix)]
#[expect(unreachable_pub, reason = "public for its model")]
mod gate;
#[cfg(not(any(unix, windows)))]
mod stub;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(not(any(unix, windows)))]
use stub::Caught;
#[cfg(unix)]
use unix::Caught;
#[cfg(windows)]
use windows::Caught;

/// What the program ends with at the second: 128 and the number of `SIGINT`, as a shell says it.
const EXIT_CODE: i32 = 130;

/// There is one disposition of a signal in a process.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Ctrl-C and `SIGTERM`, caught for as long as this lives: the first calls a function, **the second ends the process with 130**,
/// at once and without any clean-up.
///
/// What somebody else has caught, or what is ignored (as in the background of a shell), is left alone, both at the start and
/// later: a handler that is set over this one has the signal for itself.
///
/// The facade uses it for `#[whit::main]` and `Builder::ctrl_c`. For signals as a stream see `whit-process`.
///
/// ```
/// let interrupts = whit_reactor::Interrupts::catch("ctrl-c", || println!("good bye"))?;
/// drop(interrupts); // everything is as before
/// # std::io::Result::Ok(())
/// ```
#[must_use = "dropping it gives the signals back"]
pub struct Interrupts {
    _caught: Caught,
    _taken: Taken,
}

impl Interrupts {
    /// Catches them. `first` is called on a thread of its own, called `name`, which may lock and wake as it likes.
    ///
    /// On Unix, it takes that thread and two descriptors. On Windows, where the system starts a thread for the call, Ctrl-Break
    /// stands for `SIGTERM`.
    ///
    /// # Errors
    ///
    /// There is another `Interrupts` in this process, or no thread or descriptor left, or this system is not known.
    pub fn catch(name: &str, first: impl Fn() + Send + Sync + 'static) -> io::Result<Interrupts> {
        let taken = Taken::new()?;
        Ok(Interrupts { _caught: Caught::new(name, Box::new(first))?, _taken: taken })
    }
}

/// Says that there is an `Interrupts`; dropped after everything else of it.
struct Taken;

impl Taken {
    fn new() -> io::Result<Taken> {
        if TAKEN.swap(true, Ordering::Acquire) {
            let text = "Ctrl-C is caught by another `Interrupts` of this process; there can be one at a time";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
        }
        Ok(Taken)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        TAKEN.store(false, Ordering::Release);
    }
}

impl fmt::Debug for Interrupts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupts").finish_non_exhaustive()
    }
}
