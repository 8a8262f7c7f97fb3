//! `race`: futures-lite's, with its chance from the current runtime if that has some of its own.

use std::future::Future;

use futures_lite::future::{self, Race};
use whit_core::entropy;

/// Polls both futures until one is ready, and drops the other. If both are, either may win, by chance: in a simulation by its
/// seed.
///
/// ```
/// # whit::block_on(async {
/// assert_eq!(whit::race(async { 1 }, std::future::pending()).await, 1);
/// # });
/// ```
pub fn race<T, F1, F2>(future1: F1, future2: F2) -> Race<F1, F2>
where
    F1: Future<Output = T>,
    F2: Future<Output = T>,
{
    match entropy::choose(256) {
        // Under 0 its generator begins with "the first first", which is what 0 is to mean: see the test.
        Some(seed) => future::race_with_seed(future1, future2, seed.into()),
        None => future::race(future1, future2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Debug)]
    struct Always(u32);
    impl entropy::Entropy for Always {
        fn choose(&self, _: u32) -> u32 {
            self.0
        }
    }

    fn winner() -> u32 {
        future::block_on(race(std::future::ready(1), std::future::ready(2)))
    }

    #[test]
    fn by_the_source_if_there_is_one() {
        let of = |seed| {
            let _entered = whit_core::Handle::builder().entropy(Arc::new(Always(seed))).build().enter();
            winner()
        };
        assert_eq!(of(0), 1, "0 is the first in line");
        let winners: Vec<_> = (0..256).map(of).collect();
        assert_eq!(winners, (0..256).map(of).collect::<Vec<_>>());
        assert!((64..192).contains(&winners.iter().filter(|winner| **winner == 2).count()));
        // And without one by chance.
        let winners: Vec<_> = (0..100).map(|_| winner()).collect();
        assert!(winners.contains(&1) && winners.contains(&2));
    }
}
