//! A handle that gives the data for longer.
use whit_scope::Lent;

fn lengthen<'long: 'short, 'short>(s: Lent<'short, String, ()>) -> Lent<'long, String, ()> {
    s
}

fn main() {
    let _ = lengthen;
}
