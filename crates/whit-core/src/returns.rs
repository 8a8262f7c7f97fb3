//! Returning from system calls, where the kernel has made that dear.
//!
//! A processor predicts where a function returns to by a small stack of its own, which calls fill. Against *speculative return
//! stack overflow* (AMD's Zen 1 to 4) Linux returns from its own functions in a way that unbalances it: *Safe RET*. After a system
//! call it is empty. Each return of the caller then finds nothing there, and that is dear twice: it is mispredicted, and the
//! processor stays in a state in which all of the kernel's returns take longer, the next time it is entered. On the machine where
//! this was found, one return after `recv` and one after `send` made a message through loopback TCP take 6.6 µs instead of 5.3.
//!
//! So the stack is filled again, by calls that never return, before anything does. The returns are mispredicted still, but find
//! something. Linux does the same at each switch of context, so that nobody returns to where another process came from.

/// Fills the processor's stack of returns, if the kernel has emptied it in the system call just before. For those who make system
/// calls often, in the function that makes it: each return before this is dear already.
///
/// It takes some 25 ns where *Safe RET* is on (on Linux, on x86-64), and less than one elsewhere: there it does nothing.
///
/// ```
/// // After a system call.
/// whit_core::refill_returns();
/// ```
#[inline(always)]
pub fn refill_returns() {
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    if x86::is_wanted() {
        x86::refill();
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
mod x86 {
    use std::arch::asm;
    use std::fs;
    use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

    const UNKNOWN: u8 = 0;
    const NO: u8 = 1;
    const YES: u8 = 2;

    #[inline(always)]
    pub(super) fn is_wanted() -> bool {
        static WANTED: AtomicU8 = AtomicU8::new(UNKNOWN);
        match WANTED.load(Relaxed) {
            UNKNOWN => {
                let wanted = look();
                WANTED.store(if wanted { YES } else { NO }, Relaxed);
                wanted
            }
            wanted => wanted == YES,
        }
    }

    /// The kernel says what it does. On a shadow stack, which none of Rust's programs has so far, a call has to return.
    #[cold]
    #[inline(never)]
    fn look() -> bool {
        let says = |file, what| fs::read_to_string(file).is_ok_and(|text| text.contains(what));
        says("/sys/devices/system/cpu/vulnerabilities/spec_rstack_overflow", "Safe RET")
            && !says("/proc/thread-self/status", "shstk")
    }

    #[inline(always)]
    pub(super) fn refill() {
        // SAFETY: 32 calls, as many as the processor has room for, each to right behind itself; what they push is taken back at
        // once, so that stack and registers are as before. No return comes to the traps, but one that is predicted wrongly may.
        unsafe {
            asm!(".rept 32", "call 2f", "int3", "2:", ".endr", "add rsp, 256", options(nomem));
        }
    }

    #[cfg(test)]
    mod tests {
        use std::hint::black_box;

        use super::*;

        /// Returns through more frames than are filled in, each with values on the stack, above and below.
        #[inline(never)]
        fn sum_to(number: u64) -> u64 {
            let kept = [black_box(number); 4];
            let below = if number == 0 { 0 } else { sum_to(number - 1) };
            refill();
            let after = kept.iter().sum::<u64>() / 4;
            refill();
            below + after
        }

        #[test]
        fn leaves_the_stack_as_it_was() {
            for depth in [0, 1, 31, 32, 33, 200] {
                assert_eq!(sum_to(depth), depth * (depth + 1) / 2);
            }
        }

        #[test]
        fn the_answer_is_what_the_kernel_says() {
            assert_eq!(is_wanted(), look());
            assert_eq!(is_wanted(), look());
        }
    }
}
