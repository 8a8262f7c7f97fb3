//! The way in for people and CI alike: `cargo xtask <bench|ci|cross|deny|each|growth|guard|loom|sanitize|syscalls|tidy>`.

mod ci;
mod cross;
mod floors;
mod readme;
mod sanitize;
mod syscalls;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    let result = match command.as_str() {
        "bench" => ci::program("whit-benches", None, &more()),
        "ci" => ci::ci(),
        "cross" => cross::check(),
        "deny" => ci::deny(),
        "each" => ci::each(),
        "growth" => ci::program("whit-guard", Some("growth"), &more()),
        "guard" => ci::program("whit-guard", None, &more()),
        "loom" => ci::loom(),
        "sanitize" => sanitize::sanitize(std::env::args().nth(2).as_deref()),
        "syscalls" => syscalls::count(),
        "tidy" => tidy::check(),
        other => Err(format!(
            "`cargo xtask {other}` is not a command; there are: bench, ci, cross, deny, each, growth, guard, loom, sanitize, syscalls, tidy"
        )),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What stands behind the command.
fn more() -> Vec<String> {
    std::env::args().skip(2).collect()
}
