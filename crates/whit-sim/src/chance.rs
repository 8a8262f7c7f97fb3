//! `Chance`: `fastrand`'s generator of this thread, which races and third parties draw from, fed from the tape.
//!
//! There is no seam in `fastrand` that tells of a draw. But its state can be looked at: if it is not what was put there, somebody
//! has drawn, and before the next poll it is put anew, by one choice. So each poll that draws stands on the tape with a byte of its
//! own, and can be made tame without the others; what draws nothing costs nothing.

use crate::decider::{Choice, mix};
use crate::world::World;

/// Restores the thread's generator when it is dropped.
pub(crate) struct Chance {
    before: u64,
    // What was put there last.
    seed: u64,
    count: u64,
}

impl Chance {
    pub(crate) fn new(world: &World) -> Chance {
        let mut chance = Chance { before: fastrand::get_seed(), seed: 0, count: 0 };
        chance.put(world);
        chance
    }

    /// To be called before each poll.
    pub(crate) fn renew(&mut self, world: &World) {
        if fastrand::get_seed() != self.seed {
            self.put(world);
        }
    }

    fn put(&mut self, world: &World) {
        self.seed = seed(self.count, world.choose(Choice::App, 256));
        self.count += 1;
        fastrand::seed(self.seed);
    }
}

impl Drop for Chance {
    fn drop(&mut self) {
        fastrand::seed(self.before);
    }
}

/// The seed for a choice, another one each time: a program may draw names that are never to be twice the same.
///
/// Under 0, which is the tame choice, a race that is begun next looks at its first future first.
fn seed(count: u64, choice: u32) -> u64 {
    let seeds = (0..).map(|attempt: u64| mix(count << 32 | attempt << 8 | u64::from(choice)));
    let is_tame = |seed: &u64| fastrand::Rng::with_seed(*seed).fork().bool();
    seeds.into_iter().find(|seed| choice != 0 || is_tame(seed)).expect("one in two is tame")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decider::{Decider, Tape};

    #[test]
    fn a_draw_is_noticed_and_costs_one_choice() {
        let before = fastrand::get_seed();
        let world = World::new(Decider::seeded(3));
        let mut chance = Chance::new(&world);
        assert_eq!(world.tape().len(), 1);
        chance.renew(&world);
        assert_eq!(world.tape().len(), 1, "nobody has drawn");
        let drawn = [(); 20].map(|()| {
            let drawn = fastrand::u64(..);
            chance.renew(&world);
            drawn
        });
        assert_eq!(world.tape().len(), 21);
        let mut sorted = drawn.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), drawn.len(), "no number comes twice");
        drop(chance);
        assert_eq!(fastrand::get_seed(), before);
    }

    #[test]
    fn tame_is_the_first_first() {
        let world = World::new(Decider::replay(Tape::default()));
        let mut chance = Chance::new(&world);
        for _ in 0..100 {
            // As a race does it.
            assert!(fastrand::Rng::new().bool());
            chance.renew(&world);
        }
        assert!((0..100).any(|count| !fastrand::Rng::with_seed(seed(count, 1)).fork().bool()));
    }
}
