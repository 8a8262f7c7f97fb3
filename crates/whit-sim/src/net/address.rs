//! Addresses: what a socket is bound to, which addresses that covers, and how an IPv6 socket shows an IPv4 peer.
//!
//! Inside the fabric addresses are canonical: an IPv4 address mapped into IPv6 is the IPv4 address. A socket of family IPv6
//! shows it mapped.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What a socket is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Binding {
    /// Canonical. Unspecified means every address of the host.
    pub(super) ip: IpAddr,
    pub(super) port: u16,
    /// Of which family the socket is.
    pub(super) v6: bool,
    /// An IPv6 socket that takes no IPv4.
    pub(super) only_v6: bool,
}

impl Binding {
    pub(super) fn new(local: SocketAddr, only_v6: bool) -> Binding {
        Binding { ip: local.ip().to_canonical(), port: local.port(), v6: local.is_ipv6(), only_v6 }
    }

    /// Whether what is sent to this address of the host comes here.
    pub(super) fn covers(&self, ip: IpAddr) -> bool {
        match self.ip {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => ip.is_ipv4(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => ip.is_ipv6() || !self.only_v6,
            own => own == ip,
        }
    }

    /// Whether something could come to both.
    pub(super) fn overlaps(&self, other: &Binding) -> bool {
        self.port == other.port && (self.covers(other.ip) || other.covers(self.ip))
    }

    /// Whether it is bound to one address, and so goes before one that is bound to all.
    pub(super) fn is_specific(&self) -> bool {
        !self.ip.is_unspecified()
    }

    /// Whether the socket can speak to that address at all.
    pub(super) fn speaks_to(&self, ip: IpAddr) -> bool {
        ip.is_ipv6() == self.v6 || (ip.is_ipv4() && self.v6 && !self.only_v6)
    }

    /// The local address as the socket tells it.
    pub(super) fn shown(&self) -> SocketAddr {
        shown(SocketAddr::new(self.ip, self.port), self.v6)
    }
}

/// A canonical address as a socket of that family shows it. That of all is of either family, and is not mapped.
pub(super) fn shown(address: SocketAddr, v6: bool) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) if v6 => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), address.port()),
        IpAddr::V4(ip) if v6 => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
        _ => address,
    }
}

/// The canonical form, without scope and flow. To connect to the address of all is to connect to oneself.
pub(super) fn destination(to: SocketAddr) -> SocketAddr {
    let ip = match to.ip().to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, to.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(text: &str, only_v6: bool) -> Binding {
        Binding::new(text.parse().unwrap(), only_v6)
    }

    #[test]
    fn who_covers_what() {
        let ip = |text: &str| text.parse().unwrap();
        assert!(bound("0.0.0.0:1", false).covers(ip("10.0.0.1")) && !bound("0.0.0.0:1", false).covers(ip("::1")));
        assert!(bound("[::]:1", false).covers(ip("10.0.0.1")) && bound("[::]:1", false).covers(ip("::1")));
        assert!(!bound("[::]:1", true).covers(ip("10.0.0.1")) && bound("[::]:1", true).covers(ip("::1")));
        assert!(bound("[::ffff:10.0.0.1]:1", false).covers(ip("10.0.0.1")));
        assert!(!bound("10.0.0.1:1", false).covers(ip("10.0.0.2")));
    }

    #[test]
    fn who_is_in_whose_way() {
        let overlap = |a, b| bound(a, false).overlaps(&bound(b, false));
        assert!(overlap("0.0.0.0:1", "10.0.0.1:1") && overlap("10.0.0.1:1", "0.0.0.0:1"));
        assert!(overlap("[::]:1", "0.0.0.0:1") && !bound("[::]:1", true).overlaps(&bound("0.0.0.0:1", false)));
        assert!(!overlap("10.0.0.1:1", "10.0.0.1:2") && !overlap("10.0.0.1:1", "10.0.0.2:1"));
    }

    #[test]
    fn v6_sockets_show_v4_mapped() {
        let v4: SocketAddr = "10.0.0.1:5".parse().unwrap();
        assert_eq!(shown(v4, true), "[::ffff:10.0.0.1]:5".parse().unwrap());
        assert_eq!(destination(shown(v4, true)), v4);
        assert_eq!(destination("0.0.0.0:5".parse().unwrap()), "127.0.0.1:5".parse().unwrap());
        assert_eq!(bound("[::]:9", false).shown(), "[::]:9".parse().unwrap());
    }
}
