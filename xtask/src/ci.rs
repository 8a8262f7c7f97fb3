//! What CI does, in order, each step with its duration and a table at the end.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::tidy;

pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// Every step, until one fails.
pub(crate) fn ci() -> Result {
    let mut done: Vec<(&str, Duration)> = Vec::new();
    let mut step = |name: &'static str, run: &mut dyn FnMut() -> Result| -> Result {
        println!("\n== {name} ==");
        let started = Instant::now();
        run().map_err(|error| format!("the step `{name}` failed: {error}"))?;
        done.push((name, started.elapsed()));
        Ok(())
    };
    step("tidy", &mut tidy::check)?;
    step("format", &mut || cargo(&["fmt", "--all", "--check"], &[]))?;
    step("clippy", &mut || {
        cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"], &[])
    })?;
    step("each crate alone", &mut each)?;
    step("docs", &mut || {
        cargo(&["doc", "--workspace", "--no-deps", "--all-features"], &[("RUSTDOCFLAGS", "-D warnings")])
    })?;
    step("loom models", &mut loom)?;
    step("tests, as in the README", &mut || cargo(&["test"], &[]))?;
    if root().join("crates/whit/examples/tour.rs").exists() {
        step("the tour", &mut || cargo(&["run", "--release", "--example", "tour"], &[]))?;
    }

    println!();
    for (name, took) in &done {
        println!("{:>8.1} s  {name}", took.as_secs_f64());
    }
    Ok(())
}

/// Builds each crate by itself, with default features, with none, and with all: a feature that only works because a
/// neighbour turned something on shows here.
pub(crate) fn each() -> Result {
    for name in crates()? {
        for features in [&[][..], &["--no-default-features"], &["--all-features"]] {
            let args: Vec<_> = ["check", "--quiet", "-p", &name].iter().chain(features).copied().collect();
            cargo(&args, &[])?;
        }
    }
    Ok(())
}

/// Runs every loom model: `tests/loom_*.rs` of every crate, in a target folder of its own.
pub(crate) fn loom() -> Result {
    for name in crates()? {
        let Ok(tests) = std::fs::read_dir(root().join("crates").join(&name).join("tests")) else { continue };
        let models = tests.filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned));
        let mut models: Vec<_> = models.filter(|stem| stem.starts_with("loom_")).collect();
        models.sort();
        for model in models {
            let target = root().join("target/loom");
            let environment = [("RUSTFLAGS", "--cfg loom"), ("CARGO_TARGET_DIR", &*target.to_string_lossy())];
            cargo(&["test", "--release", "-p", &name, "--test", &model], &environment)?;
        }
    }
    Ok(())
}

/// Runs cargo in the workspace, with its output where ours goes.
pub(crate) fn cargo(args: &[&str], environment: &[(&str, &str)]) -> Result {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    println!("$ cargo {}", args.join(" "));
    let status = Command::new(cargo)
        .args(args)
        .envs(environment.iter().copied())
        .current_dir(root())
        .status()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`cargo {}` ended with {status}", args.join(" "))) }
}

fn crates() -> Result<Vec<String>> {
    let folder = root().join("crates");
    let entries =
        std::fs::read_dir(&folder).map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    let mut names: Vec<_> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the workspace").to_owned()
}
