//! The signals that can be caught.

use std::fmt;

use rustix::process::Signal as Raw;

macro_rules! signals {
    ($($(#[doc = $text:literal])+ $name:ident = $raw:ident $system:literal,)+) => {
        /// A signal that can be caught. `SIGKILL` and `SIGSTOP` cannot; `SIGSEGV`, `SIGILL` and `SIGFPE` cannot be waited for, as
        /// the program must not go on after them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Signal {
            $($(#[doc = $text])+ $name,)+
        }

        impl Signal {
            const ALL: &[Signal] = &[$(Signal::$name),+];

            fn raw(self) -> Raw {
                match self {
                    $(Signal::$name => Raw::$raw,)+
                }
            }
        }

        impl fmt::Display for Signal {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Signal::$name => $system,)+
                })
            }
        }
    };
}

signals! {
    /// The terminal was closed; to a daemon often: read the configuration again.
    Hup = HUP "SIGHUP",
    /// Ctrl-C.
    Int = INT "SIGINT",
    /// Ctrl-\.
    Quit = QUIT "SIGQUIT",
    /// A breakpoint.
    Trap = TRAP "SIGTRAP",
    /// Sent by `abort`.
    Abort = ABORT "SIGABRT",
    /// A bad memory access of the hardware.
    Bus = BUS "SIGBUS",
    /// For whatever you like.
    Usr1 = USR1 "SIGUSR1",
    /// For whatever you like.
    Usr2 = USR2 "SIGUSR2",
    /// A pipe without a reader was written to. Rust programs ignore it, and get an error from the write.
    Pipe = PIPE "SIGPIPE",
    /// The timer of `alarm`.
    Alarm = ALARM "SIGALRM",
    /// Please end.
    Term = TERM "SIGTERM",
    /// A child has ended or stopped. [`Child`](crate::Child) needs no help with it.
    Child = CHILD "SIGCHLD",
    /// Go on after a stop.
    Cont = CONT "SIGCONT",
    /// Ctrl-Z.
    Tstp = TSTP "SIGTSTP",
    /// Reading from the terminal in the background.
    Ttin = TTIN "SIGTTIN",
    /// Writing to the terminal in the background.
    Ttou = TTOU "SIGTTOU",
    /// Urgent data on a socket.
    Urg = URG "SIGURG",
    /// The limit of processor time is reached.
    Xcpu = XCPU "SIGXCPU",
    /// The limit of a file's size is reached.
    Xfsz = XFSZ "SIGXFSZ",
    /// A timer of processor time.
    Vtalrm = VTALARM "SIGVTALRM",
    /// A timer of a profiler.
    Prof = PROF "SIGPROF",
    /// The terminal has another size.
    Winch = WINCH "SIGWINCH",
    /// A descriptor is ready.
    Io = IO "SIGIO",
    /// A bad system call.
    Sys = SYS "SIGSYS",
}

impl Signal {
    /// The system's number.
    pub fn number(self) -> i32 {
        self.raw().as_raw()
    }

    /// The signal of a number, if it is one that can be caught.
    pub fn from_number(number: i32) -> Option<Signal> {
        Signal::ALL.iter().copied().find(|signal| signal.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_back() {
        for &signal in Signal::ALL {
            assert_eq!(Signal::from_number(signal.number()), Some(signal));
            assert!((1..64).contains(&signal.number()), "{signal} does not fit into the handler's bits");
            assert!(!signal_hook_registry::FORBIDDEN.contains(&signal.number()));
        }
        assert_eq!(Signal::from_number(Raw::KILL.as_raw()), None);
        assert_eq!(Signal::Term.to_string(), "SIGTERM");
    }
}
