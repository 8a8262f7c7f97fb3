//! A child of an inner scope, which owns the inner data alone, borrows from the outer data.
use whit_scope::{Lent, scope_with};

async fn outer(s: Lent<'_, String, ()>) -> Result<(), ()> {
    let outer = s.data();
    let inner = scope_with(1, async move |t| {
        drop(t.spawn(async move { Ok(outer.len()) }));
        Ok::<(), ()>(())
    });
    inner.await.1.map_err(|_| ())
}

fn main() {
    let _ = scope_with(String::new(), outer);
}
