//! A child panics with a reference to the data.
use whit_scope::scope_with;

fn main() {
    let _ = scope_with(String::new(), async |s| {
        drop(s.spawn::<()>(async move { std::panic::panic_any(s.data().as_str()) }));
        Ok::<(), ()>(())
    });
}
