//! Errors as sentences: what was asked, what went wrong, what to do. The kind and the system's own error are kept.

use std::error::Error;
use std::fmt;
use std::io;

/// Puts a sentence around an error: "`asked` failed: `error`; `advice`".
pub(crate) fn explain(error: io::Error, asked: impl fmt::Display) -> io::Error {
    let text = format!("{asked} failed: {error}{}", advice(&error));
    io::Error::new(error.kind(), Sentence { text, source: error })
}

/// What the caller can do, for the errors where that is known.
fn advice(error: &io::Error) -> &'static str {
    #[cfg(unix)]
    if [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE]
        .map(|n| Some(n.raw_os_error()))
        .contains(&error.raw_os_error())
    {
        return "; no descriptor is left: close some, or raise the limit (`ulimit -n`)";
    }
    match error.kind() {
        io::ErrorKind::NotFound => {
            "; there is no such program, or no such working directory: check the name, and whether `PATH` has it"
        }
        io::ErrorKind::PermissionDenied => "; check that the file may be executed",
        io::ErrorKind::WouldBlock => {
            "; too many processes are running: wait for some, or raise the limit (`ulimit -u`)"
        }
        _ => "",
    }
}

struct Sentence {
    text: String,
    source: io::Error,
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sentence").field("text", &self.text).field("source", &self.source).finish()
    }
}

impl Error for Sentence {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
