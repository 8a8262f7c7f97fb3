//! Connecting to whichever address answers first: happy eyeballs, after RFC 8305.
//!
//! 1. The addresses alternate between the families, beginning with the family of the first; within a family the resolver's
//!    order stays.
//! 2. The first attempt starts at once. The next starts when one that runs has failed, or 250 ms after the last start.
//! 3. The first connection that stands wins; the others are dropped, which closes them.
//! 4. If all fail, the error names each address with what went wrong there, and has the kind of the last one to fail.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use whit_core::{SocketOptions, Stream};

use crate::error::explain_all;
use crate::parts::Parts;

/// Between one attempt and the next: the "connection attempt delay" that the RFC recommends.
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to one of `addrs`. Dropping the future drops every attempt.
pub(crate) async fn connect(
    parts: &Parts,
    addrs: Vec<SocketAddr>,
    options: &SocketOptions,
) -> io::Result<Arc<dyn Stream>> {
    let mut race = Race { waiting: alternate(addrs), running: Vec::new(), errors: Vec::new() };
    loop {
        race.start_next(parts, options);
        if race.running.is_empty() {
            return Err(explain_all(race.errors));
        }
        let won = if race.waiting.is_empty() {
            poll_fn(|cx| race.poll(cx)).await
        } else {
            let mut stagger = pin!(parts.sleep(STAGGER));
            poll_fn(|cx| match race.poll(cx) {
                Poll::Pending => stagger.as_mut().poll(cx).map(|_| None),
                ready => ready,
            })
            .await
        };
        if let Some(stream) = won {
            return Ok(stream);
        }
    }
}

struct Race {
    waiting: VecDeque<SocketAddr>,
    running: Vec<(SocketAddr, Arc<dyn Stream>)>,
    errors: Vec<(SocketAddr, io::Error)>,
}

impl Race {
    /// Starts the next attempt; one that fails while it is started makes room for the one after it.
    fn start_next(&mut self, parts: &Parts, options: &SocketOptions) {
        while let Some(address) = self.waiting.pop_front() {
            match parts.network().connect(address, options) {
                Ok(stream) => return self.running.push((address, stream)),
                Err(error) => self.errors.push((address, error)),
            }
        }
    }

    /// `Some` when an attempt won, `None` when one has failed.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Arc<dyn Stream>>> {
        for at in 0..self.running.len() {
            match self.running[at].1.poll_connected(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => return Poll::Ready(Some(self.running.swap_remove(at).1)),
                Poll::Ready(Err(error)) => {
                    let (address, _) = self.running.remove(at);
                    self.errors.push((address, error));
                    return Poll::Ready(None);
                }
            }
        }
        Poll::Pending
    }
}

/// Alternates between the families, beginning with that of the first address.
fn alternate(addrs: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let v6_first = addrs.first().is_some_and(SocketAddr::is_ipv6);
    let (mut first, mut second): (VecDeque<_>, VecDeque<_>) = addrs.into_iter().partition(|a| a.is_ipv6() == v6_first);
    let mut mixed = VecDeque::with_capacity(first.len() + second.len());
    while !(first.is_empty() && second.is_empty()) {
        mixed.extend(first.pop_front());
        mixed.extend(second.pop_front());
    }
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate_and_keep_their_order() {
        let parse = |texts: &[&str]| texts.iter().map(|t| t.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let mixed = alternate(parse(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]));
        assert_eq!(mixed, parse(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]));
        let mixed = alternate(parse(&["1.1.1.1:1", "2.2.2.2:1", "[::1]:1"]));
        assert_eq!(mixed, parse(&["1.1.1.1:1", "[::1]:1", "2.2.2.2:1"]));
        assert!(alternate(Vec::new()).is_empty());
    }
}
