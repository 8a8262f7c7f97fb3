//! The explorer: all orders of polls and acts, with a drop at the end.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// What others do, in this order, between polls of the future and after its drop.
pub(crate) type Acts<'a, W> = &'a [&'a dyn Fn(&W)];

/// How to explore.
#[derive(Clone, Copy)]
pub(crate) struct Explorer {
    /// The most polls before the drop.
    pub(crate) polls: usize,
    /// Whether a future that was pending may be ready unwoken: sockets see what the kernel has before the reactor tells.
    pub(crate) may_see_first: bool,
    /// Whether a waker may stay behind in what the future was made of, until the next one who waits replaces it.
    pub(crate) may_keep_waker: bool,
    /// Ends that no order of this case need lead to.
    pub(crate) may_miss: &'static [End],
}

/// For futures that know no system: everything is asked of them.
pub(crate) const STRICT: Explorer = Explorer { polls: 4, may_see_first: false, may_keep_waker: false, may_miss: &[] };

/// In what state the future was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    NeverPolled,
    Waiting,
    WokenAndLeft,
    Ready,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Poll,
    Act,
}

/// The steps taken, for the message of a check that fails.
struct Told<'s>(&'s [Step]);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("after {:?}, and the drop", self.0);
        }
    }
}

impl Explorer {
    /// Runs the case in every order; how many there were.
    pub(crate) fn explore<W, F: Future + 'static>(
        self,
        world: impl Fn() -> W,
        future: impl Fn(Rc<W>) -> F,
        acts: Acts<'_, W>,
        check: impl Fn(&W, Option<F::Output>),
    ) -> usize {
        let mut ends = Vec::new();
        let mut orders = 0;
        let mut run = |steps: &[Step]| {
            let _told = Told(steps);
            orders += 1;
            ends.push(self.run_one(steps, &world, &future, acts, &check));
        };
        orders_of(&mut Vec::new(), self.polls, acts.len(), &mut run);
        for end in [End::NeverPolled, End::Waiting, End::WokenAndLeft, End::Ready] {
            let may_miss = self.may_miss.contains(&end);
            assert!(may_miss || ends.contains(&end), "no order led to {end:?}: the case does not say what it should");
        }
        orders
    }

    fn run_one<W, F: Future + 'static>(
        self,
        steps: &[Step],
        world: impl Fn() -> W,
        future: impl Fn(Rc<W>) -> F,
        acts: Acts<'_, W>,
        check: impl Fn(&W, Option<F::Output>),
    ) -> End {
        let world = Rc::new(world());
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        let (mut future, mut acts, mut output) = (Box::pin(future(world.clone())), acts.iter(), None);
        // Wake-ups before the last poll.
        let mut seen = None;
        for step in steps {
            let Step::Poll = step else {
                acts.next().expect("as many as there are")(&world);
                continue;
            };
            let now = wakes.get();
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Pending => seen = Some(now),
                Poll::Ready(ready) => {
                    let woken = seen.is_none_or(|seen| wakes.get() > seen);
                    assert!(woken || self.may_see_first, "it was pending, and is ready without having been woken");
                    output = Some(ready);
                    break;
                }
            }
        }
        let end = match seen {
            _ if output.is_some() => End::Ready,
            None => End::NeverPolled,
            Some(seen) if wakes.get() > seen => End::WokenAndLeft,
            Some(_) => End::Waiting,
        };
        drop(future);
        drop(waker);
        assert!(self.may_keep_waker || Arc::strong_count(&wakes) == 1, "a waker was left behind");
        acts.for_each(|act| act(&world));
        check(&world, output);
        end
    }
}

/// All orders of so many polls and acts at most.
fn orders_of(steps: &mut Vec<Step>, polls: usize, acts: usize, run: &mut dyn FnMut(&[Step])) {
    run(steps);
    for (step, polls, acts) in
        [(Step::Poll, polls.checked_sub(1), Some(acts)), (Step::Act, Some(polls), acts.checked_sub(1))]
    {
        if let (Some(polls), Some(acts)) = (polls, acts) {
            steps.push(step);
            orders_of(steps, polls, acts, run);
            steps.pop();
        }
    }
}

/// Somebody else who waits for the same thing, and is polled when it was woken and at no other time.
pub(crate) struct Rival<T> {
    future: RefCell<Option<Pin<Box<dyn Future<Output = T>>>>>,
    wakes: Arc<Wakes>,
    // Wake-ups that it has followed; none before its first turn.
    followed: Cell<Option<usize>>,
    output: RefCell<Option<T>>,
}

impl<T> Rival<T> {
    pub(crate) fn new(future: impl Future<Output = T> + 'static) -> Rival<T> {
        Rival {
            future: RefCell::new(Some(Box::pin(future))),
            wakes: Arc::default(),
            followed: Cell::new(None),
            output: RefCell::new(None),
        }
    }

    /// Its turn: it begins, or goes on if it was woken.
    pub(crate) fn turn(&self) {
        let mut future = self.future.borrow_mut();
        while self.followed.get() != Some(self.wakes.get())
            && let Some(running) = &mut *future
        {
            self.followed.set(Some(self.wakes.get()));
            let waker = self.wakes.clone().into();
            if let Poll::Ready(output) = running.as_mut().poll(&mut Context::from_waker(&waker)) {
                *self.output.borrow_mut() = Some(output);
                *future = None;
            }
        }
    }

    /// It must get what it waited for, now.
    pub(crate) fn end(&self) -> T {
        self.turn();
        self.output.take().expect("the rival waits for ever: its wake-up was lost")
    }

    /// It goes, perhaps with something that it was given and has not seen.
    pub(crate) fn leave(&self) {
        drop(self.future.take());
    }

    /// What it got, if it got something; it waits no longer.
    pub(crate) fn give_up(&self) -> Option<T> {
        self.turn();
        drop(self.future.take());
        self.output.take()
    }
}

impl<T> fmt::Debug for Rival<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rival").field("followed", &self.followed).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wakes {
    fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}
