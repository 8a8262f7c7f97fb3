//! `Latency`: how long something takes, as a distribution.

use std::time::Duration;

use crate::decider::Choice;
use crate::world::World;

/// How long a packet is on its way, or a disk is at work. Drawn anew for each; the tame choice is the least of each distribution.
///
/// On a link, latency alone does not change the order of what one socket sends to another: a packet that draws a short time waits for
/// the one before it. That is what [`Link::reordering`](crate::Link::reordering) is for.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Latency {
    /// Always the same. Draws nothing.
    Constant(Duration),
    /// Anything from the first up to the second.
    Uniform(Duration, Duration),
    /// At least the first, and on average the second more: most are quick, few take very long.
    Exponential(Duration, Duration),
    /// The first, but with the probability the second: a path that sometimes goes a long way round.
    Bimodal(Duration, Duration, f64),
}

impl Latency {
    pub(super) fn draw(self, world: &World) -> Duration {
        self.draw_of(world, Choice::Network)
    }

    pub(crate) fn draw_of(self, world: &World, choice: Choice) -> Duration {
        let drawn = match self {
            Latency::Constant(time) => time,
            Latency::Uniform(low, high) => world.between(choice, low, high.min(LONGEST)),
            Latency::Exponential(least, mean) if mean.is_zero() => least,
            // The part is below 1, so the logarithm is finite: at most twelve times the mean.
            Latency::Exponential(least, mean) => {
                let more = mean.min(LONGEST).mul_f64(-(1.0 - world.part(choice)).ln());
                least.saturating_add(more)
            }
            Latency::Bimodal(usual, slow, share) => match world.chance(choice, share) {
                true => slow,
                false => usual,
            },
        };
        drawn.min(LONGEST)
    }
}

/// A century: longer than any run, and short enough to be reckoned with.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

impl Default for Latency {
    /// From half a millisecond to one and a half.
    fn default() -> Self {
        Latency::Uniform(Duration::from_micros(500), Duration::from_micros(1500))
    }
}

impl From<Duration> for Latency {
    fn from(time: Duration) -> Latency {
        Latency::Constant(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decider::{Decider, Tape};

    const MS: Duration = Duration::from_millis(1);

    fn average(latency: Latency) -> Duration {
        let world = World::new(Decider::seeded(7));
        (0..2000).map(|_| latency.draw(&world)).sum::<Duration>() / 2000
    }

    #[test]
    fn averages_are_as_said() {
        let close = |latency, expected: Duration| {
            let average = average(latency).as_secs_f64() / expected.as_secs_f64();
            assert!((0.93..1.07).contains(&average), "{latency:?}: {average}");
        };
        close(Latency::Constant(MS), MS);
        close(Latency::Uniform(MS, MS * 3), MS * 2);
        close(Latency::Exponential(MS, MS * 4), MS * 5);
        close(Latency::Bimodal(MS, MS * 101, 0.2), MS * 21);
    }

    #[test]
    fn any_time_will_do() {
        let world = World::new(Decider::seeded(1));
        let (zero, max) = (Duration::ZERO, Duration::MAX);
        for latency in [
            Latency::Constant(max),
            Latency::Uniform(max, zero),
            Latency::Uniform(zero, max),
            Latency::Exponential(max, max),
            Latency::Exponential(zero, max),
            Latency::Bimodal(max, max, f64::NAN),
        ] {
            assert!((0..100).all(|_| latency.draw(&world) <= LONGEST), "{latency:?}");
        }
    }

    #[test]
    fn the_tame_one_is_the_least() {
        for latency in
            [Latency::Uniform(MS, MS * 3), Latency::Exponential(MS, MS * 4), Latency::Bimodal(MS, MS * 9, 1.0)]
        {
            assert_eq!(latency.draw(&World::new(Decider::replay(Tape::default()))), MS, "{latency:?}");
        }
    }
}
