//! `netstat`: every socket of every host, for reports and for whoever looks for what hangs.

use std::fmt::Write;

use super::fabric::Fabric;
use super::hosts::Host;

impl Fabric {
    /// The sockets of all hosts, one a line; empty if there are none.
    pub(crate) fn netstat(&self) -> String {
        let core = self.0.core.lock();
        let mut text = String::new();
        for host in core.hosts.list.values() {
            let sockets: Vec<_> = sockets(host).collect();
            let up = if host.is_up { "" } else { ", which is down" };
            if !sockets.is_empty() || !host.is_up {
                let _ = writeln!(text, "on host {:?}{up}:", &*host.name);
            }
            sockets.iter().for_each(|socket| {
                let _ = writeln!(text, "  {socket}");
            });
        }
        text.truncate(text.trim_end().len());
        text
    }
}

fn sockets(host: &Host) -> impl Iterator<Item = String> {
    let listeners = host.listeners.values().map(ToString::to_string);
    let streams = host.streams.values().map(ToString::to_string);
    let datagrams = host.datagrams.values().map(ToString::to_string);
    listeners.chain(streams).chain(datagrams)
}
