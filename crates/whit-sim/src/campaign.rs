//! `Campaign`: one program under many seeds, and what is said of the first that fails.

use std::fmt;
use std::fs;
use std::future::Future;
use std::ops::Range;
use std::panic::Location;
use std::path::Path;
use std::time::Duration;

use crate::decider::{Order, Tape};
use crate::quiet::quietly;
use crate::report::Failure;
use crate::shrink::{Shrunk, shrink};
use crate::sim::{Ended, Sim};
use crate::variables::{self, Asked};

/// One program under many seeds: what `#[whit::sim]` expands to.
///
/// The environment has a say: `WHIT_SIM_SEED=7` runs that seed alone, `WHIT_SIM_SEEDS=500` or `WHIT_SIM_SEEDS=1000..2000` other
/// ones, `WHIT_SIM_TAPE=…` repeats a tape, and `WHIT_SIM_TRACE=path` writes `path.txt` and `path.json` of the last run.
///
/// ```
/// use whit_sim::Campaign;
///
/// let found = Campaign::new().seeds(100).find(|| async {
///     let first = whit::race(async { 1 }, async { 2 }).await;
///     assert_eq!(first, 1, "the second came first");
/// });
/// let found = found.expect("one in two races is won by the second");
/// assert_eq!(found.failure.message(), "assertion `left == right` failed: the second came first\n  left: 2\n right: 1");
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing runs until `run` or `find`"]
pub struct Campaign {
    name: Option<String>,
    seeds: Range<u64>,
    hosts: u32,
    order: Order,
    max_steps: Option<u64>,
    max_time: Option<Duration>,
    shrink_runs: u32,
}

impl Campaign {
    /// One run, of seed 0.
    pub fn new() -> Campaign {
        Campaign {
            name: None,
            seeds: 0..1,
            hosts: 0,
            order: Order::default(),
            max_steps: None,
            max_time: None,
            shrink_runs: 1000,
        }
    }

    /// What the test is called, for the command that replays it. By default what the thread is called, which for tests is the same.
    pub fn name(mut self, name: impl Into<String>) -> Campaign {
        self.name = Some(name.into());
        self
    }

    /// How many seeds, from 0.
    pub fn seeds(self, seeds: u64) -> Campaign {
        Campaign { seeds: 0..seeds, ..self }
    }

    /// Which seeds.
    pub fn seeds_in(self, seeds: Range<u64>) -> Campaign {
        Campaign { seeds, ..self }
    }

    /// How many hosts each run has beside the root's: `host-1` and so on, up and idle.
    pub fn hosts(self, hosts: u32) -> Campaign {
        Campaign { hosts, ..self }
    }

    /// In which order ready tasks run.
    pub fn order(self, order: Order) -> Campaign {
        Campaign { order, ..self }
    }

    /// As [`Sim::max_steps`].
    pub fn max_steps(self, steps: u64) -> Campaign {
        Campaign { max_steps: Some(steps), ..self }
    }

    /// As [`Sim::max_time`].
    pub fn max_time(self, time: Duration) -> Campaign {
        Campaign { max_time: Some(time), ..self }
    }

    /// How many runs may be spent on making a failure tamer. By default 1,000; 0 leaves it as it is.
    pub fn shrink_runs(self, runs: u32) -> Campaign {
        Campaign { shrink_runs: runs, ..self }
    }

    /// Runs `body` under each seed until one fails. What the last run gave.
    ///
    /// # Panics
    ///
    /// If a run fails, with its panic or report; before that it prints the seed, the shrunk tape, and the commands that repeat them.
    /// Also if there are no seeds, or the environment's wishes are not understood.
    #[track_caller]
    pub fn run<T, F>(self, body: impl Fn() -> F) -> T
    where
        F: Future<Output = T>,
        T: Passes,
    {
        let started = Location::caller();
        match variables::asked() {
            Ok(Asked::Tape(tape)) => self.replay(Sim::from_tape(tape), &body, started),
            Ok(Asked::Seed(seed)) => self.replay(Sim::new(seed), &body, started),
            Ok(Asked::Seeds(seeds)) => self.seeds_in(seeds).search(&body, started),
            Ok(Asked::Nothing) => self.search(&body, started),
            Err(text) => panic!("{text}"),
        }
    }

    fn search<T: Passes, F: Future<Output = T>>(self, body: &impl Fn() -> F, started: &'static Location<'static>) -> T {
        match self.find_at(body, started) {
            Ok(Some(output)) => output,
            Ok(None) => panic!(
                "a campaign over no seeds was asked for ({:?}); it would prove nothing: give at least one",
                self.seeds
            ),
            Err(found) => {
                if variables::trace().is_some() {
                    let shrunk = Sim::from_tape(found.shrunk.tape.clone()).keep_trace();
                    write(&quietly(|| self.one(shrunk, body, started)));
                }
                eprintln!("{}", self.tell(&found));
                found.failure.resume()
            }
        }
    }

    /// One run that is looked at, with its trace.
    fn replay<T: Passes, F: Future<Output = T>>(
        &self,
        sim: Sim,
        body: &impl Fn() -> F,
        started: &'static Location<'static>,
    ) -> T {
        let ended = self.one(sim.keep_trace(), body, started);
        write(&ended);
        match ended.result {
            Ok(output) => output,
            Err(failure) => {
                eprintln!("whit-sim: {}: {failure}", self.title());
                failure.resume()
            }
        }
    }

    /// Runs `body` under each seed until one fails, and shrinks that. `None` if none does. The environment has no say.
    #[track_caller]
    pub fn find<T, F>(&self, body: impl Fn() -> F) -> Option<Found>
    where
        F: Future<Output = T>,
        T: Passes,
    {
        let started = Location::caller();
        quietly(|| self.find_at(&body, started).err()).map(|found| *found)
    }

    /// One run whose choices are these bytes, whatever they are: the body of a fuzz target.
    ///
    /// The bytes become a [`Tape`] by [`Tape::from_bytes`]; a choice that they do not reach is the tame one, so that none at all is
    /// the tamest run. Nothing else has a say: neither a seed nor the environment. Panics inside the run are not shown to the
    /// panic hook, which in fuzzers ends the process: the program may catch them.
    ///
    /// ```
    /// use whit_sim::Campaign;
    ///
    /// // For libFuzzer: fuzz_target!(|bytes: &[u8]| { campaign.fuzz(bytes, program); });
    /// let won = Campaign::new().fuzz(b"any bytes", || async {
    ///     let won = whit::race(async { Some(1) }, async { Some(2) }).await;
    ///     won.ok_or("nobody has won")
    /// });
    /// assert!(won.is_ok());
    /// ```
    ///
    /// # Panics
    ///
    /// If the run fails: with its report, and the tape of the tamest run that was found to fail alike.
    #[track_caller]
    pub fn fuzz<T, F>(&self, bytes: &[u8], body: impl Fn() -> F) -> T
    where
        F: Future<Output = T>,
        T: Passes,
    {
        let started = Location::caller();
        let sim = Sim::from_tape(Tape::from_bytes(bytes));
        match quietly(|| self.one(sim, &body, started)).result {
            Ok(output) => output,
            Err(failure) => {
                let found = self.tame(0, failure, &body, started);
                panic!(
                    "{}\n  again, in a test of the same program: WHIT_SIM_TAPE=\"{}\"\n  or by the bytes that the fuzzer has kept",
                    found.failure, found.shrunk.tape
                );
            }
        }
    }

    /// What the last run gave, or the first failure.
    fn find_at<T: Passes, F: Future<Output = T>>(
        &self,
        body: &impl Fn() -> F,
        started: &'static Location<'static>,
    ) -> Result<Option<T>, Box<Found>> {
        let mut last = None;
        for seed in self.seeds.clone() {
            match self.one(Sim::new(seed), body, started).result {
                Ok(output) => last = Some(output),
                Err(failure) => return Err(Box::new(self.tame(seed, failure, body, started))),
            }
        }
        Ok(last)
    }

    /// Shrinks a failure.
    fn tame<T: Passes, F: Future<Output = T>>(
        &self,
        seed: u64,
        failure: Failure,
        body: &impl Fn() -> F,
        started: &'static Location<'static>,
    ) -> Found {
        let likeness = failure.likeness();
        // Tamer runs are shorter, as a rule; one that never ends is not looked at for long.
        let steps = failure.steps().saturating_mul(4).saturating_add(10_000);
        let fails = |tape: &Tape| {
            let ended = self.one(Sim::from_tape(tape.clone()).max_steps(steps), body, started);
            ended.result.err().filter(|failure| failure.likeness() == likeness).map(|failure| failure.tape)
        };
        let shrunk = quietly(|| shrink(failure.tape.clone(), self.shrink_runs, fails));
        Found { seed, failure, shrunk }
    }

    fn one<T: Passes, F: Future<Output = T>>(
        &self,
        mut sim: Sim,
        body: &impl Fn() -> F,
        started: &'static Location<'static>,
    ) -> Ended<T> {
        sim = sim.order(self.order);
        if let Some(steps) = self.max_steps {
            sim = sim.at_most_steps(steps);
        }
        if let Some(time) = self.max_time {
            sim = sim.max_time(time);
        }
        (1..=self.hosts).for_each(|number| drop(sim.host(&format!("host-{number}"))));
        sim.execute_at(started, async {
            let output = body().await;
            if let Some(complaint) = output.complaint() {
                panic!("{complaint}");
            }
            output
        })
    }

    fn title(&self) -> String {
        let thread = std::thread::current();
        self.name.clone().or_else(|| thread.name().map(str::to_owned)).unwrap_or_else(|| "a campaign".to_owned())
    }

    /// What is said of a failure.
    fn tell(&self, found: &Found) -> String {
        let (title, count) = (self.title(), self.seeds.end - self.seeds.start);
        let nth = found.seed - self.seeds.start + 1;
        let mut text = format!("whit-sim: {title}: seed {} (number {nth} of {count}): {}\n", found.seed, found.failure);
        text += &format!("  again:   WHIT_SIM_SEED={} cargo test {title}", found.seed);
        let (before, after) = (&found.failure.tape, &found.shrunk.tape);
        if found.shrunk.runs > 0 {
            text += &format!(
                "\n  in {} runs shrunk from {} choices that are not tame to {}\n  again:   ",
                found.shrunk.runs,
                before.wild(),
                after.wild()
            );
            let tape = after.to_string();
            text += &match tape.len() {
                ..=4000 => format!("WHIT_SIM_TAPE={tape:?} cargo test {title}"),
                length => format!("a tape of {length} characters, too long to be shown"),
            };
        }
        text + "\n  to see what happened, set WHIT_SIM_TRACE=path as well: it writes path.txt and path.json"
    }
}

/// What a test is called on the command line: without the name of its crate. For `#[whit::sim]`.
#[doc(hidden)]
pub fn test_name(module: &str, function: &str) -> String {
    match module.split_once("::") {
        Some((_, inner)) => format!("{inner}::{function}"),
        None => function.to_owned(),
    }
}

/// Writes a run's trace, if somebody asked for it.
fn write<T>(ended: &Ended<T>) {
    let Some(path) = variables::trace() else { return };
    for (extension, text) in [("txt", ended.text()), ("json", ended.chrome())] {
        let path = Path::new(&path).with_extension(extension);
        if let Err(error) = fs::write(&path, text) {
            eprintln!("whit-sim: the trace could not be written to {}: {error}", path.display());
        }
    }
}

impl Default for Campaign {
    fn default() -> Self {
        Self::new()
    }
}

/// A seed that fails; found by [`Campaign::find`].
#[derive(Debug)]
pub struct Found {
    /// The seed.
    pub seed: u64,
    /// How its run failed.
    pub failure: Failure,
    /// The tamest run that fails alike, as far as was looked.
    pub shrunk: Shrunk,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}", self.seed, self.failure)
    }
}

/// What a simulated test may give: `()` passes, and so does `Ok`.
pub trait Passes {
    /// What is wrong, if it did not pass.
    fn complaint(&self) -> Option<String>;
}

impl Passes for () {
    fn complaint(&self) -> Option<String> {
        None
    }
}

impl<T, E: fmt::Debug> Passes for Result<T, E> {
    fn complaint(&self) -> Option<String> {
        self.as_ref().err().map(|error| format!("the test gave an error: {error:?}"))
    }
}
