//! Signals under ThreadSanitizer, which lets a thread handle one when it next calls a function of the C library that it knows.
//! Threads that wait in calls which it does not know, as ours do, and the main thread of every test program, would never handle it.
//!
//! So all threads block signals, from before `main` on, but for one that has them for itself. It waits in a call that is known.

use std::{mem, ptr, thread};

use libc::{SIG_BLOCK, SIG_UNBLOCK, c_int};

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

extern "C" fn before_main() {
    mask(SIG_BLOCK);
    thread::spawn(|| {
        mask(SIG_UNBLOCK);
        loop {
            // SAFETY: it has no conditions.
            unsafe { libc::pause() };
        }
    });
}

fn mask(how: c_int) {
    // SAFETY: all zeroes is a valid value of a set, and it lives until it has been read.
    unsafe {
        let mut all = mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(how, &all, ptr::null_mut());
    }
}
