//! `Order`: who of those that are ready goes first.

use std::collections::HashMap;

use super::Random;

/// In which order ready tasks run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// [`Random`](Order::Random) for even seeds and [`Priorities`](Order::Priorities) for odd ones, so that many seeds have both.
    #[default]
    BySeed,
    /// Any of them, all alike. Finds most races within some hundred seeds.
    Random,
    /// First come, first served: what a quiet machine with one core does. Draws nothing.
    Fifo,
    /// Each task has a priority by chance, and the highest runs, but for this many changes at random places. Finds races
    /// that need few switches at the right places, however long the run, sooner than [`Random`](Order::Random): the idea of
    /// probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, 2010).
    Priorities {
        /// How many changes: the depth of the races that are looked for, less one. 2 or 3 find most.
        changes: u32,
    },
}

/// An order at work.
#[derive(Debug)]
pub(crate) enum Policy {
    Random,
    Fifo,
    Priorities(Box<Priorities>),
}

#[derive(Debug)]
pub(crate) struct Priorities {
    random: Random,
    // By task; 0 is the root. The larger, the sooner.
    of: HashMap<u64, i64>,
    // In how many choices from now the next changes come.
    changes: Vec<u64>,
    choices: u64,
    // Each change puts a task below all others.
    lowest: i64,
}

/// Pre-emption comes within so many operations, or not at all.
pub(crate) const UNITS: u32 = 16;

/// A stream that is no domain's: what it gives is not kept, since the choice that comes of it is.
const STREAM: u64 = 1 << 32;

impl Policy {
    pub(crate) fn new(order: Order, seed: u64) -> Policy {
        match order {
            Order::BySeed if seed % 2 == 1 => Policy::new(Order::Priorities { changes: 3 }, seed),
            Order::BySeed | Order::Random => Policy::Random,
            Order::Fifo => Policy::Fifo,
            Order::Priorities { changes } => {
                let mut random = Random::new(seed, STREAM);
                // Nobody knows how long the run will be: from seed to seed, changes come within the first 8 to 8,192 choices.
                let within = 8 << random.below(11);
                let mut changes: Vec<_> = (0..changes.min(1000)).map(|_| u64::from(random.below(within))).collect();
                changes.sort_unstable_by(|a, b| b.cmp(a));
                Policy::Priorities(Box::new(Priorities { random, of: HashMap::new(), changes, choices: 0, lowest: 0 }))
            }
        }
    }

    /// Which of so many tasks runs, by its place among them.
    pub(crate) fn pick(&mut self, random: &mut Random, count: u32, ready: impl Iterator<Item = u64> + Clone) -> u32 {
        match self {
            Policy::Random => random.below(count),
            Policy::Fifo => 0,
            Policy::Priorities(priorities) => priorities.pick(ready),
        }
    }

    /// How many operations a task may do before it gives way; 0 for as many as anywhere.
    pub(crate) fn pre_empt(&self, random: &mut Random) -> u32 {
        // One poll in four; and half of those at the first operation, a quarter at the second: most tasks do few.
        if random.below(4) > 0 { 0 } else { 1 + random.next().trailing_zeros().min(UNITS - 2) }
    }

    /// A task gives way: it woke itself while it ran.
    pub(crate) fn gives_way(&mut self, task: u64) {
        if let Policy::Priorities(priorities) = self {
            priorities.sink(task);
        }
    }

    pub(crate) fn draws(&self) -> bool {
        !matches!(self, Policy::Fifo)
    }
}

impl Priorities {
    fn pick(&mut self, ready: impl Iterator<Item = u64> + Clone) -> u32 {
        self.choices += 1;
        let mut first = self.highest(ready.clone());
        while self.changes.last().is_some_and(|at| *at < self.choices) {
            self.changes.pop();
            self.sink(first.1);
            first = self.highest(ready.clone());
        }
        first.0
    }

    /// The place of the task with the highest priority, and the task.
    fn highest(&mut self, ready: impl Iterator<Item = u64>) -> (u32, u64) {
        let mut best = (0, 0, i64::MIN);
        for (at, task) in ready.enumerate() {
            let priority = *self.of.entry(task).or_insert_with(|| i64::from(self.random.below(u32::MAX)) + 1);
            if priority > best.2 {
                best = (at as u32, task, priority);
            }
        }
        (best.0, best.1)
    }

    fn sink(&mut self, task: u64) {
        self.lowest -= 1;
        self.of.insert(task, self.lowest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_runs_on_until_a_change() {
        for seed in 0..50 {
            let mut policy = Policy::new(Order::Priorities { changes: 1 }, seed);
            let mut random = Random::new(seed, 0);
            let picks: Vec<_> = (0..10_000).map(|_| policy.pick(&mut random, 3, [7, 8, 9].into_iter())).collect();
            let switches = picks.windows(2).filter(|pair| pair[0] != pair[1]).count();
            assert!(switches <= 1, "{switches}");
            let before = *picks.last().unwrap();
            policy.gives_way([7, 8, 9][before as usize]);
            assert_ne!(policy.pick(&mut random, 3, [7, 8, 9].into_iter()), before);
        }
    }

    #[test]
    fn fifo_is_the_first() {
        let mut policy = Policy::new(Order::Fifo, 1);
        assert_eq!(policy.pick(&mut Random::new(1, 0), 3, [3, 1, 2].into_iter()), 0);
    }
}
