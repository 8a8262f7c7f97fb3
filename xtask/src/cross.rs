//! Compiles everything for the systems that CI does not run on.

use std::process::Command;

use crate::ci::{Result, cargo};

const TARGETS: [&str; 3] = ["x86_64-pc-windows-gnu", "x86_64-apple-darwin", "x86_64-unknown-freebsd"];

/// Checks the libraries and programs of the workspace for each target. Needs its standard library and no linker.
pub(crate) fn check() -> Result {
    let installed = Command::new("rustup").args(["target", "list", "--installed"]).output();
    let installed = installed
        .map_err(|error| format!("asking rustup which targets are installed failed: {error}; install rustup"))?;
    let installed = String::from_utf8_lossy(&installed.stdout);
    let missing: Vec<_> = TARGETS.into_iter().filter(|target| !installed.lines().any(|line| line == *target)).collect();
    if !missing.is_empty() {
        let missing = missing.join(" ");
        return Err(format!("targets are missing; install them with `rustup target add {missing}`, and try again"));
    }
    for target in TARGETS {
        cargo(&["check", "--quiet", "--target", target], &[])?;
    }
    println!("compiles for {}", TARGETS.join(", "));
    Ok(())
}
