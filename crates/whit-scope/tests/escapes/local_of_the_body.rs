//! A child borrows from the body, which may end before it.
use whit_scope::scope_with;

fn main() {
    let _ = scope_with(String::new(), async |s| {
        let local = String::new();
        let borrowed = &local;
        drop(s.spawn(async move { Ok(borrowed.len()) }));
        Ok::<(), ()>(())
    });
}
