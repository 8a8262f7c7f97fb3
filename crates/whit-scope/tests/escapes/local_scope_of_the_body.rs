//! A child of a local scope borrows from the body, which may end before it.
use whit_scope::scope_local;

fn main() {
    let _ = scope_local(|s| async move {
        let local = 5;
        drop(s.spawn(async { local + 1 }));
    });
}
