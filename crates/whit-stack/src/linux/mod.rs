//! Linux: the signal, the copy, the unwinding, and the names.

mod memory;
mod modules;
mod registers;
mod signal;
mod unwind;

use crate::stack::Step;
use crate::{Stack, StackError, Symbol};

pub(crate) const SUPPORTED: bool = true;

pub(crate) fn thread_id() -> Option<u32> {
    // SAFETY: asks the kernel for a number.
    u32::try_from(unsafe { libc::gettid() }).ok()
}

pub(crate) fn of_thread(id: u32) -> Result<Stack, StackError> {
    let copy = signal::copy_of(id)?;
    let (steps, complete) = unwind::unwind(&copy);
    Ok(Stack::new(steps, complete))
}

pub(crate) fn symbols(step: &Step) -> Vec<Symbol> {
    // `resolve` takes every address for one that a call returns to, and looks one byte before it.
    let address = (step.address as usize).saturating_add(usize::from(step.interrupted));
    let mut symbols = Vec::new();
    backtrace::resolve(std::ptr::without_provenance_mut(address), |symbol| {
        let Some(name) = symbol.name() else { return };
        symbols.push(Symbol {
            // Without the hash.
            name: format!("{name:#}"),
            file: symbol.filename().map(Into::into),
            line: symbol.lineno(),
        });
    });
    symbols
}
