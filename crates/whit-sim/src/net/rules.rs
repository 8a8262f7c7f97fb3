//! Rules: closures of the test that see every packet between hosts, and decide about it.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::fabric::{Fabric, Inner};
use super::packet::Packet;

/// What a rule decides about one packet.
///
/// ```
/// use std::io::ErrorKind;
/// use whit::net::TcpStream;
/// use whit_sim::{Sim, Verdict};
///
/// let sim = Sim::new(1);
/// sim.host("db");
/// let controls = sim.controls();
/// sim.run(async move {
///     let deaf = controls.rule(|packet| match packet.is_connect() && packet.to_host() == "db" {
///         true => Verdict::Drop,
///         false => Verdict::Pass,
///     });
///     assert_eq!(TcpStream::connect("db:80").await.unwrap_err().kind(), ErrorKind::TimedOut);
///     drop(deaf);
///     // Nobody listens there, but now somebody says so.
///     assert_eq!(TcpStream::connect("db:80").await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing: the next rule decides, and at last the link.
    Pass,
    /// It is lost, without a word to anybody.
    Drop,
    /// It begins its way so much later. What comes after it may overtake it.
    Delay(Duration),
}

pub(super) type Rule = Arc<dyn Fn(&Packet) -> Verdict + Send + Sync>;

/// A rule that holds until this is dropped.
#[must_use = "the rule ends when this is dropped; `keep` keeps it for good"]
pub struct RuleGuard {
    fabric: Weak<Inner>,
    number: u64,
}

impl RuleGuard {
    /// Lets the rule hold to the end of the simulation.
    pub fn keep(mut self) {
        self.fabric = Weak::new();
    }
}

impl Drop for RuleGuard {
    fn drop(&mut self) {
        if let Some(inner) = self.fabric.upgrade() {
            // Outside the lock: dropping a closure may drop anything.
            let rule = inner.core.lock().rules.remove(&self.number);
            drop(rule);
        }
    }
}

impl fmt::Debug for RuleGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleGuard").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Fabric {
    /// Adds a rule. Rules are asked in the order in which they were added, and the first that does not pass decides.
    pub(crate) fn rule(&self, rule: impl Fn(&Packet) -> Verdict + Send + Sync + 'static) -> RuleGuard {
        let mut core = self.0.core.lock();
        let number = core.next_rule;
        core.next_rule += 1;
        core.rules.insert(number, Arc::new(rule));
        RuleGuard { fabric: Arc::downgrade(&self.0), number }
    }

    /// What the rules say. They are called outside the lock, so that they may use the controls of the simulation.
    pub(super) fn judge(&self, packet: &Packet) -> Verdict {
        if packet.is_loopback() {
            return Verdict::Pass;
        }
        let rules: Vec<Rule> = self.0.core.lock().rules.values().cloned().collect();
        let verdicts = rules.iter().map(|rule| rule(packet));
        verdicts.into_iter().find(|verdict| *verdict != Verdict::Pass).unwrap_or(Verdict::Pass)
    }
}
