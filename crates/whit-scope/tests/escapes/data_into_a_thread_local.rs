//! A child stores a reference to the data in its thread.
use std::cell::Cell;
use whit_scope::scope_with;

thread_local! {
    static KEPT: Cell<Option<&'static str>> = const { Cell::new(None) };
}

fn main() {
    let _ = scope_with(String::new(), async |s| {
        drop(s.spawn(async move {
            KEPT.set(Some(s.data()));
            Ok(())
        }));
        Ok::<(), ()>(())
    });
}
