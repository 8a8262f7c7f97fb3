//! Where panics go that nobody awaits.

use std::sync::OnceLock;

use whit_core::UnhandledPanic;

/// The hook, or stderr.
#[derive(Default)]
pub(crate) struct Unhandled(OnceLock<Box<Hook>>);

type Hook = dyn Fn(&UnhandledPanic) + Send + Sync;

impl Unhandled {
    /// The first hook stays.
    pub(crate) fn set(&self, hook: impl Fn(&UnhandledPanic) + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(hook));
    }

    pub(crate) fn report(&self, panic: &UnhandledPanic) {
        match self.0.get() {
            Some(hook) => hook(panic),
            None => eprintln!("{panic}"),
        }
    }
}
