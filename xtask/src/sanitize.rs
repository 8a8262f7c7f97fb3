//! Runs the tests under AddressSanitizer, or under ThreadSanitizer with an instrumented standard library.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ci::{Result, crates, run};

/// The crates whose tests are about memory or threads; the others forbid unsafe code and start no thread of their own.
const TESTED: [&str; 10] = [
    "whit-core",
    "whit-executor",
    "whit-reactor",
    "whit-timers",
    "whit-sync",
    "whit-blocking",
    "whit-net",
    "whit-process",
    "whit-scope",
    "whit",
];

/// Memory of tasks that is used again hides a use after its end.
const PLAIN: &str = "--cfg whit_plain_memory";

/// `address`, `thread`, or both if nothing is said.
pub(crate) fn sanitize(which: Option<&str>) -> Result {
    debug_assert!(crates()?.len() >= TESTED.len());
    match which {
        None => address().and_then(|()| thread()),
        Some("address") => address(),
        Some("thread") => thread(),
        Some(other) => Err(format!("`cargo xtask sanitize {other}` is not a sanitizer; there are: address, thread")),
    }
}

/// AddressSanitizer and LeakSanitizer, with the nightly compiler's own runtime.
fn address() -> Result {
    let installed = output(Command::new("rustup").args(["toolchain", "list"]))?;
    if !installed.lines().any(|line| line.starts_with("nightly")) {
        return Err(
            "AddressSanitizer needs a nightly compiler; install one with `rustup toolchain install nightly`".into()
        );
    }
    let mut test = Command::new("rustup");
    test.args(["run", "nightly", "cargo"])
        .env("RUSTFLAGS", format!("-Zsanitizer=address {PLAIN}"))
        .env_remove("RUSTUP_TOOLCHAIN");
    tests(test, "address", &[])
}

/// ThreadSanitizer sees only what was compiled with it, so the standard library is compiled along: that takes a compiler
/// whose library source and sanitizer runtime lie beside it, such as Debian's `rustc-web` with `rust-web-src`.
fn thread() -> Result {
    let rustc = std::env::var("WHIT_TSAN_RUSTC").unwrap_or_else(|_| "/usr/bin/rustc".into());
    let sysroot = output(Command::new(&rustc).args(["--print", "sysroot"]))
        .map_err(|error| format!("{error}; install Debian's rustc-web, or name a compiler in WHIT_TSAN_RUSTC"))?;
    let sysroot = Path::new(sysroot.trim());
    if !sysroot.join("lib/rustlib/src/rust/library/std").exists() {
        return Err(format!(
            "{rustc} has no library source to build; install Debian's rust-web-src, or rustup's rust-src"
        ));
    }
    let runtimes = sysroot.join("lib/rustlib").join(host()).join("lib");
    let has = std::fs::read_dir(&runtimes).into_iter().flatten().filter_map(|entry| entry.ok());
    if !has.into_iter().any(|entry| entry.file_name().to_string_lossy().ends_with("rt.tsan.a")) {
        return Err(format!(
            "{rustc} has no runtime of ThreadSanitizer; copy librustc-nightly_rt.tsan.a of a rustup nightly with the same LLVM to {} as librustc-stable_rt.tsan.a",
            runtimes.display()
        ));
    }
    let rustdoc = PathBuf::from(&rustc).with_file_name("rustdoc");
    let mut test = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    test.envs([("RUSTC", &*rustc), ("RUSTDOC", &rustdoc.to_string_lossy()), ("RUSTC_BOOTSTRAP", "1")])
        .env("RUSTFLAGS", format!("-Zsanitizer=thread --cfg whit_tsan {PLAIN}"));
    tests(test, "thread", &["-Zbuild-std"])
}

/// Left out: what takes memory away from the process or counts its allocations, which are the sanitizer's too, what measures
/// time by the second, and what only compiles.
const WITHOUT: [&str; 4] = ["no_thread", "allocations", "chapters", "escapes"];

/// What some of the tests need.
const FEATURES: &str = "whit-process/pool";

/// Tests of every crate, with `cargo` and in a target folder of its own.
fn tests(mut cargo: Command, name: &str, more: &[&str]) -> Result {
    cargo.args(["test", "--no-fail-fast", "--lib", "--features", FEATURES, "--target", &host()]).args(more);
    for tested in TESTED {
        cargo.args(["-p", tested]);
        for test in test_files(tested) {
            if !test.starts_with("loom_") && !WITHOUT.contains(&&*test) {
                cargo.args(["--test", &test]);
            }
        }
    }
    // A backtrace of such a program takes seconds, and some tests panic on purpose and look at the clock.
    cargo.env("RUST_BACKTRACE", "0");
    cargo.env("CARGO_TARGET_DIR", crate::ci::root().join("target").join(format!("sanitize-{name}")));
    run(&mut cargo)
}

/// The names of the files among the tests, and of the folders that are one test each.
fn test_files(of: &str) -> Vec<String> {
    let folder = crate::ci::root().join("crates").join(of).join("tests");
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok());
    let mut names: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").exists())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

fn host() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("`{program}` could not be started: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
