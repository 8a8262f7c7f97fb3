//! The data goes to a child of the group that does not own it.
use whit_scope::scope_with;

fn main() {
    let _ = scope_with(String::new(), async |s| {
        drop(s.group().spawn(async move { Ok(s.data().len()) }));
        Ok::<(), ()>(())
    });
}
