//! The body stores a reference into the data in what it was given.
use std::sync::{Arc, Mutex};
use whit_scope::scope_with;

fn main() {
    let kept = Arc::new(Mutex::new(None));
    let _ = scope_with(String::new(), {
        let kept = kept.clone();
        async move |s| {
            *kept.lock().unwrap() = Some(s.data());
            Ok::<(), ()>(())
        }
    });
    drop(kept);
}
