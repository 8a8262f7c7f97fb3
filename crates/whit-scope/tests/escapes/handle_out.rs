//! The body gives away the handle, with which others could spawn later.
use whit_scope::scope_with;

fn main() {
    let _ = scope_with(String::new(), async |s| Ok::<_, ()>(s));
}
