//! A child of a child borrows from its parent.
use whit_scope::scope_with;

fn main() {
    let _ = scope_with(String::new(), async |s| {
        drop(s.spawn(async move {
            let local = String::new();
            let borrowed = &local;
            drop(s.spawn(async move { Ok(borrowed.len()) }));
            Ok(())
        }));
        Ok::<(), ()>(())
    });
}
