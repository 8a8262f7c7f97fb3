//! Which local addresses are free: for who listens, and for who connects.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use whit_core::SocketOptions;

use super::endpoint::State;
use crate::net::address::Binding;
use crate::net::errors;
use crate::net::hosts::Host;

impl Host {
    /// The address to listen on: that which is asked for, if it is free. As Linux has it, a live listener is in the way of
    /// every other unless both want to share the port; connections are in the way unless they and the new one reuse.
    pub(super) fn listening_address(&mut self, mut binding: Binding, reuse: bool, share: bool) -> io::Result<Binding> {
        self.may_bind(&binding)?;
        if binding.port == 0 {
            let free = |host: &Host, port| host.is_free(&Binding { port, ..binding }, false, false);
            binding.port = self.free_port(free).ok_or(io::ErrorKind::AddrInUse)?;
        } else if !self.is_free(&binding, reuse, share) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Ok(binding)
    }

    /// The address to connect to `to` from. The family of `peer` is that of the socket.
    pub(super) fn connecting_address(
        &mut self,
        peer: SocketAddr,
        to: SocketAddr,
        options: &SocketOptions,
    ) -> io::Result<SocketAddr> {
        let mut binding = None;
        if let Some(asked) = options.bind {
            if asked.is_ipv6() != peer.is_ipv6() {
                return Err(errors::wrong_family());
            }
            let asked = Binding::new(asked, options.only_v6 == Some(true));
            self.may_bind(&asked)?;
            if asked.port != 0 && !self.is_free(&asked, options.reuse_address == Some(true), options.reuse_port) {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            binding = Some(asked);
        }
        let source = self.source(to.ip())?;
        let ip = binding.filter(Binding::is_specific).map_or(source, |asked| asked.ip);
        if ip.is_loopback() && !self.is_own(to.ip()) {
            // What comes from a loopback does not leave the host.
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let is_free = |host: &Host, port| !host.pairs.contains_key(&(SocketAddr::new(ip, port), to));
        let port = match binding.map_or(0, |asked| asked.port) {
            0 => self.free_port(|host, port| {
                let listened = host.listeners.values().any(|listener| listener.binding.port == port);
                // Nor the port that it connects to: it would meet itself.
                is_free(host, port) && !listened && !(port == to.port() && host.is_own(to.ip()))
            }),
            asked => Some(asked).filter(|port| is_free(self, *port)),
        };
        let port = port.ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(SocketAddr::new(ip, port))
    }

    fn is_free(&self, binding: &Binding, reuse: bool, share: bool) -> bool {
        let listened = self.listeners.values().any(|l| l.binding.overlaps(binding) && !(share && l.shares));
        let connected = self.streams.values().any(|end| {
            let in_the_way = end.local.port() == binding.port && binding.covers(end.local.ip());
            in_the_way && end.state != State::Dead && !(reuse && end.reuse)
        });
        !listened && !connected
    }

    /// Forgets the connections that have lingered long enough.
    pub(super) fn forget_lingered(&mut self, now: Duration) {
        while let Some((until, id)) = self.lingering.front().copied()
            && until <= now
        {
            self.lingering.pop_front();
            if let Some(end) = self.streams.get_mut(&id) {
                end.state = State::Dead;
                self.settle(id);
            }
        }
    }
}
