//! `Entropy`: where chance comes from, so that a simulation can repeat it.

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{BuildHasher, Hasher};

use crate::Handle;

/// A source of chance. A handle without one leaves everybody to their own: only who wants to repeat a run needs this part.
pub trait Entropy: fmt::Debug {
    /// A number below `n`, which is not 0. For a source that is asked to be tame, 0: the first in line.
    fn choose(&self, n: u32) -> u32;
}

/// A number below `n` from the current handle's source; `None` if it has none. For `n` of 0 or 1 there is no choice: 0.
///
/// ```
/// assert_eq!(whit_core::entropy::choose(6), None);
/// ```
pub fn choose(n: u32) -> Option<u32> {
    if n <= 1 {
        return Some(0);
    }
    // Its verb is foreign code, and may enter handles.
    let source = Handle::with_current(|handle| handle.entropy().cloned()).ok().flatten()?;
    Some(source.choose(n).min(n - 1))
}

/// For maps whose order a simulation repeats: std's `RandomState`, but for where its seed comes from.
///
/// Take it for maps that are iterated over. Inside a simulation its seed is chosen by that; outside it is std's, so that nobody can
/// guess which keys collide.
///
/// ```
/// use std::collections::HashMap;
/// use whit_core::entropy::RandomState;
///
/// let mut ages = HashMap::with_hasher(RandomState::new());
/// ages.insert("ada", 36);
/// assert_eq!(ages["ada"], 36);
/// ```
#[derive(Clone, Debug)]
pub struct RandomState(State);

#[derive(Clone, Debug)]
enum State {
    Std(std::hash::RandomState),
    Chosen(u32),
}

impl RandomState {
    /// A fresh seed.
    pub fn new() -> RandomState {
        // 256 orders are enough to find out whether a program depends on one.
        RandomState(choose(256).map_or_else(|| State::Std(std::hash::RandomState::new()), State::Chosen))
    }
}

impl Default for RandomState {
    fn default() -> Self {
        Self::new()
    }
}

impl BuildHasher for RandomState {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        match &self.0 {
            State::Std(state) => state.build_hasher(),
            State::Chosen(seed) => {
                let mut hasher = DefaultHasher::new();
                hasher.write_u32(*seed);
                hasher
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::sync::Arc;

    #[derive(Debug)]
    struct Always(u32);
    impl Entropy for Always {
        fn choose(&self, _: u32) -> u32 {
            self.0
        }
    }

    fn order() -> Vec<u32> {
        let mut set = HashSet::with_hasher(RandomState::new());
        set.extend(0..100);
        set.into_iter().collect()
    }

    #[test]
    fn the_order_is_the_sources() {
        let order_of = |seed| {
            let _entered = Handle::builder().entropy(Arc::new(Always(seed))).build().enter();
            order()
        };
        assert_eq!(order_of(7), order_of(7));
        assert_ne!(order_of(7), order_of(8));
        assert_ne!(order(), order());
    }

    #[test]
    fn a_source_that_says_too_much_is_cut_down() {
        let _entered = Handle::builder().entropy(Arc::new(Always(99))).build().enter();
        assert_eq!((choose(0), choose(1), choose(6), choose(100)), (Some(0), Some(0), Some(5), Some(99)));
    }
}
