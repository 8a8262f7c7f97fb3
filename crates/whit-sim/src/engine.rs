//! The loop: one thread, discrete events.
//!
//! Rules, in this order, until the root is ready:
//! 1. What was asked of hosts (crashes, starts) is done first: no task sees it half-way.
//! 2. While a task is ready, one of them is polled, or else an event happens that is due at this very time; which, the decider chooses.
//!    Among themselves, events keep their order. The tame choice is the event, as on a thread that fires what is due and then
//!    runs who was woken; that a task runs between two timers of one time is what several threads may do.
//! 3. Nothing is ready nor due: those who wait for all to be blocked are woken.
//! 4. Time jumps to the next event, exactly, and it happens.
//! 5. Nothing is left that could happen: the run has failed, and the report says who waits.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use whit_core::{Runnable, budget, drive};

use crate::chance::Chance;
use crate::decider::{Choice, Policy, UNITS};
use crate::report::{self, Why};
use crate::room::{Next, Ready, RootWaker};
use crate::site::{ROOT, Site};
use crate::trace::Event;

/// How far a run may go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) steps: u64,
    pub(crate) time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { steps: 10_000_000, time: Duration::from_secs(365 * 86_400) }
    }
}

pub(crate) struct Engine<'a> {
    pub(crate) site: &'a Arc<Site>,
    pub(crate) policy: Policy,
    pub(crate) limits: Limits,
    pub(crate) started: &'static Location<'static>,
    pub(crate) steps: u64,
    chance: Chance,
}

impl<'a> Engine<'a> {
    pub(crate) fn new(
        site: &'a Arc<Site>,
        policy: Policy,
        limits: Limits,
        started: &'static Location<'static>,
    ) -> Engine<'a> {
        Engine { site, policy, limits, started, steps: 0, chance: Chance::new(&site.world) }
    }

    /// Runs everything until `root` is ready, and then drops what is left.
    pub(crate) fn run<F: Future>(&mut self, root: F) -> Result<F::Output, Why> {
        let root_seat = self.site.root_seat();
        let result = {
            let mut root = pin!(root);
            let result = self.run_until_ready(root.as_mut());
            // Its destructors find the handle that its polls found.
            let _entered = root_seat.map(|seat| self.site.seat(seat).handle.enter());
            result
        };
        self.site.close();
        result
    }

    fn run_until_ready<F: Future>(&mut self, mut root: Pin<&mut F>) -> Result<F::Output, Why> {
        let (room, world) = (self.site.room.clone(), self.site.world.clone());
        let waker = Waker::from(Arc::new(RootWaker(room.clone())));
        self.site.open();
        room.wake_root();
        loop {
            self.site.settle();
            if room.has_strays() {
                room.doom_strays();
                self.site.settle();
                return Err(Why::Stray);
            }
            let (policy, is_due) = (&mut self.policy, world.is_due());
            let next = room.next(|ready| {
                let events = u32::from(is_due);
                let count = ready.len() as u32 + events;
                // 0 is the event that is due, if one is; the tasks come behind it.
                let place = match policy.draws() {
                    false => 0,
                    true => world.choose_by(Choice::Schedule, count, |random| {
                        let numbers = numbers(ready).chain(is_due.then_some(EVENT));
                        (policy.pick(random, count, numbers) + events) % count
                    }),
                };
                place.checked_sub(events).map_or(ready.len(), |at| at as usize)
            });
            self.count()?;
            self.chance.renew(&world);
            let next = match next {
                Next::Ready(ready) => ready,
                Next::Other => {
                    world.step();
                    continue;
                }
                Next::Nothing => {
                    // Time does not move while somebody wants to know that all is blocked.
                    if is_due || !room.is_calm() {
                        self.advance()?;
                    }
                    continue;
                }
            };
            match next {
                Ready::Root => {
                    world.record(ROOT, Event::Poll { task: 0 });
                    if let Poll::Ready(output) = self.poll_root(root.as_mut(), &waker)? {
                        return Ok(output);
                    }
                }
                Ready::Task { runnable, number, seat } => {
                    let now = world.now();
                    let seat = self.site.seat(seat);
                    world.record(seat.host, Event::Poll { task: number });
                    room.polled(now);
                    let _entered = seat.handle.enter();
                    if room.is_job_at_hand() {
                        self.run_job(runnable);
                    } else {
                        let (units, pre_empted) = self.units();
                        let woke_itself = drive(&seat.home, &*seat.home, || runnable.run_with(units));
                        if woke_itself && !pre_empted {
                            self.policy.gives_way(number);
                        }
                    }
                    room.put_away();
                }
            }
            if let Some(text) = room.take_unhandled() {
                return Err(Why::Unhandled(text));
            }
        }
    }

    /// Lets the next event happen, at its time.
    fn advance(&self) -> Result<(), Why> {
        let waiting = || report::waiting(self.site, self.started);
        match self.site.world.next_time() {
            None => Err(Why::Deadlock(waiting())),
            Some(at) if at > self.limits.time => Err(Why::Time(self.limits.time, waiting())),
            Some(_) => {
                self.site.world.step();
                Ok(())
            }
        }
    }

    /// Runs a closure that may block. It does so in no time; what it holds its thread for, it waits for afterwards.
    fn run_job(&self, runnable: Runnable) {
        self.site.world.begin_job();
        runnable.run();
        self.site.world.end_job();
    }

    fn poll_root<F: Future>(&mut self, root: Pin<&mut F>, waker: &Waker) -> Result<Poll<F::Output>, Why> {
        let Some(seat) = self.site.root_seat() else { unreachable!("nothing names the root's host") };
        let seat = self.site.seat(seat);
        let _entered = seat.handle.enter();
        let (units, pre_empted) = self.units();
        let poll = || budget::with_units(units, || root.poll(&mut Context::from_waker(waker)));
        let polled = catch_unwind(AssertUnwindSafe(|| drive(&seat.home, &*seat.home, poll)));
        if self.site.room.is_root_ready() && !pre_empted {
            self.policy.gives_way(0);
        }
        polled.map_err(Why::Panic)
    }

    /// How many operations the task that is polled next may do, and whether that is fewer than it may elsewhere.
    ///
    /// On several threads, others run between any two operations of a task; here only if it gives way.
    fn units(&mut self) -> (u8, bool) {
        if !self.policy.draws() {
            return (budget::BUDGET, false);
        }
        let policy = &mut self.policy;
        match self.site.world.choose_by(Choice::Preempt, UNITS, |random| policy.pre_empt(random)) {
            0 => (budget::BUDGET, false),
            units => (units as u8 - 1, true),
        }
    }

    fn count(&mut self) -> Result<(), Why> {
        self.steps += 1;
        if self.steps > self.limits.steps {
            return Err(Why::Steps(self.limits.steps, report::waiting(self.site, self.started)));
        }
        Ok(())
    }
}

/// What the policy takes the next event for.
const EVENT: u64 = u64::MAX;

/// The tasks' numbers; 0 is the root.
fn numbers(ready: &VecDeque<Ready>) -> impl Iterator<Item = u64> + Clone + '_ {
    ready.iter().map(|ready| match ready {
        Ready::Root => 0,
        Ready::Task { number, .. } => *number,
    })
}
