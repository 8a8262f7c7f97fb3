//! A stack as plain data.

use std::fmt;
use std::path::PathBuf;

/// What a thread was doing, innermost call first. `Display` gives a line for each call.
#[derive(Clone, Debug)]
pub struct Stack {
    pub(crate) frames: Vec<Frame>,
    pub(crate) complete: bool,
}

/// One frame: a call, and the calls that the compiler put in its place.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Frame {
    /// Where it goes on.
    pub address: usize,
    /// The functions, innermost first: several if some were inlined, none if nothing is known of the address.
    pub symbols: Vec<Symbol>,
}

/// A function.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Symbol {
    /// Its name, as in the source.
    pub name: String,
    /// The file, if the program has debug information.
    pub file: Option<PathBuf>,
    /// The line.
    pub line: Option<u32>,
}

impl Stack {
    /// The frames, innermost first.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Whether the outermost frame is where the thread began. If not, the stack is deeper than what is copied of it, or passes
    /// through code that cannot be unwound.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Leaves out the first frame of which `outer` says so, and all outside it.
    #[must_use]
    pub fn until(mut self, mut outer: impl FnMut(&Frame) -> bool) -> Stack {
        if let Some(at) = self.frames.iter().position(&mut outer) {
            self.frames.truncate(at);
            self.complete = true;
        }
        self
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        let mut line = |f: &mut fmt::Formatter<'_>| {
            let lead = if std::mem::take(&mut first) { "" } else { "\n" };
            f.write_str(lead)
        };
        for frame in &self.frames {
            if frame.symbols.is_empty() {
                line(f)?;
                write!(f, "{:#x}", frame.address)?;
            }
            for symbol in &frame.symbols {
                line(f)?;
                write!(f, "{symbol}")?;
            }
        }
        if !self.complete {
            line(f)?;
            f.write_str("... and more, which could not be unwound")?;
        }
        Ok(())
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(file) = &self.file {
            write!(f, " at {}", file.display())?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
        }
        Ok(())
    }
}
