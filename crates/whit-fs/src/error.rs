//! Errors as sentences: what was asked, what went wrong, what to do. The kind and the system's own error are kept.

use std::error::Error;
use std::fmt;
use std::io;

/// Puts a sentence around an error: "`asked` failed: `error`; `advice`".
pub(crate) fn explain(error: io::Error, asked: impl fmt::Display) -> io::Error {
    let text = format!("{asked} failed: {error}{}", advice(&error));
    io::Error::new(error.kind(), Sentence { text, source: error })
}

/// What the caller can do, for the errors where that is known and not plain.
fn advice(error: &io::Error) -> &'static str {
    // EMFILE and ENFILE have the same numbers everywhere on Unix.
    if cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24)) {
        return "; no descriptor is left: close some files, or raise the limit (`ulimit -n`)";
    }
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; make room there",
        io::ErrorKind::DirectoryNotEmpty => "; empty it first, or use `remove_dir_all`",
        io::ErrorKind::CrossesDevices => "; copy it, and remove the original",
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn running_out_of_descriptors_is_said_and_its_source_kept() {
        let error = explain(io::Error::from_raw_os_error(24), "opening x");
        assert!(error.to_string().starts_with("opening x failed: "), "{error}");
        assert!(error.to_string().ends_with("(`ulimit -n`)"), "{error}");
        let source = error.get_ref().unwrap().source().unwrap().downcast_ref::<io::Error>().unwrap();
        assert_eq!(source.raw_os_error(), Some(24));
    }
}
