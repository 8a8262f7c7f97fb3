//! A handle that takes children that live shorter.
use whit_scope::Lent;

fn shorten<'long: 'short, 'short>(s: Lent<'long, String, ()>) -> Lent<'short, String, ()> {
    s
}

fn main() {
    let _ = shorten;
}
