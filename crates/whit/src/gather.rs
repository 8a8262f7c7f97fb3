//! `gather!` and `try_gather!`: several futures at once, results in the order of the arguments.
//!
//! The work is done by [`whit_scope::join`] and [`whit_scope::try_join`]: children are polled inside the parent's task, each
//! when it was woken itself.

/// Runs several futures at once and waits for all: asyncio's `gather`. The results come in the order of the arguments.
///
/// Takes 1 to 12 futures of any types, or anything that iterates over futures of one type after `in`.
///
/// Dropping the returned future drops all of its children. A panic in one goes through at once.
///
/// ```
/// # whit::block_on(async {
/// let (a, b) = whit::gather!(async { 1 }, async { "two" }).await;
/// assert_eq!((a, b), (1, "two"));
///
/// let squares: Vec<u32> = whit::gather!(in (0..4).map(|n| async move { n * n })).await;
/// assert_eq!(squares, [0, 1, 4, 9]);
/// # });
/// ```
#[macro_export]
macro_rules! gather {
    (in $futures:expr) => {
        $crate::scope::join(::std::iter::Iterator::collect::<::std::vec::Vec<_>>(
            ::std::iter::IntoIterator::into_iter($futures),
        ))
    };
    ($($future:expr),+ $(,)?) => {
        $crate::scope::join(($($future,)+))
    };
}

/// Runs several futures of `Result`s at once; the first error drops the others, waits until their tasks are gone, and is
/// returned.
///
/// ```
/// # whit::block_on(async {
/// let ok: Result<(i32, i32), String> = whit::try_gather!(async { Ok(1) }, async { Ok(2) }).await;
/// assert_eq!(ok, Ok((1, 2)));
/// let err: Result<(i32, i32), &str> = whit::try_gather!(async { Err("no") }, std::future::pending()).await;
/// assert_eq!(err, Err("no"));
/// # });
/// ```
#[macro_export]
macro_rules! try_gather {
    (in $futures:expr) => {
        $crate::scope::try_join(::std::iter::Iterator::collect::<::std::vec::Vec<_>>(
            ::std::iter::IntoIterator::into_iter($futures),
        ))
    };
    ($($future:expr),+ $(,)?) => {
        $crate::scope::try_join(($($future,)+))
    };
}
