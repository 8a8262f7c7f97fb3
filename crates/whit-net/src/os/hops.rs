//! The hop limit of a socket, which each family keeps under a name of its own.

use std::io;
use std::net::SocketAddr;

use socket2::SockRef;

pub(crate) fn get<'s, S>(socket: &'s S, local: SocketAddr) -> io::Result<u32>
where
    SockRef<'s>: From<&'s S>,
{
    match local {
        SocketAddr::V4(_) => SockRef::from(socket).ttl_v4(),
        SocketAddr::V6(_) => SockRef::from(socket).unicast_hops_v6(),
    }
}

pub(crate) fn set<'s, S>(socket: &'s S, local: SocketAddr, hops: u32) -> io::Result<()>
where
    SockRef<'s>: From<&'s S>,
{
    match local {
        SocketAddr::V4(_) => SockRef::from(socket).set_ttl_v4(hops),
        SocketAddr::V6(_) => SockRef::from(socket).set_unicast_hops_v6(hops),
    }
}
