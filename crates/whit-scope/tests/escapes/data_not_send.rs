//! Data that must not be dropped on another thread: the last child may have to.
use std::sync::MutexGuard;
use whit_scope::scope_with;

fn lend(data: MutexGuard<'static, u8>) {
    let _ = scope_with(data, async |_| Ok::<(), ()>(()));
}

fn main() {
    let _ = lend;
}
