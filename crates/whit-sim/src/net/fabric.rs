//! `Fabric`: everything between and in the hosts that has to do with packets; its lock, and the way of a packet.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use super::faults::NetFaults;
use super::hosts::Hosts;
use super::latency::Latency;
use super::link::Links;
use super::network::HostNetwork;
use super::packet::{Body, Packet};
use super::rules::{Rule, Verdict};
use super::turn::{Outgoing, Turn};
use crate::HostId;
use crate::exclusive::Exclusive;
use crate::world::World;

/// The network between the hosts of one simulation. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Fabric(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) world: World,
    pub(super) core: Exclusive<Core>,
}

#[derive(Default)]
pub(super) struct Core {
    pub(super) hosts: Hosts,
    pub(super) links: Links,
    pub(super) rules: BTreeMap<u64, Rule>,
    pub(super) next_rule: u64,
    packets: u64,
    pub(super) look_up: Option<Latency>,
}

impl Fabric {
    pub(crate) fn new(world: World) -> Fabric {
        Fabric(Arc::new(Inner { world, core: Exclusive::default() }))
    }

    /// # Panics
    ///
    /// If another host has one of the addresses.
    #[track_caller]
    pub(crate) fn add_host(&self, host: HostId, name: &str, addresses: &[IpAddr]) {
        self.0.core.lock().hosts.add(host, name, addresses);
    }

    /// Gives a host other addresses. What is bound to the former ones is reached no more.
    pub(crate) fn set_addresses(&self, host: HostId, addresses: &[IpAddr]) {
        self.0.core.lock().hosts.set_addresses(host, addresses);
    }

    /// The network as that host sees it; the same before and after a restart.
    pub(crate) fn network(&self, host: HostId) -> Arc<HostNetwork> {
        Arc::new(HostNetwork::new(self.clone(), host))
    }

    /// What may go wrong with the sockets of `host` from now on.
    pub(crate) fn set_faults(&self, host: HostId, faults: NetFaults) {
        self.0.core.lock().hosts.get(host).faults = faults.0;
    }

    /// How long the look-up of a name takes from now on; until then it takes no time.
    pub(crate) fn set_look_up(&self, latency: Latency) {
        self.0.core.lock().look_up = Some(latency);
    }

    /// One turn under the lock, and what it leaves to do.
    pub(super) fn turn<R>(&self, f: impl FnOnce(&mut Hosts, &mut Turn<'_>) -> R) -> R {
        let weak = Arc::downgrade(&self.0);
        let mut core = self.0.core.lock();
        let Core { hosts, links, .. } = &mut *core;
        let mut turn = Turn::new(&self.0.world, links, &weak);
        let result = f(hosts, &mut turn);
        let after = turn.after;
        drop(core);
        after.packets.into_iter().for_each(|packet| self.route(packet));
        whit_core::wake_all(after.wakers);
        drop(after.garbage);
        result
    }

    /// Finds out whom a packet is for, and asks the rules.
    fn route(&self, out: Outgoing) {
        if out.to.ip() == Ipv4Addr::BROADCAST {
            let hosts: Vec<HostId> = self.0.core.lock().hosts.list.keys().copied().collect();
            return hosts.into_iter().for_each(|host| self.address(out.clone(), host));
        }
        let to_host = self.0.core.lock().hosts.at(out.host, out.to.ip());
        match to_host {
            Some(host) => self.address(out, host),
            None => self.0.world.note(out.host, || format!("to nobody: {} > {}", out.from, out.to)),
        }
    }

    fn address(&self, out: Outgoing, to_host: HostId) {
        let mut core = self.0.core.lock();
        core.packets += 1;
        let number = core.packets;
        let name = |host| core.hosts.list[&host].name.clone();
        let (from_name, to_name) = (name(out.host), name(to_host));
        drop(core);
        let Outgoing { host: from_host, from, to, body } = out;
        let packet = Packet { number, from_host, from_name, to_host, to_name, from, to, body };
        match self.judge(&packet) {
            Verdict::Pass => self.carry(packet),
            Verdict::Drop => self.note_lost(&packet, "dropped by a rule"),
            Verdict::Delay(time) => {
                let weak = Arc::downgrade(&self.0);
                self.0.world.at(self.0.world.now().saturating_add(time), move || {
                    if let Some(inner) = weak.upgrade() {
                        Fabric(inner).carry(packet);
                    }
                });
            }
        }
    }

    /// Sends a packet over its link.
    fn carry(&self, packet: Packet) {
        let mut core = self.0.core.lock();
        let carried = match core.links.is_cut(packet.from_host, packet.to_host) {
            true => Err("cut off"),
            false => core.links.carry(&self.0.world, &packet),
        };
        drop(core);
        match carried {
            Err(why) => self.note_lost(&packet, why),
            Ok(arrivals) => {
                self.0.world.note(packet.from_host, || format!("sends #{} {packet}", packet.number));
                let (first, doubled) = arrivals;
                doubled.into_iter().for_each(|when| self.deliver_at(when, packet.clone()));
                self.deliver_at(first, packet);
            }
        }
    }

    fn deliver_at(&self, when: Duration, packet: Packet) {
        let weak = Arc::downgrade(&self.0);
        self.0.world.at(when, move || {
            if let Some(inner) = weak.upgrade() {
                Fabric(inner).deliver(packet);
            }
        });
    }

    /// A packet arrives. A cut also takes what is on its way.
    fn deliver(&self, packet: Packet) {
        let mut core = self.0.core.lock();
        let lost = match core.links.is_cut(packet.from_host, packet.to_host) {
            true => Some("cut off on its way"),
            false if !core.hosts.get(packet.to_host).is_up => Some("at a host that is down"),
            false => None,
        };
        drop(core);
        if let Some(why) = lost {
            return self.note_lost(&packet, why);
        }
        self.0.world.note(packet.to_host, || format!("gets #{}", packet.number));
        let Packet { from, to, body, to_host, .. } = packet;
        self.turn(|hosts, turn| match body {
            Body::Segment(segment) => hosts.segment_arrives(to_host, from, to, segment, turn),
            Body::Datagram(data) => hosts.get(to_host).datagram_arrives(from, to, data, turn),
            Body::Unreachable => hosts.get(to_host).unreachable_arrives(from, to, turn),
        });
    }

    fn note_lost(&self, packet: &Packet, why: &str) {
        self.0.world.note(packet.from_host, || format!("{why}: {packet}"));
    }
}

impl fmt::Debug for Fabric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fabric")
    }
}
