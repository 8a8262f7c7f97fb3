//! Rows of locks, permits and notifications.

use super::{Row, SYNC, contenders, row};
use crate::rows::executor::Place;
use crate::rows::{channels, fan, locks};
use crate::runtimes::{Smol, Tokio, Whit};

pub(super) fn rows() -> Vec<Row> {
    use locks::{mutex, rwlock, semaphore};
    type T = Tokio<true>;
    vec![
        row!(
            SYNC,
            "mutex",
            "free",
            contenders![
                "whit" => mutex::whit_free,
                "tokio" => mutex::tokio_free,
                "smol" => mutex::smol_free,
                "futures" => mutex::futures_free,
                "std" => mutex::std_free,
            ],
            "tokio" >= 2.0,
            "smol" >= 2.0
        ),
        row!(
            SYNC,
            "mutex-many",
            "100 tasks on 2 workers",
            contenders![
                "whit" => mutex::whit_many::<Whit>,
                "tokio" => mutex::tokio_many::<T>,
                "smol" => mutex::smol_many::<Smol>,
                "futures" => mutex::futures_many::<Smol>,
                "std" => mutex::std_many::<Smol>,
            ],
            "tokio" >= 1.3
        ),
        row!(
            SYNC,
            "mutex-held",
            "the same, held over a yield",
            contenders![
                "whit" => mutex::whit_held::<Whit>,
                "tokio" => mutex::tokio_held::<T>,
                "smol" => mutex::smol_held::<Smol>,
                "futures" => mutex::futures_held::<Smol>,
            ],
            "tokio" >= 1.3
        ),
        row!(
            SYNC,
            "semaphore",
            "free",
            contenders![
                "whit" => semaphore::whit_free,
                "tokio" => semaphore::tokio_free,
                "smol" => semaphore::smol_free,
            ],
            "tokio" >= 2.0,
            "smol" >= 2.0
        ),
        row!(
            SYNC,
            "semaphore-many",
            "3 permits, 100 tasks on 2 workers",
            contenders![
                "whit" => semaphore::whit_many::<Whit>,
                "tokio" => semaphore::tokio_many::<T>,
                "smol" => semaphore::smol_many::<Smol>,
            ],
            "tokio" >= 1.3
        ),
        row!(
            SYNC,
            "semaphore-held",
            "the same, held over a yield",
            contenders![
                "whit" => semaphore::whit_held::<Whit>,
                "tokio" => semaphore::tokio_held::<T>,
                "smol" => semaphore::smol_held::<Smol>,
            ],
            "tokio" >= 1.3
        ),
        row!(
            SYNC,
            "rwlock",
            "read, free",
            contenders![
                "whit" => rwlock::whit_read,
                "tokio" => rwlock::tokio_read,
                "smol" => rwlock::smol_read,
            ],
            "tokio" >= 2.0,
            "smol" >= 2.0
        ),
        row!(
            SYNC,
            "rwlock-many",
            "write, 100 tasks on 2 workers",
            contenders![
                "whit" => rwlock::whit_many::<Whit>,
                "tokio" => rwlock::tokio_many::<T>,
                "smol" => rwlock::smol_many::<Smol>,
            ],
            "tokio" >= 1.3
        ),
        row!(
            SYNC,
            "rwlock-held",
            "the same, held over a yield",
            contenders![
                "whit" => rwlock::whit_held::<Whit>,
                "tokio" => rwlock::tokio_held::<T>,
                "smol" => rwlock::smol_held::<Smol>,
            ],
            "tokio" >= 1.3
        ),
        row!(
            SYNC,
            "oneshot",
            "make, send, receive",
            contenders![
                "whit" => channels::whit_oneshot,
                "tokio" => channels::tokio_oneshot,
                "futures" => channels::futures_oneshot,
            ],
            "tokio" >= 1.0
        ),
        row!(
            SYNC,
            "notify",
            "notify, and await it",
            contenders![
                "whit" => fan::notify::<whit::sync::Notify>,
                "tokio" => fan::notify::<tokio::sync::Notify>,
                "event-listener" => fan::notify::<fan::Listened>,
                "atomic-waker" => fan::notify::<Place>,
            ],
            "atomic-waker" >= 1.0
        ),
        row!(
            SYNC,
            "notify-many",
            "100 pairs that notify each other, on 2 workers",
            contenders![
                "whit" => fan::notify_many::<Whit, whit::sync::Notify>,
                "tokio" => fan::notify_many::<T, tokio::sync::Notify>,
                "event-listener" => fan::notify_many::<Smol, fan::Listened>,
                "atomic-waker" => fan::notify_many::<Smol, Place>,
            ]
        ),
        row!(
            SYNC,
            "watch",
            "send, await the change, read",
            contenders!["whit" => fan::whit_watch, "tokio" => fan::tokio_watch],
            "tokio" >= 1.0
        ),
    ]
}
