//! `Sim`: one run, from one number.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use crate::controls::{self, Controls};
use crate::decider::{Decider, Order, Policy, Tape};
use crate::engine::{Engine, Limits};
use crate::report::Failure;
use crate::site::Site;
use crate::world::World;

/// A simulation: hosts, a network, time, and one number that all chance comes from.
///
/// ```
/// use std::time::Duration;
/// use whit_sim::Sim;
///
/// let day = Duration::from_secs(86_400);
/// let slept = Sim::new(1).run(async move {
///     let started = whit::time::now();
///     whit::sleep(day).await;
///     whit::time::now() - started
/// });
/// assert_eq!(slept, day);
/// ```
#[must_use = "nothing is simulated until `run`"]
pub struct Sim {
    controls: Controls,
    seed: Option<u64>,
    order: Order,
    limits: Limits,
    // Tasks need not be `Send`: they stay on this thread.
    not_send: PhantomData<Rc<()>>,
}

impl Sim {
    /// A simulation whose chance comes from this number.
    pub fn new(seed: u64) -> Sim {
        Sim::with(Decider::seeded(seed), Some(seed))
    }

    /// A simulation that repeats the choices of an earlier one; behind the end of the tape all are tame.
    pub fn from_tape(tape: Tape) -> Sim {
        Sim::with(Decider::replay(tape), None)
    }

    fn with(decider: Decider, seed: Option<u64>) -> Sim {
        let site = Site::new(World::new(decider));
        let (order, limits) = (Order::default(), Limits::default());
        Sim { controls: Controls(site), seed, order, limits, not_send: PhantomData }
    }

    /// In which order ready tasks run. A tape knows that already.
    pub fn order(mut self, order: Order) -> Sim {
        self.order = order;
        self
    }

    /// After how many polls and events a run has failed. By default 10 million.
    pub fn max_steps(mut self, steps: u64) -> Sim {
        self.limits.steps = steps;
        self
    }

    /// Lowers that limit.
    pub(crate) fn at_most_steps(self, steps: u64) -> Sim {
        let steps = steps.min(self.limits.steps);
        self.max_steps(steps)
    }

    /// After how much virtual time a run has failed. By default 365 days.
    pub fn max_time(mut self, time: Duration) -> Sim {
        self.limits.time = time;
        self
    }

    /// Keeps what happens, for [`Ended::text`] and [`Ended::chrome`]. Costs memory for each poll.
    pub fn keep_trace(self) -> Sim {
        self.controls.0.world.keep_records();
        self
    }

    /// The verbs of this simulation, for its tasks.
    pub fn controls(&self) -> Controls {
        self.controls.clone()
    }

    /// Runs `root` on a host of its own, and all other programs beside it, until `root` is ready. Then everything that is left is
    /// dropped.
    ///
    /// # Panics
    ///
    /// With the panic of `root`; or with a report, if a task panicked that nobody awaits, if everything waits and nothing could
    /// ever happen, or if a limit was passed. Before that it prints the seed. Also when called inside a simulation.
    #[track_caller]
    pub fn run<F: Future>(self, root: F) -> F::Output {
        match self.execute(root).result {
            Ok(output) => output,
            Err(failure) => {
                match failure.seed {
                    Some(seed) => eprintln!("whit-sim: seed {seed}: {failure}"),
                    None => eprintln!("whit-sim: {failure}"),
                }
                failure.resume()
            }
        }
    }

    /// Runs `root` as [`run`](Sim::run) does, and tells how it went.
    ///
    /// # Panics
    ///
    /// When called inside a simulation.
    #[track_caller]
    pub fn execute<F: Future>(self, root: F) -> Ended<F::Output> {
        self.execute_at(Location::caller(), root)
    }

    #[track_caller]
    pub(crate) fn execute_at<F: Future>(self, started: &'static Location<'static>, root: F) -> Ended<F::Output> {
        let Some(_entered) = controls::enter(self.controls.clone()) else {
            panic!("a simulation cannot be started inside another: await the future instead");
        };
        let Controls(site) = &self.controls;
        let policy = Policy::new(self.order, self.seed.unwrap_or_default());
        let mut engine = Engine::new(site, policy, self.limits, started);
        let result = engine.run(root);
        let (steps, time, tape) = (engine.steps, site.world.now(), site.world.tape());
        let result = result.map_err(|why| Failure { why, seed: self.seed, tape: tape.clone(), time, steps });
        Ended { result, steps, time, tape, hash: site.world.hash(), records: site.world.records(), hosts: site.names() }
    }
}

impl Drop for Sim {
    /// Programs may hold the controls, and those hold the programs.
    fn drop(&mut self) {
        self.controls.0.close();
    }
}

/// Every verb of [`Controls`] can be said to the simulation itself.
impl Deref for Sim {
    type Target = Controls;

    fn deref(&self) -> &Controls {
        &self.controls
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim")
            .field("seed", &self.seed)
            .field("order", &self.order)
            .field("controls", &self.controls)
            .finish()
    }
}

/// How a run ended: made by [`Sim::execute`].
#[must_use = "the result of the run is in here"]
pub struct Ended<T> {
    /// What the root gave, or why the run failed.
    pub result: Result<T, Failure>,
    /// How many polls and events there were.
    pub steps: u64,
    /// How much virtual time passed.
    pub time: Duration,
    /// Every choice.
    pub tape: Tape,
    /// The hash over all that happened: equal for runs of one seed, in debug and in release.
    pub hash: u64,
    pub(crate) records: Vec<crate::trace::Record>,
    pub(crate) hosts: Vec<String>,
}

impl<T> fmt::Debug for Ended<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ended")
            .field("failure", &self.result.as_ref().err())
            .field("steps", &self.steps)
            .field("time", &self.time)
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}
