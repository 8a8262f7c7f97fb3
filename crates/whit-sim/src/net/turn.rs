//! `Turn`: what one turn under the fabric's lock has at hand, and what it leaves to be done when the lock is open again.
//!
//! Rules:
//! 1. Under the lock no code of others runs. Wakers are kept and woken later; those that are not needed any more are dropped
//!    later, since dropping one may drop a task, and with it sockets.
//! 2. Packets are kept and routed later, since rules are closures of users.
//! 3. Timers are events of the world that look their socket up again by its number. So an event of a socket that is gone does
//!    nothing.

use std::net::SocketAddr;
use std::sync::Weak;
use std::task::{Context, Waker};
use std::time::Duration;

use super::fabric::{Fabric, Inner};
use super::hosts::Hosts;
use super::link::Links;
use super::packet::Body;
use crate::HostId;
use crate::decider::Choice;
use crate::events::EventKey;
use crate::world::World;

/// See the module text.
pub(super) struct Turn<'a> {
    pub(super) world: &'a World,
    pub(super) links: &'a Links,
    fabric: &'a Weak<Inner>,
    pub(super) after: After,
}

/// What is to be done after a turn.
#[derive(Default)]
pub(super) struct After {
    pub(super) packets: Vec<Outgoing>,
    pub(super) wakers: Vec<Waker>,
    pub(super) garbage: Vec<Waker>,
}

/// A packet that is not addressed to a host yet.
#[derive(Clone)]
pub(super) struct Outgoing {
    pub(super) host: HostId,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) body: Body,
}

impl<'a> Turn<'a> {
    pub(super) fn new(world: &'a World, links: &'a Links, fabric: &'a Weak<Inner>) -> Turn<'a> {
        Turn { world, links, fabric, after: After::default() }
    }

    pub(super) fn send(&mut self, host: HostId, from: SocketAddr, to: SocketAddr, body: Body) {
        self.after.packets.push(Outgoing { host, from, to, body });
    }

    pub(super) fn wake(&mut self, wakers: impl Iterator<Item = Waker>) {
        self.after.wakers.extend(wakers);
    }

    /// Wakes whoever polls for nothing, or since it can go on at once.
    pub(super) fn wake_again(&mut self, cx: &Context<'_>) {
        self.after.wakers.push(cx.waker().clone());
    }

    pub(super) fn discard(&mut self, wakers: impl Iterator<Item = Waker>) {
        self.after.garbage.extend(wakers);
    }

    /// Takes another turn after some time.
    pub(super) fn later(
        &self,
        after: Duration,
        what: impl FnOnce(&mut Hosts, &mut Turn<'_>) + Send + 'static,
    ) -> EventKey {
        let fabric = self.fabric.clone();
        self.world.at(self.world.now().saturating_add(after), move || {
            if let Some(inner) = fabric.upgrade() {
                Fabric(inner).turn(what);
            }
        })
    }

    pub(super) fn cancel(&self, timer: &mut Option<EventKey>) {
        if let Some(key) = timer.take() {
            self.world.cancel(key);
        }
    }

    /// Whether this poll is to come back with nothing although it need not.
    pub(super) fn is_spurious(&mut self, cx: &Context<'_>, rate: f64) -> bool {
        let spurious = self.world.chance(Choice::Fault, rate);
        if spurious {
            self.wake_again(cx);
        }
        spurious
    }

    /// How many of `len` bytes a transfer moves: all, or with that probability some.
    pub(super) fn shorten(&self, of: Choice, len: usize, rate: f64) -> usize {
        if len < 2 || !self.world.chance(of, rate) {
            return len;
        }
        len - self.world.choose(of, u32::try_from(len).unwrap_or(u32::MAX)) as usize
    }
}
