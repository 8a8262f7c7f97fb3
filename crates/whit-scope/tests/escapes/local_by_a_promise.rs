//! A future whose type says that what is around lives long enough; the compiler believes it of a closure's output.
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use whit_scope::{Lent, scope_with};

struct Promise<'s, 'around: 's>(PhantomData<&'s &'around ()>);

impl Future for Promise<'_, '_> {
    type Output = Result<(), ()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(()))
    }
}

fn promised<'around, F>(_: &'around str, body: F) -> F
where
    F: for<'s> FnOnce(Lent<'s, (), ()>) -> Promise<'s, 'around>,
{
    body
}

fn around(borrowed: &str) {
    let body = promised(borrowed, move |s| {
        drop(s.spawn(async move { Ok(borrowed.len()) }));
        Promise(PhantomData)
    });
    let _ = scope_with((), body);
}

fn main() {
    around("");
}
