//! Links: what lies between two hosts, and when a packet arrives.
//!
//! There is one for each ordered pair of hosts; what is not set for a pair is as by default. Between a host and itself
//! nothing is set by default: that is its loopback, which takes no time and has no faults.
//!
//! How a packet is carried:
//! 1. It is lost, or with that probability doubled; each copy goes its own way.
//! 2. With a bandwidth it waits until those before it are through, and is sent after its size.
//! 3. The latency is drawn. It arrives no sooner than what went before it from the same socket to the same socket, unless it
//!    is reordered: then it takes up to four times its latency more, and nobody waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use super::latency::Latency;
use super::packet::Packet;
use crate::HostId;
use crate::decider::Choice;
use crate::world::World;

/// What is set for one link, or by default.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Settings {
    pub(super) latency: Option<Latency>,
    /// Bytes a second.
    pub(super) bandwidth: Option<u64>,
    pub(super) loss: Option<f64>,
    pub(super) duplication: Option<f64>,
    pub(super) reordering: Option<f64>,
    pub(super) segmentation: Option<f64>,
}

/// The links of one simulation.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) default: Settings,
    pub(super) pairs: BTreeMap<(HostId, HostId), Settings>,
    /// What is cut: from the first to the second.
    pub(super) cut: BTreeSet<(HostId, HostId)>,
    // When the last packet that is on its way will have been sent, and arrive.
    busy: BTreeMap<(HostId, HostId), Duration>,
    last: BTreeMap<Flow, Duration>,
    tidy_at: usize,
}

/// From one socket to one socket, by one protocol.
type Flow = (bool, HostId, SocketAddr, HostId, SocketAddr);

/// By default one segment of TCP in eight is cut in two between hosts.
const SEGMENTATION: f64 = 0.125;

/// How long what is sent may wait for a bandwidth: what finds a longer queue is dropped, as routers do.
const QUEUE: Duration = Duration::from_secs(2);

impl Links {
    pub(super) fn is_cut(&self, from: HostId, to: HostId) -> bool {
        self.cut.contains(&(from, to))
    }

    /// How likely a segment is cut in two.
    pub(super) fn segmentation(&self, from: HostId, to: HostId) -> f64 {
        let set = self.settings(from, to).segmentation;
        set.unwrap_or(if from == to { 0.0 } else { SEGMENTATION })
    }

    /// When the packet arrives, and when its double does; or why it is lost.
    pub(super) fn carry(
        &mut self,
        world: &World,
        packet: &Packet,
    ) -> Result<(Duration, Option<Duration>), &'static str> {
        let pair = (packet.from_host, packet.to_host);
        let link = self.settings(pair.0, pair.1);
        if world.chance(Choice::Network, link.loss.unwrap_or(0.0)) {
            return Err("lost");
        }
        let first = self.arrival(world, packet, &link)?;
        let doubled = match world.chance(Choice::Network, link.duplication.unwrap_or(0.0)) {
            true => self.arrival(world, packet, &link).ok(),
            false => None,
        };
        Ok((first, doubled))
    }

    fn arrival(&mut self, world: &World, packet: &Packet, link: &Settings) -> Result<Duration, &'static str> {
        let now = world.now();
        let pair = (packet.from_host, packet.to_host);
        let sent = match link.bandwidth {
            None => now,
            Some(bytes) => {
                let begin = self.busy.get(&pair).copied().unwrap_or_default().max(now);
                if begin - now > QUEUE {
                    return Err("lost in a full queue");
                }
                let sent = begin + Duration::from_secs_f64(packet.size() as f64 / bytes.max(1) as f64);
                self.busy.insert(pair, sent);
                sent
            }
        };
        let loopback = Latency::Constant(Duration::ZERO);
        let latency = link.latency.unwrap_or(if packet.is_loopback() { loopback } else { Latency::default() });
        let arrival = sent.saturating_add(latency.draw(world));
        if world.chance(Choice::Network, link.reordering.unwrap_or(0.0)) {
            return Ok(arrival + world.between(Choice::Network, Duration::ZERO, (arrival - now) * 4));
        }
        let flow = (packet.is_tcp(), pair.0, packet.from, pair.1, packet.to);
        self.tidy(now);
        let last = self.last.entry(flow).or_default();
        *last = arrival.max(*last);
        Ok(*last)
    }

    fn settings(&self, from: HostId, to: HostId) -> Settings {
        let default = if from == to { Settings::default() } else { self.default };
        let Some(own) = self.pairs.get(&(from, to)) else { return default };
        Settings {
            latency: own.latency.or(default.latency),
            bandwidth: own.bandwidth.or(default.bandwidth),
            loss: own.loss.or(default.loss),
            duplication: own.duplication.or(default.duplication),
            reordering: own.reordering.or(default.reordering),
            segmentation: own.segmentation.or(default.segmentation),
        }
    }

    /// Forgets the flows whose last packet has arrived, whenever they have doubled.
    fn tidy(&mut self, now: Duration) {
        if self.last.len() > self.tidy_at {
            self.last.retain(|_, last| *last > now);
            self.tidy_at = 64.max(self.last.len() * 2);
        }
    }
}
