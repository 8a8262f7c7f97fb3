//! Programs that some rows need and not every machine has. One that is missing is a sentence, and the rest runs.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Python,
    Uvloop,
    Wrk,
    Perf,
}

impl Tool {
    /// Why it cannot be used; asked once.
    pub(crate) fn missing(self) -> Option<&'static str> {
        static ASKED: [OnceLock<Option<String>>; 4] = [const { OnceLock::new() }; 4];
        ASKED[self as usize].get_or_init(|| self.ask()).as_deref()
    }

    fn ask(self) -> Option<String> {
        let (program, arguments): (_, &[&str]) = match self {
            Tool::Python => (python(), &["-c", "import asyncio"]),
            Tool::Uvloop => (python(), &["-c", "import uvloop"]),
            Tool::Wrk => ("wrk".to_owned(), &["--version"]),
            Tool::Perf => ("perf".to_owned(), &["stat", "-e", "raw_syscalls:sys_enter", "--", "true"]),
        };
        let run = Command::new(&program).args(arguments).stdin(Stdio::null()).output();
        let cannot = match run {
            Err(error) => Some(format!("`{program}` could not be started ({error})")),
            // wrk prints its version and ends with 1.
            Ok(output) if !output.status.success() && self != Tool::Wrk => {
                let errors = String::from_utf8_lossy(&output.stderr);
                let last = errors.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("without a word").trim();
                Some(format!("`{program} {}` failed ({last})", arguments.join(" ")))
            }
            Ok(_) => None,
        }?;
        let (left_out, advice) = match self {
            Tool::Python => ("asyncio and uvloop are", "install python3, or name it in PYTHON"),
            Tool::Uvloop => ("uvloop is", "install it with `pip install uvloop`"),
            Tool::Wrk => ("the HTTP rows are", "install wrk"),
            Tool::Perf => ("the rows of system calls are", "install perf, and run as one who may trace system calls"),
        };
        Some(format!("{left_out} left out: {cannot}; {advice}"))
    }
}

/// Which Python: `PYTHON`, or `python3`.
pub(crate) fn python() -> String {
    std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned())
}
