//! Names: those of the hosts, and `localhost`.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Poll, Waker};

use whit_core::{Home, Runnable, Schedule, ScheduleInfo, Task, spawn};

use super::errors;
use super::fabric::Fabric;
use super::hosts::Hosts;
use crate::HostId;
use crate::decider::Choice;
use crate::exclusive::Exclusive;

type Answer = io::Result<Vec<SocketAddr>>;

impl Fabric {
    /// Looks a name up. Numbers need no look-up, and are ready at once; names are, too, unless look-ups have a latency.
    pub(super) fn resolve(&self, host: HostId, name: String, port: u16) -> Task<Answer> {
        if let Ok(ip) = name.parse::<IpAddr>() {
            return ready(Ok(vec![SocketAddr::new(ip, port)]));
        }
        let core = self.0.core.lock();
        let latency = core.look_up;
        drop(core);
        self.0.world.note(host, || format!("looks up {name:?}"));
        let Some(latency) = latency else { return ready(self.look_up(host, &name, port)) };
        let shared = Arc::new(Exclusive::new((None::<Answer>, None::<Waker>)));
        let (fabric, slot) = (Arc::downgrade(&self.0), shared.clone());
        self.0.world.at(self.0.world.now().saturating_add(latency.draw(&self.0.world)), move || {
            let Some(inner) = fabric.upgrade() else { return };
            let answer = Fabric(inner).look_up(host, &name, port);
            let mut slot = slot.lock();
            slot.0 = Some(answer);
            let waker = slot.1.take();
            drop(slot);
            waker.into_iter().for_each(Waker::wake);
        });
        let answer = poll_fn(move |cx| {
            let mut slot = shared.lock();
            match slot.0.take() {
                Some(answer) => Poll::Ready(answer),
                None => {
                    slot.1 = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        });
        spawn(&at_once(), answer)
    }

    fn look_up(&self, host: HostId, name: &str, port: u16) -> Answer {
        let mut core = self.0.core.lock();
        let unresolved = core.hosts.get(host).faults.unresolved;
        if self.0.world.chance(Choice::Fault, unresolved) {
            return Err(errors::names_unavailable());
        }
        let ips = known(&core.hosts, name).ok_or_else(errors::unknown_name)?;
        Ok(ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }
}

fn known(hosts: &Hosts, name: &str) -> Option<Vec<IpAddr>> {
    if name.eq_ignore_ascii_case("localhost") {
        // In the order in which the real look-up gives them.
        return Some(vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]);
    }
    hosts.named(name).map(|host| host.addresses.clone())
}

fn ready(answer: Answer) -> Task<Answer> {
    spawn(&at_once(), std::future::ready(answer))
}

/// A home whose tasks run while they are scheduled: they only hand an answer over, and call nothing but the waker of whoever
/// waits for it.
fn at_once() -> Home {
    struct AtOnce;
    impl Schedule for AtOnce {
        fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
            runnable.run();
        }
    }
    Arc::new(AtOnce)
}
