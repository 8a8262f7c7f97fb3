//! The body gives away a reference into the data.
use whit_scope::scope_with;

fn main() {
    let _ = scope_with(String::new(), async |s| Ok::<&str, ()>(s.data().as_str()));
}
