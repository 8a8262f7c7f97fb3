//! What the clients saw, and whether one store that does one thing at a time could have shown it to them.

use std::collections::BTreeMap;
use std::time::Duration;

/// One operation of a client, from its call to its answer.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) client: u64,
    pub(crate) key: String,
    pub(crate) called: Duration,
    pub(crate) answered: Duration,
    /// 0 if nothing was there.
    pub(crate) version: u64,
    pub(crate) value: String,
    pub(crate) is_put: bool,
}

/// A sentence about the first thing that no such store could have shown.
///
/// Versions say in which order the writes took effect, so there is nothing to search: whoever is called after another's answer
/// must see that version or a newer one, and a write gets a newer one than whatever was seen before it.
pub(crate) fn complaint(history: &[Seen]) -> Option<String> {
    // Each value is put once, so it has one version, and each version one value.
    let (mut by_version, mut by_value) = (BTreeMap::new(), BTreeMap::new());
    for seen in history.iter().filter(|seen| seen.version > 0) {
        let known = by_version.entry((&seen.key, seen.version)).or_insert(&seen.value);
        if *known != &seen.value {
            return Some(format!("version {} of {} was {known} and {}", seen.version, seen.key, seen.value));
        }
        let known = by_value.entry((&seen.key, &seen.value)).or_insert(seen.version);
        if *known != seen.version {
            return Some(format!(
                "{} of {} was put once, and was versions {known} and {}",
                seen.value, seen.key, seen.version
            ));
        }
    }
    for later in history {
        let before = |earlier: &&Seen| earlier.key == later.key && earlier.answered < later.called;
        let newest = history.iter().filter(before).max_by_key(|earlier| earlier.version);
        let Some(newest) = newest else { continue };
        if later.version < newest.version || (later.is_put && later.version == newest.version) {
            return Some(format!(
                "client {} was answered version {} of {} at {:?}, and client {}, who asked at {:?}, got version {}",
                newest.client, newest.version, newest.key, newest.answered, later.client, later.called, later.version
            ));
        }
    }
    None
}
