//! `Decider`: the one place where anything is left to chance.
//!
//! Rules:
//! 1. Each domain of choices has a stream of its own, so that a fault that is switched on does not change the schedule.
//! 2. A choice between one thing draws nothing and is not kept.
//! 3. Each choice that is drawn is kept on the tape, and the tape alone repeats the run: what made the choice (a seed, a policy)
//!    is not asked again.
//! 4. The tame choice is 0: the first in line, the least latency, no fault.

mod order;
mod random;
mod tape;

pub use order::Order;
pub(crate) use order::{Policy, UNITS};
pub(crate) use random::{Random, mix};
use tape::Head;
pub use tape::{Tape, TapeError};

/// A domain of choices, with a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Which ready task runs next.
    Schedule,
    /// Latency, loss, order, segments.
    Network,
    /// The time a disk takes, and what of unsynced writes is left.
    #[allow(dead_code, reason = "a world without files draws nothing from it")]
    Disk,
    /// Whether something fails that need not.
    Fault,
    /// What programs draw for themselves: the order of a race, hash seeds.
    App,
    /// After how many operations a task that could go on gives way.
    Preempt,
}

/// How many domains there are.
pub(crate) const CHOICES: usize = 6;

/// Makes the choices of one run, and keeps them.
#[derive(Debug)]
pub(crate) struct Decider {
    source: Source,
    kept: Tape,
}

#[derive(Debug)]
enum Source {
    Seed(Box<[Random; CHOICES]>),
    Tape(Head),
}

impl Decider {
    /// By chance, from one number.
    pub(crate) fn seeded(seed: u64) -> Decider {
        let streams = std::array::from_fn(|stream| Random::new(seed, stream as u64));
        Decider { source: Source::Seed(Box::new(streams)), kept: Tape::default() }
    }

    /// As on an earlier run.
    pub(crate) fn replay(tape: Tape) -> Decider {
        Decider { source: Source::Tape(Head::new(tape)), kept: Tape::default() }
    }

    /// A number below `n`. A tape's is taken modulo `n`; else `pick` makes the choice.
    pub(crate) fn choose_by(&mut self, of: Choice, n: u32, pick: impl FnOnce(&mut Random) -> u32) -> u32 {
        if n <= 1 {
            return 0;
        }
        let width = match n {
            ..0x101 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        };
        let value = match &mut self.source {
            Source::Seed(streams) => pick(&mut streams[of as usize]),
            Source::Tape(head) => head.next(of, width) % n,
        };
        debug_assert!(value < n, "a choice of {value} out of {n}");
        self.kept.push(of, value, width);
        value
    }

    /// A number below `n`, all alike.
    pub(crate) fn choose(&mut self, of: Choice, n: u32) -> u32 {
        self.choose_by(of, n, |random| random.below(n))
    }

    /// True with this probability. Draws nothing if that is 0 or less.
    pub(crate) fn chance(&mut self, of: Choice, probability: f64) -> bool {
        // What is not a number is no probability either.
        if probability.is_nan() || probability <= 0.0 {
            return false;
        }
        self.choose_by(of, 2, |random| random.chance(probability).into()) == 1
    }

    /// A part of one, in 65,536 steps: at least 0, which is tame, and below 1.
    pub(crate) fn part(&mut self, of: Choice) -> f64 {
        f64::from(self.choose(of, 0x1_0000)) / 65_536.0
    }

    /// What was chosen so far.
    pub(crate) fn tape(&self) -> &Tape {
        &self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(decider: &mut Decider) -> (Vec<u32>, Vec<bool>, Vec<f64>) {
        let numbers = [2, 1, 256, 257, 70_000, 3].map(|n| decider.choose(Choice::Schedule, n));
        let chances = [0.5, 0.0, 0.9, 1.0].map(|p| decider.chance(Choice::Fault, p));
        let parts = [(); 3].map(|()| decider.part(Choice::Network));
        (numbers.into(), chances.into(), parts.into())
    }

    #[test]
    fn a_tape_repeats_what_a_seed_chose() {
        for seed in 0..200 {
            let mut first = Decider::seeded(seed);
            let chosen = run(&mut first);
            let mut again = Decider::replay(first.tape().clone());
            assert_eq!(run(&mut again), chosen);
            assert_eq!(again.tape(), first.tape());
            assert_eq!(run(&mut Decider::seeded(seed)), chosen);
        }
    }

    #[test]
    fn an_empty_tape_is_tame() {
        let (numbers, chances, parts) = run(&mut Decider::replay(Tape::default()));
        assert_eq!(numbers, [0; 6]);
        assert_eq!(chances, [false; 4]);
        assert_eq!(parts, [0.0; 3]);
    }

    #[test]
    fn a_domain_that_draws_leaves_the_others_alone() {
        let (mut one, mut two) = (Decider::seeded(5), Decider::seeded(5));
        (0..50).for_each(|_| assert!(two.chance(Choice::Fault, 1.0)));
        let numbers = |decider: &mut Decider| [(); 20].map(|()| decider.choose(Choice::Schedule, 10));
        assert_eq!(numbers(&mut one), numbers(&mut two));
    }

    #[test]
    fn any_bytes_are_a_valid_tape() {
        let bytes: Vec<u8> = (0..200).map(|n| (n * 37) as u8).collect();
        let mut decider = Decider::replay(Tape::from_bytes(&bytes));
        for n in [1, 2, 3, 7, 255, 256, 257, 65_537, u32::MAX] {
            assert!(decider.choose(Choice::Disk, n) < n);
        }
    }
}
