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
    step("licences and sources of what is used", &mut deny)?;
    step("each crate alone", &mut each)?;
    step("docs", &mut || {
        cargo(&["doc", "--workspace", "--no-deps", "--all-features"], &[("RUSTDOCFLAGS", "-D warnings")])
    })?;
    step("loom models", &mut loom)?;
    step("tests, as in the README", &mut || cargo(&["test"], &[]))?;
    step("tests of what comes by feature", &mut || {
        cargo(&["test", "-p", "whit-process", "--features", "pool"], &[])?;
        let whit =
            ["test", "-p", "whit", "--features", "process-pool,blocked-stack,tracing,sim", "--example", "process_pool"];
        let tests = ["blocked_stack", "blocked_tracing", "ctrl_c", "macros"];
        let args: Vec<_> = whit.into_iter().chain(tests.iter().flat_map(|test| ["--test", *test])).collect();
        cargo(&args, &[])
    })?;
    step("instruction counts", &mut || program("whit-guard", None, &[]))?;
    if root().join("crates/whit/examples/tour.rs").exists() {
        step("the tour", &mut || cargo(&["run", "--release", "--example", "tour"], &[]))?;
    }

    println!();
    for (name, took) in &done {
        println!("{:>8.1} s  {name}", took.as_secs_f64());
    }
    Ok(())
}

/// `cargo deny`, if it is there or can be installed; the rest runs without it.
pub(crate) fn deny() -> Result {
    let own = root().join("target/tools");
    let has = |program: &Path| Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success());
    let installed = own.join("bin/cargo-deny");
    let program = if has(Path::new("cargo-deny")) { Path::new("cargo-deny") } else { &installed };
    if !has(program) {
        let install = ["install", "cargo-deny", "--locked", "--debug", "--root", &own.to_string_lossy()];
        if let Err(error) = cargo(&install, &[("CARGO_PROFILE_DEV_DEBUG", "0")]) {
            println!("skipped, as cargo-deny is not to be had: {error}");
            return Ok(());
        }
    }
    run(Command::new(program).args(["check", "bans", "licenses", "sources"]))
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
            // A task's word is loom's in its own models only: the others would take days.
            let flags = if model.starts_with("loom_task") { "--cfg loom --cfg loom_task" } else { "--cfg loom" };
            let environment = [("RUSTFLAGS", flags), ("CARGO_TARGET_DIR", &*target.to_string_lossy())];
            cargo(&["test", "--release", "-p", &name, "--test", &model], &environment)?;
        }
    }
    Ok(())
}

/// Builds a program of the workspace for release, and runs it.
pub(crate) fn program(package: &str, bin: Option<&str>, arguments: &[String]) -> Result {
    let mut args = vec!["run", "--release", "--quiet", "-p", package];
    args.extend(bin.into_iter().flat_map(|bin| ["--bin", bin]));
    args.push("--");
    args.extend(arguments.iter().map(String::as_str));
    cargo(&args, &[])
}

/// Runs cargo in the workspace, with its output where ours goes.
pub(crate) fn cargo(args: &[&str], environment: &[(&str, &str)]) -> Result {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    run(Command::new(cargo).args(args).envs(environment.iter().copied()))
}

/// Runs a command in the workspace, with its output where ours goes.
pub(crate) fn run(command: &mut Command) -> Result {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_owned();
    let words: Vec<_> =
        std::iter::once(&*program).chain(command.get_args()).map(|word| word.to_string_lossy()).collect();
    let line = words.join(" ");
    println!("$ {line}");
    let status =
        command.current_dir(root()).status().map_err(|error| format!("`{line}` could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` ended with {status}")) }
}

/// The names of the crates, in order.
pub(crate) fn crates() -> Result<Vec<String>> {
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
