//! Locks and permits: free, and with a hundred tasks that want them.

use std::sync::Arc;

use futures_lite::future::block_on;

use crate::meter::Meter;
use crate::runtimes::Runtime;

/// One task alone: `$make` once, and `$take` a thousand times in a batch.
macro_rules! free {
    ($name:ident, $make:expr, |$lock:ident| $take:expr) => {
        pub(crate) fn $name(meter: Meter) -> f64 {
            let $lock = $make;
            meter.time(1000, || {
                block_on(async {
                    for _ in 0..1000 {
                        drop($take);
                    }
                })
            })
        }
    };
}

/// A hundred tasks, a hundred times each; with `$during` while it is held.
macro_rules! contended {
    ($name:ident, $make:expr, |$lock:ident| $take:expr, $during:block) => {
        pub(crate) fn $name<R: Runtime>(meter: Meter) -> f64 {
            R::root(async move {
                let measure = meter.time_async(10_000, || async {
                    let lock = Arc::new($make);
                    let tasks: Vec<_> = (0..100)
                        .map(|_| {
                            let lock = lock.clone();
                            R::spawn(async move {
                                let $lock = &*lock;
                                for _ in 0..100 {
                                    let _held = $take;
                                    $during
                                }
                            })
                        })
                        .collect();
                    for task in tasks {
                        task.await;
                    }
                });
                R::spawn(measure).await
            })
        }
    };
}

pub(crate) mod mutex {
    use super::*;

    free!(whit_free, whit::sync::Mutex::new(0), |lock| lock.lock().await);
    free!(tokio_free, tokio::sync::Mutex::new(0), |lock| lock.lock().await);
    free!(smol_free, async_lock::Mutex::new(0), |lock| lock.lock().await);
    free!(futures_free, futures::lock::Mutex::new(0), |lock| lock.lock().await);
    free!(std_free, std::sync::Mutex::new(0), |lock| lock.lock().expect("nobody panics"));

    contended!(whit_many, whit::sync::Mutex::new(0), |lock| lock.lock().await, {});
    contended!(tokio_many, tokio::sync::Mutex::new(0), |lock| lock.lock().await, {});
    contended!(smol_many, async_lock::Mutex::new(0), |lock| lock.lock().await, {});
    contended!(futures_many, futures::lock::Mutex::new(0), |lock| lock.lock().await, {});
    contended!(std_many, std::sync::Mutex::new(0), |lock| lock.lock().expect("nobody panics"), {});

    contended!(whit_held, whit::sync::Mutex::new(0), |lock| lock.lock().await, { R::yield_now().await });
    contended!(tokio_held, tokio::sync::Mutex::new(0), |lock| lock.lock().await, { R::yield_now().await });
    contended!(smol_held, async_lock::Mutex::new(0), |lock| lock.lock().await, { R::yield_now().await });
    contended!(futures_held, futures::lock::Mutex::new(0), |lock| lock.lock().await, { R::yield_now().await });
}

pub(crate) mod semaphore {
    use super::*;

    free!(whit_free, whit::sync::Semaphore::new(3), |lock| lock.acquire().await.expect("open"));
    free!(tokio_free, tokio::sync::Semaphore::new(3), |lock| lock.acquire().await.expect("open"));
    free!(smol_free, async_lock::Semaphore::new(3), |lock| lock.acquire().await);

    contended!(whit_many, whit::sync::Semaphore::new(3), |lock| lock.acquire().await.expect("open"), {});
    contended!(tokio_many, tokio::sync::Semaphore::new(3), |lock| lock.acquire().await.expect("open"), {});
    contended!(smol_many, async_lock::Semaphore::new(3), |lock| lock.acquire().await, {});

    contended!(whit_held, whit::sync::Semaphore::new(3), |lock| lock.acquire().await.expect("open"), {
        R::yield_now().await
    });
    contended!(tokio_held, tokio::sync::Semaphore::new(3), |lock| lock.acquire().await.expect("open"), {
        R::yield_now().await
    });
    contended!(smol_held, async_lock::Semaphore::new(3), |lock| lock.acquire().await, { R::yield_now().await });
}

pub(crate) mod rwlock {
    use super::*;

    free!(whit_read, whit::sync::RwLock::new(0), |lock| lock.read().await);
    free!(tokio_read, tokio::sync::RwLock::new(0), |lock| lock.read().await);
    free!(smol_read, async_lock::RwLock::new(0), |lock| lock.read().await);

    contended!(whit_many, whit::sync::RwLock::new(0), |lock| lock.write().await, {});
    contended!(tokio_many, tokio::sync::RwLock::new(0), |lock| lock.write().await, {});
    contended!(smol_many, async_lock::RwLock::new(0), |lock| lock.write().await, {});

    contended!(whit_held, whit::sync::RwLock::new(0), |lock| lock.write().await, { R::yield_now().await });
    contended!(tokio_held, tokio::sync::RwLock::new(0), |lock| lock.write().await, { R::yield_now().await });
    contended!(smol_held, async_lock::RwLock::new(0), |lock| lock.write().await, { R::yield_now().await });
}
