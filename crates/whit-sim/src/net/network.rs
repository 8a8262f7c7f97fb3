//! `HostNetwork`: the fabric as one host sees it, which is what its programs run on.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use whit_core::{Datagram, Listener, Network, SocketOptions, Stream, Task};

use super::fabric::Fabric;
use super::tcp::{SimListener, SimStream};
use super::udp::SimDatagram;
use crate::HostId;

/// See the module text.
#[derive(Debug)]
pub(crate) struct HostNetwork {
    fabric: Fabric,
    host: HostId,
}

impl HostNetwork {
    pub(super) fn new(fabric: Fabric, host: HostId) -> HostNetwork {
        HostNetwork { fabric, host }
    }
}

impl Network for HostNetwork {
    fn connect(&self, peer: SocketAddr, options: &SocketOptions) -> io::Result<Arc<dyn Stream>> {
        let id = self.fabric.turn(|hosts, turn| hosts.connect(self.host, peer, options, turn))?;
        Ok(Arc::new(SimStream::new(self.fabric.clone(), self.host, id)))
    }

    fn listen(&self, local: SocketAddr, options: &SocketOptions) -> io::Result<Arc<dyn Listener>> {
        let id = self.fabric.turn(|hosts, turn| hosts.listen(self.host, local, options, turn))?;
        Ok(Arc::new(SimListener::new(self.fabric.clone(), self.host, id)))
    }

    fn bind(&self, local: SocketAddr, options: &SocketOptions) -> io::Result<Arc<dyn Datagram>> {
        let id = self.fabric.turn(|hosts, turn| hosts.bind(self.host, local, options, turn))?;
        Ok(Arc::new(SimDatagram::new(self.fabric.clone(), self.host, id)))
    }

    fn resolve(&self, host: String, port: u16) -> Task<io::Result<Vec<SocketAddr>>> {
        self.fabric.resolve(self.host, host, port)
    }
}
