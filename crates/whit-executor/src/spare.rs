//! `Spare`: how long a worker that stands in for others has to.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::sync::{Mutex, lock};

/// Ready when a worker is free again; made by a [`Watch`](crate::Watch) when all of them are stuck.
///
/// To be awaited in [`Executor::block_on_as_spare`](crate::Executor::block_on_as_spare), on a thread of its own. As long as it is
/// there, it counts among the spares.
#[must_use = "nobody stands in until this is awaited by a worker"]
pub struct Spare(Arc<Relief>);

/// Says when it is over.
#[derive(Default)]
struct Relief(Mutex<(bool, Option<Waker>)>);

impl Future for Spare {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut relief = lock(&self.0.0);
        if relief.0 {
            return Poll::Ready(());
        }
        relief.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl fmt::Debug for Spare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spare").field("over", &lock(&self.0.0).0).finish()
    }
}

/// How a watch gets spares, and those that it has got.
pub(crate) struct Spares {
    most: usize,
    start: Box<dyn FnMut(Spare) + Send>,
    out: Vec<Arc<Relief>>,
}

/// The workers at one moment.
#[derive(Debug, Default)]
pub(crate) struct Load {
    pub(crate) workers: usize,
    pub(crate) stuck: usize,
    pub(crate) spares: usize,
    pub(crate) spares_stuck: usize,
}

impl Spares {
    pub(crate) fn new(most: usize, start: Box<dyn FnMut(Spare) + Send>) -> Spares {
        Spares { most, start, out: Vec::new() }
    }

    pub(crate) fn are_out(&mut self) -> bool {
        self.out.retain(|relief| Arc::strong_count(relief) > 1);
        !self.out.is_empty()
    }

    /// Sends for one if all workers are stuck, and all spares as well; sends all home if a worker is free.
    pub(crate) fn look(&mut self, load: &Load) {
        self.are_out();
        if load.workers == 0 || load.stuck < load.workers {
            return self.send_home();
        }
        // One that has been sent for and is not there yet will be free.
        let all_stuck = load.spares_stuck >= self.out.len();
        if all_stuck && self.out.len() < self.most {
            let relief = Arc::new(Relief::default());
            self.out.push(relief.clone());
            (self.start)(Spare(relief));
        }
    }

    /// Each once it has ended the poll it is in.
    pub(crate) fn send_home(&self) {
        for relief in &self.out {
            let mut relief = lock(&relief.0);
            relief.0 = true;
            let waker = relief.1.take();
            drop(relief);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}
