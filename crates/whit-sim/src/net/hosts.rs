//! Hosts as the fabric sees them: names, addresses, and the sockets of each.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use super::address::Binding;
use super::errors;
use super::faults::Faults;
use super::tcp::{Endpoint, Listening};
use super::turn::Turn;
use super::udp::Bound;
use crate::HostId;
use crate::decider::Choice;

/// Names a socket. No two of one simulation have the same, so that the number also tells connections apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SocketId(pub(super) u64);

/// Every host of a simulation.
#[derive(Default)]
pub(super) struct Hosts {
    pub(super) list: BTreeMap<HostId, Host>,
    names: BTreeMap<String, HostId>,
    addresses: BTreeMap<IpAddr, HostId>,
    next_socket: u64,
}

/// One host.
pub(super) struct Host {
    pub(super) id: HostId,
    pub(super) name: Arc<str>,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) is_up: bool,
    pub(super) faults: Faults,
    /// Sockets that the program has, by the names of their owners: descriptors.
    pub(super) open: usize,
    pub(super) listeners: BTreeMap<SocketId, Listening>,
    pub(super) streams: BTreeMap<SocketId, Endpoint>,
    /// Connections by the address of this end and of the other.
    pub(super) pairs: BTreeMap<(SocketAddr, SocketAddr), SocketId>,
    /// Connections that linger, by when they are over.
    pub(super) lingering: VecDeque<(Duration, SocketId)>,
    pub(super) datagrams: BTreeMap<SocketId, Bound>,
    next_port: u16,
}

/// Where ports begin that a host chooses by itself. As Linux has it.
const FIRST_PORT: u16 = 32_768;
const LAST_PORT: u16 = 60_999;

impl Hosts {
    pub(super) fn add(&mut self, id: HostId, name: &str, addresses: &[IpAddr]) {
        self.names.insert(name.to_ascii_lowercase(), id);
        let addresses: Vec<IpAddr> = addresses.iter().map(IpAddr::to_canonical).collect();
        for ip in &addresses {
            let before = self.addresses.insert(*ip, id);
            assert!(before.is_none(), "adding host {name:?} failed: another host has the address {ip} already");
        }
        let host = Host {
            id,
            name: name.into(),
            addresses,
            is_up: true,
            faults: Faults::default(),
            open: 0,
            listeners: BTreeMap::new(),
            streams: BTreeMap::new(),
            pairs: BTreeMap::new(),
            lingering: VecDeque::new(),
            datagrams: BTreeMap::new(),
            next_port: FIRST_PORT,
        };
        self.list.insert(id, host);
    }

    /// The addresses of a host, in place of those it had. They are no other host's: that is checked where users give them.
    pub(super) fn set_addresses(&mut self, id: HostId, addresses: &[IpAddr]) {
        self.addresses.retain(|_, of| *of != id);
        let addresses: Vec<IpAddr> = addresses.iter().map(IpAddr::to_canonical).collect();
        self.addresses.extend(addresses.iter().map(|ip| (*ip, id)));
        self.get(id).addresses = addresses;
    }

    /// # Panics
    ///
    /// If there is no such host, which is a bug in whoever asks: names are checked where users give them.
    pub(super) fn get(&mut self, id: HostId) -> &mut Host {
        self.list.get_mut(&id).expect("the host was added before it is used")
    }

    pub(super) fn next_socket(&mut self) -> SocketId {
        self.next_socket += 1;
        SocketId(self.next_socket)
    }

    pub(super) fn named(&self, name: &str) -> Option<&Host> {
        // A name may end in the dot of the root.
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        self.names.get(&name).map(|id| &self.list[id])
    }

    /// Who has that address, as seen from `from`.
    pub(super) fn at(&self, from: HostId, ip: IpAddr) -> Option<HostId> {
        if ip.is_loopback() { Some(from) } else { self.addresses.get(&ip).copied() }
    }
}

impl Host {
    pub(super) fn is_own(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || self.addresses.contains(&ip)
    }

    /// Whether a socket may be bound there.
    pub(super) fn may_bind(&self, binding: &Binding) -> io::Result<()> {
        self.is_running()?;
        match binding.ip.is_unspecified() || self.is_own(binding.ip) {
            true => Ok(()),
            false => Err(io::ErrorKind::AddrNotAvailable.into()),
        }
    }

    /// The address that packets to `to` come from: that of the same kind.
    pub(super) fn source(&self, to: IpAddr) -> io::Result<IpAddr> {
        match to {
            IpAddr::V4(to) if to.is_loopback() => Ok(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(Ipv6Addr::LOCALHOST) => Ok(to),
            _ if self.is_own(to) => Ok(to),
            _ => {
                let own = self.addresses.iter().find(|ip| ip.is_ipv4() == to.is_ipv4());
                own.copied().ok_or_else(|| io::ErrorKind::NetworkUnreachable.into())
            }
        }
    }

    /// The next port of those that the host chooses itself for which `is_free` holds.
    pub(super) fn free_port(&mut self, mut is_free: impl FnMut(&Host, u16) -> bool) -> Option<u16> {
        for _ in FIRST_PORT..=LAST_PORT {
            let port = self.next_port;
            self.next_port = if port == LAST_PORT { FIRST_PORT } else { port + 1 };
            if is_free(self, port) {
                return Some(port);
            }
        }
        None
    }

    pub(super) fn is_running(&self) -> io::Result<()> {
        if self.is_up { Ok(()) } else { Err(errors::host_is_down(&self.name)) }
    }

    /// Whether there is a descriptor for one more socket: within the limit, and by chance.
    pub(super) fn has_descriptor(&self, turn: &Turn<'_>) -> io::Result<()> {
        let used_up = self.faults.descriptors.is_some_and(|limit| self.open >= limit);
        match used_up || turn.world.chance(Choice::Fault, self.faults.out_of_descriptors) {
            true => {
                turn.world.note(self.id, || "has no descriptor left".into());
                Err(errors::out_of_descriptors())
            }
            false => Ok(()),
        }
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
