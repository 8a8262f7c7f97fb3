//! The data itself borrows from around.
use whit_scope::scope_with;

fn main() {
    let local = String::new();
    let _ = scope_with(&local, async |_| Ok::<(), ()>(()));
}
