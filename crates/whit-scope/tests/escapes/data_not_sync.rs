//! Data that threads must not share.
use std::cell::Cell;
use whit_scope::scope_with;

fn main() {
    let _ = scope_with(Cell::new(1), async |_| Ok::<(), ()>(()));
}
