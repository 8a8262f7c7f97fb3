//! Windows: a handler of the console, which the system calls on a thread of its own.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler};
use windows_sys::core::BOOL;

use super::EXIT_CODE;

struct Waiting {
    first: Arc<dyn Fn() + Send + Sync>,
    seen: bool,
}

static WAITING: Mutex<Option<Waiting>> = Mutex::new(None);

/// The handler, set.
pub(super) struct Caught;

impl Caught {
    pub(super) fn new(_name: &str, first: Box<dyn Fn() + Send + Sync>) -> io::Result<Caught> {
        *waiting() = Some(Waiting { first: first.into(), seen: false });
        // From here on the drop gives back what there is.
        let caught = Caught;
        // SAFETY: the handler may be called on any thread at any time.
        match unsafe { SetConsoleCtrlHandler(Some(handle), 1) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(caught),
        }
    }
}

impl Drop for Caught {
    fn drop(&mut self) {
        // SAFETY: it has no conditions; a call that is under way finds nobody waiting.
        unsafe { SetConsoleCtrlHandler(Some(handle), 0) };
        drop(waiting().take());
    }
}

unsafe extern "system" fn handle(event: u32) -> BOOL {
    if event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT {
        return 0;
    }
    let first = {
        let mut waiting = waiting();
        let Some(waiting) = &mut *waiting else { return 0 };
        if std::mem::replace(&mut waiting.seen, true) {
            std::process::exit(EXIT_CODE);
        }
        waiting.first.clone()
    };
    first();
    1
}

fn waiting() -> std::sync::MutexGuard<'static, Option<Waiting>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}
