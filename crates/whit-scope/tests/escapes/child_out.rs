//! The body gives away the handle on a child whose value borrows.
use whit_scope::scope_with;

fn main() {
    let _ = scope_with(String::new(), async |s| Ok::<_, ()>(s.spawn(async move { Ok(s.data()) })));
}
