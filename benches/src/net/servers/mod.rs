//! What is measured: the same three services, written for each contender in its own way.

pub(crate) mod by_hand;
pub(crate) mod compio;
pub(crate) mod glommio;
pub(crate) mod monoio;
pub(crate) mod smol;
pub(crate) mod tokio;
pub(crate) mod whit;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::Sender;

/// What a server does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Service {
    /// Sends back what comes over TCP, with a buffer of so many bytes for each connection.
    Echo { buffer: usize },
    /// Accepts and closes.
    Close,
    /// Sends back datagrams.
    Datagrams,
}

/// Serves until the process ends; says where, as soon as it listens.
pub(crate) type Serve = fn(Service, Sender<SocketAddr>);

/// A port that the system picks, on loopback.
pub(crate) const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Bytes of the buffer of a server of datagrams.
pub(crate) const DATAGRAM: usize = 2048;
