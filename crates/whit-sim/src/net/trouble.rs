//! Trouble on purpose: partitions, crashes, restarts, pauses, and links that are set.

use std::fmt;

use super::fabric::{Core, Fabric};
use super::latency::Latency;
use super::link::Settings;
use crate::HostId;

/// What is cut and healed. Both also take what is on its way.
impl Fabric {
    /// Cuts everything between the two groups, in both directions. A host does not lose itself.
    pub(crate) fn partition(&self, ones: &[HostId], others: &[HostId]) {
        self.partition_one_way(ones, others);
        self.partition_one_way(others, ones);
    }

    /// Cuts what goes from the first to the second.
    pub(crate) fn partition_one_way(&self, from: &[HostId], to: &[HostId]) {
        let mut core = self.0.core.lock();
        let pairs = from.iter().flat_map(|from| to.iter().map(|to| (*from, *to)));
        for (from, to) in pairs.filter(|(from, to)| from != to) {
            core.links.cut.insert((from, to));
            self.0.world.note(from, || format!("is cut off from host {to:?}"));
        }
    }

    /// Ends every partition.
    pub(crate) fn heal(&self) {
        let mut core = self.0.core.lock();
        for (from, to) in std::mem::take(&mut core.links.cut) {
            self.0.world.note(from, || format!("reaches host {to:?} again"));
        }
    }

    /// Ends what is cut between the two groups, in both directions.
    pub(crate) fn heal_between(&self, ones: &[HostId], others: &[HostId]) {
        let mut core = self.0.core.lock();
        let between = |from: &HostId, to: &HostId| ones.contains(from) && others.contains(to);
        core.links.cut.retain(|(from, to)| !between(from, to) && !between(to, from));
    }
}

/// Hosts that fail.
impl Fabric {
    /// The host loses power: its sockets are gone without a word, and what comes to it is lost. Its peers hear nothing until it
    /// has restarted, and then are told that nobody knows them.
    ///
    /// Handles of its sockets become inert, so that dropping them afterwards has no effect.
    pub(crate) fn crash(&self, host: HostId) {
        self.turn(|hosts, turn| {
            let host = hosts.get(host);
            host.is_up = false;
            host.open = 0;
            host.pairs.clear();
            host.lingering.clear();
            for mut end in std::mem::take(&mut host.streams).into_values() {
                end.vanish(turn);
            }
            std::mem::take(&mut host.listeners).into_values().for_each(|mut listening| listening.vanish(turn));
            std::mem::take(&mut host.datagrams).into_values().for_each(|mut bound| bound.vanish(turn));
            turn.world.note(host.id, || "is down".into());
        });
    }

    /// The host answers again, and has no sockets.
    pub(crate) fn restart(&self, host: HostId) {
        self.0.core.lock().hosts.get(host).is_up = true;
        self.0.world.note(host, || "is up".into());
    }

    /// The host's programs stand still; its kernel does not: connections are accepted into the queues, data is acknowledged until
    /// the buffers are full, datagrams are kept. So there is nothing to do here but to note it.
    pub(crate) fn pause(&self, host: HostId) {
        self.0.world.note(host, || "stands still".into());
    }

    /// The end of a [`pause`](Fabric::pause).
    pub(crate) fn resume(&self, host: HostId) {
        self.0.world.note(host, || "goes on".into());
    }
}

/// Links that are set.
impl Fabric {
    /// The link between two hosts, in both directions. With twice the same host it is that host's loopback.
    pub(crate) fn link(&self, one: HostId, other: HostId) -> Link {
        Link { fabric: self.clone(), pairs: vec![(one, other), (other, one)] }
    }

    /// The link from one host to another.
    pub(crate) fn link_one_way(&self, from: HostId, to: HostId) -> Link {
        Link { fabric: self.clone(), pairs: vec![(from, to)] }
    }

    /// Every link between different hosts that is not set by itself.
    pub(crate) fn links(&self) -> Link {
        Link { fabric: self.clone(), pairs: Vec::new() }
    }
}

/// A link between hosts, to be set: each of these holds from now on, for what is sent after it.
///
/// By default packets take from 0.5 to 1.5 ms, nothing is lost, doubled or reordered, and the bandwidth is not limited. A
/// host's loopback takes no time, and has no faults unless it is set by itself.
///
/// ```
/// use std::time::Duration;
/// use whit_sim::{Latency, Sim};
///
/// let ms = Duration::from_millis(1);
/// let sim = Sim::new(1);
/// sim.host("near");
/// sim.host("far");
/// let controls = sim.controls();
/// controls.links().latency(ms).loss(0.01);
/// controls.link("near", "far").latency(Latency::Exponential(80 * ms, 20 * ms)).bandwidth(1_000_000);
/// ```
#[must_use = "a link is what it was until something is set"]
#[derive(Clone)]
pub struct Link {
    fabric: Fabric,
    // Empty: the default.
    pairs: Vec<(HostId, HostId)>,
}

impl Link {
    /// How long a packet is on its way. A plain duration is a constant one.
    pub fn latency(&self, latency: impl Into<Latency>) -> &Link {
        let latency = latency.into();
        self.set(|settings| settings.latency = Some(latency))
    }

    /// How many bytes a second pass; 40 are added to each packet for its headers. What would have to wait for more than two
    /// seconds is lost.
    pub fn bandwidth(&self, bytes: u64) -> &Link {
        self.set(|settings| settings.bandwidth = Some(bytes))
    }

    /// How likely a packet is lost. Within a TCP connection that is a delay, as it is sent again.
    pub fn loss(&self, probability: f64) -> &Link {
        self.set(|settings| settings.loss = Some(probability))
    }

    /// How likely a packet arrives twice.
    pub fn duplication(&self, probability: f64) -> &Link {
        self.set(|settings| settings.duplication = Some(probability))
    }

    /// How likely a packet takes up to five times as long, while others overtake it.
    pub fn reordering(&self, probability: f64) -> &Link {
        self.set(|settings| settings.reordering = Some(probability))
    }

    /// How likely a segment of TCP is cut in two at any place: 1 in 8 by default. What one writes, the other need not read in
    /// one piece.
    pub fn segmentation(&self, probability: f64) -> &Link {
        self.set(|settings| settings.segmentation = Some(probability))
    }

    fn set(&self, set: impl Fn(&mut Settings)) -> &Link {
        let mut core = self.fabric.0.core.lock();
        let Core { links, .. } = &mut *core;
        if self.pairs.is_empty() {
            set(&mut links.default);
        }
        self.pairs.iter().for_each(|pair| set(links.pairs.entry(*pair).or_default()));
        drop(core);
        self
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("pairs", &self.pairs).finish_non_exhaustive()
    }
}
