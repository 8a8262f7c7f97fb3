//! Multicast: groups of addresses that many sockets receive at once.
//!
//! Only the system's sockets have it: a [`Network`](whit_core::Network) knows nothing of groups, so these are options of the
//! descriptor that [`UdpSocket::raw`] shows.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use socket2::SockRef;

use crate::UdpSocket;
use crate::error::explain;

/// Multicast. On a network that is not the system's every one of these fails with `Unsupported`.
///
/// ```
/// use whit_net::{Ipv4Addr, UdpSocket};
///
/// # futures_lite::future::block_on(async {
/// let group = Ipv4Addr::new(239, 1, 2, 3);
/// let receiver = UdpSocket::bind("0.0.0.0:0").await?;
/// receiver.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
/// // Now it receives what anybody sends to that group and its own port.
/// receiver.leave_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
impl UdpSocket {
    /// Receives what is sent to `group` from now on, on the interface that has this address; on one that the system chooses
    /// if it is [`Ipv4Addr::UNSPECIFIED`].
    ///
    /// # Errors
    ///
    /// `group` is no multicast address, no interface has that address, or the socket is in the group already.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        let joined = SockRef::from(&self.system()?).join_multicast_v4(&group, &interface);
        joined.map_err(|error| told(error, "joining", group, interface))
    }

    /// Takes a [join](UdpSocket::join_multicast_v4) back.
    ///
    /// # Errors
    ///
    /// The socket is not in the group on that interface.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        let left = SockRef::from(&self.system()?).leave_multicast_v4(&group, &interface);
        left.map_err(|error| told(error, "leaving", group, interface))
    }

    /// As [`join_multicast_v4`](UdpSocket::join_multicast_v4), with the index of the interface; 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// `group` is no multicast address, there is no such interface, or the socket is in the group already.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        let joined = SockRef::from(&self.system()?).join_multicast_v6(group, interface);
        joined.map_err(|error| told(error, "joining", group, interface))
    }

    /// Takes a [join](UdpSocket::join_multicast_v6) back.
    ///
    /// # Errors
    ///
    /// The socket is not in the group on that interface.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        let left = SockRef::from(&self.system()?).leave_multicast_v6(group, interface);
        left.map_err(|error| told(error, "leaving", group, interface))
    }

    /// Whether members on this machine receive what this socket sends to IPv4 groups (on Windows: whether this socket
    /// receives what they send).
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        SockRef::from(&self.system()?).multicast_loop_v4()
    }

    /// Sets [that](UdpSocket::multicast_loop_v4); at first it is on.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        SockRef::from(&self.system()?).set_multicast_loop_v4(on)
    }

    /// As [`multicast_loop_v4`](UdpSocket::multicast_loop_v4), for IPv6 groups.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        SockRef::from(&self.system()?).multicast_loop_v6()
    }

    /// Sets [that](UdpSocket::multicast_loop_v6); at first it is on.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        SockRef::from(&self.system()?).set_multicast_loop_v6(on)
    }

    /// How many networks a datagram to an IPv4 group may cross.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        SockRef::from(&self.system()?).multicast_ttl_v4()
    }

    /// Sets [that](UdpSocket::multicast_ttl_v4); at first it is 1, this network only.
    ///
    /// # Errors
    ///
    /// What the system says: it is more than 255, say.
    pub fn set_multicast_ttl_v4(&self, networks: u32) -> io::Result<()> {
        SockRef::from(&self.system()?).set_multicast_ttl_v4(networks)
    }
}

fn told(error: io::Error, doing: &str, group: impl fmt::Display, interface: impl fmt::Display) -> io::Error {
    explain(error, format_args!("{doing} the multicast group {group} on the interface {interface}"))
}
