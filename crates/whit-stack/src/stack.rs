//! A stack as plain data.

use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::sys;

/// What a thread was doing, innermost call first. `Display` gives a line for each call.
///
/// It holds addresses; names are looked up when they are asked for first, on the thread that asks.
#[derive(Clone, Debug)]
pub struct Stack {
    steps: Vec<Step>,
    complete: bool,
    frames: OnceLock<Vec<Frame>>,
}

/// One frame, without its names.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) address: u64,
    /// It was interrupted there, by a signal; else it is where a call returns to.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "steps are taken on Linux only"))]
    pub(crate) interrupted: bool,
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
    #[cfg_attr(any(loom, not(target_os = "linux")), allow(dead_code, reason = "there are no stacks"))]
    pub(crate) fn new(steps: Vec<Step>, complete: bool) -> Stack {
        Stack { steps, complete, frames: OnceLock::new() }
    }

    /// The frames, innermost first, with their names.
    ///
    /// Slow at the first stack of a process, which reads the debug information: some 10 ms, or seconds in a build that is not
    /// optimized.
    pub fn frames(&self) -> &[Frame] {
        let frame = |step: &Step| Frame { address: step.address as usize, symbols: sys::symbols(step) };
        self.frames.get_or_init(|| self.steps.iter().map(frame).collect())
    }

    /// Whether the outermost frame is where the thread began. If not, the stack is deeper than what is copied of it, or passes
    /// through code that cannot be unwound.
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, frame) in self.frames().iter().enumerate() {
            f.write_str(if number > 0 { "\n" } else { "" })?;
            write!(f, "{frame}")?;
        }
        f.write_str(if self.complete { "" } else { "\n... and more, which could not be unwound" })
    }
}

impl fmt::Display for Frame {
    /// A line for each function.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.symbols.is_empty() {
            write!(f, "{:#x}", self.address)?;
        }
        for (number, symbol) in self.symbols.iter().enumerate() {
            f.write_str(if number > 0 { "\n" } else { "" })?;
            write!(f, "{symbol}")?;
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
