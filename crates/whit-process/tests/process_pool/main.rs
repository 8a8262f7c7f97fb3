//! The pool of processes. Without the test harness, as `init` must come first in `main`.

#[cfg(target_os = "linux")]
mod linux;

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
}
