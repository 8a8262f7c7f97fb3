//! The attributes of whit: an async `main`, async tests, and tests inside a simulation.
//!
//! # Should I use this crate?
//!
//! Not by itself: the facade has them as `whit::main`, `whit::test` and `whit::sim`.
//!
//! # Example
//!
//! ```
//! #[whit::main]
//! async fn main() -> std::io::Result<()> {
//!     whit::sleep(std::time::Duration::from_millis(1)).await;
//!     Ok(())
//! }
//! ```
//!
//! # How it works
//!
//! The async function is kept as it is, inside a plain one of the same name and type that runs it. No parser is needed for
//! that, so this crate has no dependency.
//!
//! # Cancellation and panics
//!
//! As for `whit::run`: a panic of the function goes on once everything has been cleaned up.
//!
//! # Features
//!
//! None.
//!
//! # Limits
//!
//! The function has no arguments and no generics.

#![forbid(unsafe_code)]

mod function;
mod options;

use options::For;
use proc_macro::TokenStream;

/// Runs an async function as `main`, with `whit::run`.
///
/// - `#[whit::main]`: one worker for each core.
/// - `#[whit::main(workers = 2)]`: so many.
/// - `#[whit::main(local)]`: with `whit::run_local`: one thread, whose tasks need not be `Send`.
/// - `#[whit::main(ctrl_c = false)]`: Ctrl-C and `SIGTERM` do what they do by default, or what the program itself makes of them.
///
/// Without the last, **Ctrl-C ends the program cleanly**: the first, or a `SIGTERM`, cancels the function, which is dropped at its
/// next `await` if it does not end by itself, and all is cleaned up; then the program exits with 130. The second exits at once. See
/// `whit::Builder::ctrl_c`.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    expand("", For::Main, options, item)
}

/// Runs an async function as a test, with `whit::run` and one worker, the thread of the test.
///
/// - `#[whit::test(workers = 2)]`: so many workers.
/// - `#[whit::test(local)]`: with `whit::run_local`.
///
/// Other attributes, such as `#[should_panic]` and `#[ignore]`, work as for any test.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(TEST, For::Test, options, item)
}

/// Runs an async function as a test, inside a simulation: `whit::sim`'s `Campaign`.
///
/// - `#[whit::sim]`: one run, of seed 0.
/// - `#[whit::sim(seeds = 1000)]`: a run for each seed, until one fails; that is shrunk, and the commands that repeat it are printed.
/// - `#[whit::sim(hosts = 3)]`: with hosts `host-1`, `host-2` and `host-3`, which are up and idle.
///
/// `WHIT_SIM_SEED=42 cargo test NAME` runs one seed, `WHIT_SIM_SEEDS=5000` so many of them.
#[proc_macro_attribute]
pub fn sim(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(TEST, For::Simulation, options, item)
}

const TEST: &str = "#[::core::prelude::v1::test]";

fn expand(attribute: &str, whose: For, options: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = options::parse(options, whose)
        .and_then(|options| function::wrap(item.clone(), |name| options.call(whose, name)))
        .map(|function| attribute.parse::<TokenStream>().ok().into_iter().chain([function]).collect());
    // With the function as it was, errors elsewhere in the file stay what they are.
    expanded.unwrap_or_else(|error: function::Error| [error.to_tokens(), item].into_iter().collect())
}
