//! A child of the outer scope borrows from the data of the inner one.
use whit_scope::Lent;

fn cross<'outer, 'inner>(s: Lent<'outer, String, ()>, t: Lent<'inner, String, ()>) {
    drop(s.spawn(async move { Ok(t.data().len()) }));
}

fn main() {
    let _ = cross;
}
