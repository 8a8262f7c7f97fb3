//! The attributes of whit: an async `main`, and async tests.
//!
//! # Should I use this crate?
//!
//! Not by itself: the facade has them as `whit::main` and `whit::test`.
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

use proc_macro::TokenStream;

use options::Options;

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
    expand("", Options::of_main(), options, item)
}

/// Runs an async function as a test, with `whit::run` and one worker, the thread of the test.
///
/// - `#[whit::test(workers = 2)]`: so many workers.
/// - `#[whit::test(local)]`: with `whit::run_local`.
///
/// Other attributes, such as `#[should_panic]` and `#[ignore]`, work as for any test.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand("#[::core::prelude::v1::test]", Options::of_test(), options, item)
}

fn expand(attribute: &str, defaults: Options, options: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = options::parse(options, defaults)
        .and_then(|options| function::wrap(item.clone(), &options.runner()))
        .map(|function| attribute.parse::<TokenStream>().ok().into_iter().chain([function]).collect());
    // With the function as it was, errors elsewhere in the file stay what they are.
    expanded.unwrap_or_else(|error: function::Error| [error.to_tokens(), item].into_iter().collect())
}
