//! A body that works for one lifetime only.
use whit_scope::{Lent, scope_with};

async fn body(s: Lent<'static, String, ()>) -> Result<&'static str, ()> {
    Ok(s.data())
}

fn main() {
    let _ = scope_with(String::new(), body);
}
