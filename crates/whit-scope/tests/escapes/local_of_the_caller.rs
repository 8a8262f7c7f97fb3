//! A child borrows from around the scope, which may be forgotten.
use whit_scope::scope_with;

fn main() {
    let local = String::new();
    let borrowed = &local;
    let _ = scope_with(String::new(), async move |s| {
        drop(s.spawn(async move { Ok(borrowed.len()) }));
        Ok::<(), ()>(())
    });
}
