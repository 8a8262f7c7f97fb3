//! The signal that asks a thread for its stack, and its handler.

use std::io;
use std::mem::MaybeUninit;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::memory;
use super::registers::Registers;
use crate::StackError;
use crate::exchange::Exchange;

/// How much of a stack is copied, in bytes.
const COPIED_MAX: usize = 256 << 10;
/// How long a thread has for its answer.
const PATIENCE: Duration = Duration::from_millis(20);
/// How long, once it has begun.
const MORE_PATIENCE: Duration = Duration::from_millis(100);

/// What a handler leaves behind.
struct Answer {
    registers: Registers,
    // An `errno`, or 0.
    error: i32,
    length: usize,
    bytes: [u8; COPIED_MAX],
}

static EXCHANGE: Exchange<Answer> =
    Exchange::new(Answer { registers: Registers::new(), error: 0, length: 0, bytes: [0; COPIED_MAX] });

/// A thread's registers, and the innermost part of its stack: from the stack pointer upwards.
pub(super) struct Copy {
    pub(super) registers: Registers,
    pub(super) bytes: Vec<u8>,
}

/// Asks a thread of this process, and waits for the answer.
pub(super) fn copy_of(thread: u32) -> Result<Copy, StackError> {
    static ASKING: Mutex<()> = Mutex::new(());
    let _asking = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
    let signal = signal()?;
    // Who has reset it would have the process killed.
    if action(signal, None).map_err(StackError::NoSignal)?.sa_sigaction != own() {
        return Err(StackError::NoSignal(io::Error::from_raw_os_error(libc::EBUSY)));
    }
    if !EXCHANGE.ask(thread) {
        return Err(StackError::NoAnswer(thread));
    }
    // SAFETY: sends a signal, which has a handler, to a thread of this process or to none.
    if unsafe { libc::tgkill(libc::getpid(), thread as libc::pid_t, signal) } != 0 {
        let error = io::Error::last_os_error();
        let _ = EXCHANGE.withdraw(thread);
        return Err(StackError::NoThread(thread, error));
    }
    let answer = wait(PATIENCE).or_else(|| if EXCHANGE.withdraw(thread) { None } else { wait(MORE_PATIENCE) });
    answer.ok_or(StackError::NoAnswer(thread))?.map_err(StackError::NoCopy)
}

/// By looking again and again: a handler must not touch what could wake us.
fn wait(patience: Duration) -> Option<io::Result<Copy>> {
    let end = Instant::now() + patience;
    let mut pause = Duration::from_micros(20);
    loop {
        let answer = EXCHANGE.take(|answer| match answer.error {
            0 => Ok(Copy { registers: answer.registers, bytes: answer.bytes[..answer.length].to_vec() }),
            error => Err(io::Error::from_raw_os_error(error)),
        });
        if answer.is_some() || Instant::now() >= end {
            return answer;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(1));
    }
}

/// Runs at any point of any program: no lock, no allocation, no panic, no wait.
extern "C" fn handler(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: `errno` of this thread, which the interrupted code may be about to read.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    // SAFETY: asks the kernel for a number.
    let thread = unsafe { libc::gettid() };
    EXCHANGE.answer(thread as u32, |answer| {
        // SAFETY: the kernel hands a handler that was installed with `SA_SIGINFO` the context it interrupted.
        answer.registers = Registers::interrupted(unsafe { &*context.cast::<libc::ucontext_t>() });
        (answer.length, answer.error) = match memory::read(answer.registers.stack_pointer(), &mut answer.bytes) {
            Ok(length) => (length, 0),
            Err(error) => (0, error.raw_os_error().unwrap_or(libc::EIO)),
        };
    });
    // SAFETY: as above.
    unsafe { *errno = before };
}

/// The signal, with its handler installed.
fn signal() -> Result<libc::c_int, StackError> {
    static SIGNAL: OnceLock<Result<libc::c_int, i32>> = OnceLock::new();
    let installed = SIGNAL.get_or_init(|| install().map_err(|error| error.raw_os_error().unwrap_or(libc::EIO)));
    installed.map_err(|error| StackError::NoSignal(io::Error::from_raw_os_error(error)))
}

/// The highest realtime signal that nobody handles, or has blocked, as those do who wait for it by `sigwait` or `signalfd`. The handler
/// stays: a signal that comes late must find it.
fn install() -> io::Result<libc::c_int> {
    let mut blocked = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: only asks, and `blocked` has room for the answer.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), blocked.as_mut_ptr()) };
    for signal in (libc::SIGRTMIN()..=libc::SIGRTMAX()).rev() {
        // SAFETY: zeros are a value of it, and the call has written over them.
        let is_blocked = unsafe { libc::sigismember(blocked.as_ptr(), signal) } == 1;
        if is_blocked || action(signal, None)?.sa_sigaction != libc::SIG_DFL {
            continue;
        }
        // SAFETY: plain data, for which zeros are a value.
        let mut ours: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        ours.sa_sigaction = own();
        // On the stack for signals, where there is one: the thread's own may be nearly full.
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
        // SAFETY: fills a set that is ours.
        unsafe { libc::sigfillset(&raw mut ours.sa_mask) };
        action(signal, Some(&ours))?;
        return Ok(signal);
    }
    Err(io::Error::from_raw_os_error(libc::EBUSY))
}

fn own() -> libc::sighandler_t {
    handler as extern "C" fn(_, _, _) as libc::sighandler_t
}

/// What a signal does, and, if there is something new, from now on does.
fn action(signal: libc::c_int, new: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
    let new = new.map_or(std::ptr::null(), std::ptr::from_ref);
    let mut old = MaybeUninit::zeroed();
    // SAFETY: `new` is null or a whole action, whose handler is async-signal-safe; `old` has room for one.
    if unsafe { libc::sigaction(signal, new, old.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: zeros are a value, and the call has written over them.
    Ok(unsafe { old.assume_init() })
}
