//! `Controls`: what can be done to a simulation from inside and outside, and `Host`, which sets a host up.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use whit_core::{Spawn, Task};

use crate::clock::Skew;
use crate::decider::Choice;
use crate::site::{Program, Site, Unknown};
use crate::{Disk, DiskControls, HostId, Latency, Link, NetFaults, Packet, RuleGuard, Tape, Verdict};

thread_local! {
    static CURRENT: RefCell<Option<Controls>> = const { RefCell::new(None) };
}

/// The verbs of a simulation, cheap to clone: for the root, for tasks, and for whoever holds the [`Sim`](crate::Sim).
///
/// Hosts are named. A name that is no host's panics at the line of the call, and says which there are.
///
/// ```
/// use std::time::Duration;
/// use whit_sim::Sim;
///
/// let sim = Sim::new(7);
/// let controls = sim.controls();
/// sim.host("db").start(|| async { std::future::pending().await });
/// sim.run(async move {
///     controls.crash("db");
///     assert!(!controls.is_up("db"));
///     controls.restart("db");
///     assert!(controls.is_up("db"));
/// });
/// ```
#[derive(Clone)]
pub struct Controls(pub(crate) Arc<Site>);

impl Controls {
    /// Those of the simulation that this thread is inside of.
    ///
    /// # Panics
    ///
    /// Outside a simulation.
    #[track_caller]
    pub fn current() -> Controls {
        match Controls::try_current() {
            Some(controls) => controls,
            None => {
                panic!("this is outside every simulation: call it from a future under `Sim::run` or `#[whit::sim]`")
            }
        }
    }

    /// Those of the simulation that this thread is inside of, if it is inside of one.
    pub fn try_current() -> Option<Controls> {
        CURRENT.with(|current| current.borrow().clone())
    }

    /// Adds a host, which is up and idle until it is given a program.
    ///
    /// # Panics
    ///
    /// If there is a host of that name already, or the name is empty.
    #[track_caller]
    pub fn host(&self, name: &str) -> Host {
        let id = self.expect(self.0.add(name));
        Host { site: self.0.clone(), id, addresses: Vec::new() }
    }

    /// Spawns a task on a host, from wherever the caller is. The future need not be `Send`. **Dropping the [`Task`] cancels it.**
    ///
    /// # Panics
    ///
    /// If there is no such host, if it is down, or outside the simulation's thread.
    #[track_caller]
    pub fn on<F>(&self, host: &str, future: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let id = self.find(host);
        let spawn = Spawn::new();
        let Some(handle) = self.0.handle(id) else {
            panic!("a task was to be spawned on host {host:?}, which is down; `restart` it first");
        };
        let _entered = handle.enter();
        let home = handle.schedule().expect("each host has a home");
        match spawn.spawn_local(home, future) {
            Ok(task) => task,
            Err(_) => panic!("a task was to be spawned on host {host:?} from another thread than the simulation's"),
        }
    }

    /// The host dies: its sockets and files reach nobody any more, and its futures are dropped before anything else runs. No
    /// matter if it is down.
    ///
    /// # Panics
    ///
    /// If there is no such host; so for the other verbs.
    #[track_caller]
    pub fn crash(&self, host: &str) {
        let id = self.find(host);
        self.0.crash(id);
    }

    /// The host comes up, and its program starts afresh. One that is up crashes first.
    #[track_caller]
    #[allow(clippy::missing_panics_doc, reason = "said once, at `crash`")]
    pub fn restart(&self, host: &str) {
        let id = self.find(host);
        self.0.restart(id);
    }

    /// The host stands still, as in a long garbage collection: nothing of it is polled. Its timers go on, and what comes over
    /// the network is kept. No matter if it is down.
    #[track_caller]
    #[allow(clippy::missing_panics_doc, reason = "said once, at `crash`")]
    pub fn pause(&self, host: &str) {
        let id = self.find(host);
        self.0.pause(id, true);
    }

    /// The end of a [`pause`](Controls::pause).
    #[track_caller]
    #[allow(clippy::missing_panics_doc, reason = "said once, at `crash`")]
    pub fn resume(&self, host: &str) {
        let id = self.find(host);
        self.0.pause(id, false);
    }

    /// Whether the host is neither crashed nor at the end of its program.
    #[track_caller]
    #[allow(clippy::missing_panics_doc, reason = "said once, at `crash`")]
    pub fn is_up(&self, host: &str) -> bool {
        let id = self.find(host);
        self.0.is_up(id)
    }

    /// Nothing passes between these hosts and those, in both directions, nor what is on its way; until [`heal`](Controls::heal). The
    /// root's host is called `root`.
    #[track_caller]
    #[allow(clippy::missing_panics_doc, reason = "said once, at `crash`")]
    pub fn partition(&self, ones: &[&str], others: &[&str]) {
        self.0.fabric.partition(&self.find_all(ones), &self.find_all(others));
    }

    /// Nothing passes from these hosts to those; the other direction stays as it is.
    #[track_caller]
    #[allow(clippy::missing_panics_doc, reason = "said once, at `crash`")]
    pub fn partition_one_way(&self, from: &[&str], to: &[&str]) {
        self.0.fabric.partition_one_way(&self.find_all(from), &self.find_all(to));
    }

    /// The end of every partition.
    pub fn heal(&self) {
        self.0.fabric.heal();
    }

    /// The end of partitions between these hosts and those, in both directions.
    #[track_caller]
    #[allow(clippy::missing_panics_doc, reason = "said once, at `crash`")]
    pub fn heal_between(&self, ones: &[&str], others: &[&str]) {
        self.0.fabric.heal_between(&self.find_all(ones), &self.find_all(others));
    }

    /// The link between two hosts, to be set in both directions. With twice the same name it is that host's loopback.
    #[track_caller]
    #[allow(clippy::missing_panics_doc, reason = "said once, at `crash`")]
    pub fn link(&self, one: &str, other: &str) -> Link {
        self.0.fabric.link(self.find_any(one), self.find_any(other))
    }

    /// The link from one host to another, to be set.
    #[track_caller]
    #[allow(clippy::missing_panics_doc, reason = "said once, at `crash`")]
    pub fn link_one_way(&self, from: &str, to: &str) -> Link {
        self.0.fabric.link_one_way(self.find_any(from), self.find_any(to))
    }

    /// Every link between different hosts that is not set by itself.
    pub fn links(&self) -> Link {
        self.0.fabric.links()
    }

    /// A closure that sees every packet between hosts and decides about it, until the guard is dropped. Rules are asked in the
    /// order in which they were added, and the first that does not pass decides.
    pub fn rule(&self, rule: impl Fn(&Packet) -> Verdict + Send + Sync + 'static) -> RuleGuard {
        self.0.fabric.rule(rule)
    }

    /// What may go wrong with the sockets of a host from now on.
    #[track_caller]
    #[allow(clippy::missing_panics_doc, reason = "said once, at `crash`")]
    pub fn net_faults(&self, host: &str, faults: NetFaults) {
        self.0.fabric.set_faults(self.find_any(host), faults);
    }

    /// How long the look-up of a name takes from now on; until then it takes no time.
    pub fn look_up(&self, latency: impl Into<Latency>) {
        self.0.fabric.set_look_up(latency.into());
    }

    /// The disk of a host, to look at, to break and to mend. It is there while the host is down.
    #[track_caller]
    #[allow(clippy::missing_panics_doc, reason = "said once, at `crash`")]
    pub fn disk(&self, host: &str) -> DiskControls {
        DiskControls::new(self.0.drive(self.find_any(host)))
    }

    /// Every socket of every host, one a line: who listens, what is connected, what waits to be read.
    pub fn netstat(&self) -> String {
        self.0.fabric.netstat()
    }

    /// Virtual time since the start, whatever the clocks of the hosts show.
    pub fn elapsed(&self) -> Duration {
        self.0.world.now()
    }

    /// Waits until every other task of every host is blocked. Time does not move before.
    ///
    /// Cancel-safe. Those who wait at once are woken together.
    pub fn wait_all_blocked(&self) -> WaitAllBlocked {
        WaitAllBlocked { site: self.0.clone(), calms: None }
    }

    /// A number below `n` of the simulation's own, kept on its tape: for choices of a test. 0 is the tame one.
    ///
    /// # Panics
    ///
    /// If `n` is 0: there is nothing to choose.
    #[track_caller]
    pub fn choose(&self, n: u32) -> u32 {
        assert!(n > 0, "a choice out of 0 was asked for; there is none");
        self.0.world.choose(Choice::App, n)
    }

    /// True with this probability; false is the tame answer.
    pub fn chance(&self, probability: f64) -> bool {
        self.0.world.chance(Choice::App, probability)
    }

    /// A line for the trace, and for its hash.
    pub fn note(&self, text: impl Into<String>) {
        let host = self.0.room.look_at_current(|known| known.map_or(HostId(0), |known| known.host));
        self.0.world.note(host, || text.into());
    }

    /// The hash over all that happened so far: equal for runs of one seed.
    pub fn hash(&self) -> u64 {
        self.0.world.hash()
    }

    /// Every choice so far.
    pub fn tape(&self) -> Tape {
        self.0.world.tape()
    }

    #[track_caller]
    fn find(&self, name: &str) -> HostId {
        self.expect(self.0.find(name))
    }

    /// The root's as well.
    #[track_caller]
    fn find_any(&self, name: &str) -> HostId {
        self.expect(self.0.find_any(name))
    }

    #[track_caller]
    fn find_all(&self, names: &[&str]) -> Vec<HostId> {
        names.iter().map(|name| self.find_any(name)).collect()
    }

    #[track_caller]
    #[allow(clippy::unused_self, reason = "reads as a verb")]
    fn expect<T>(&self, result: Result<T, Unknown>) -> T {
        match result {
            Ok(value) => value,
            Err(Unknown(text)) => panic!("{text}"),
        }
    }
}

impl fmt::Debug for Controls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controls").field("world", &self.0.world).field("hosts", &self.0.names()).finish()
    }
}

/// Sets a host up: made by [`Controls::host`].
pub struct Host {
    site: Arc<Site>,
    id: HostId,
    addresses: Vec<IpAddr>,
}

impl Host {
    /// An address, which may be followed by others. A host that is given none has one out of 10.0.0.0/8.
    ///
    /// # Panics
    ///
    /// If it is another host's.
    #[track_caller]
    pub fn address(mut self, address: impl Into<IpAddr>) -> Host {
        self.addresses.push(address.into());
        match self.site.set_addresses(self.id, &self.addresses) {
            Ok(()) => self,
            Err(Unknown(text)) => panic!("{text}"),
        }
    }

    /// What may go wrong with its sockets.
    pub fn net_faults(self, faults: NetFaults) -> Host {
        self.site.fabric.set_faults(self.id, faults);
        self
    }

    /// Its disk, instead of one that is large, fast and without faults.
    ///
    /// # Panics
    ///
    /// If a file of the settings cannot be put where it belongs, as another is in the way.
    #[track_caller]
    pub fn disk(self, disk: Disk) -> Host {
        self.site.drive(self.id).set(disk);
        self
    }

    /// How its clock differs from the true one, for whatever asks it from now on.
    pub fn skew(self, skew: Skew) -> Host {
        self.site.set_skew(self.id, skew);
        self
    }

    /// Its program, which starts with the simulation (at once, if that runs), and again at each restart. When its future is
    /// ready, the program has ended: its tasks are dropped, and the host is down. A host that runs a program already gets this
    /// one at its next restart.
    #[track_caller]
    pub fn start<P, F>(self, program: P) -> Host
    where
        P: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = ()> + 'static,
    {
        let program: Program = Arc::new(move || Box::pin(program()));
        self.site.set_program(self.id, program, Location::caller());
        self
    }

    /// Tells it from other hosts.
    pub fn id(&self) -> HostId {
        self.id
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("id", &self.id).field("name", &self.site.name(self.id)).finish()
    }
}

/// Ready once every other task is blocked; made by [`Controls::wait_all_blocked`].
#[must_use = "futures do nothing unless awaited"]
pub struct WaitAllBlocked {
    site: Arc<Site>,
    // How often all had been blocked before the first poll.
    calms: Option<u64>,
}

impl Future for WaitAllBlocked {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let calms = self.site.room.calms();
        if self.calms.is_some_and(|before| before < calms) {
            return Poll::Ready(());
        }
        self.calms = Some(calms);
        self.site.room.wake_at_calm(cx.waker().clone());
        Poll::Pending
    }
}

impl fmt::Debug for WaitAllBlocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitAllBlocked").field("calms", &self.calms).finish_non_exhaustive()
    }
}

/// Makes these the current ones until the guard is dropped; `None` if the thread is inside a simulation already.
pub(crate) fn enter(controls: Controls) -> Option<Entered> {
    CURRENT.with(|current| {
        let mut current = current.borrow_mut();
        if current.is_some() {
            return None;
        }
        *current = Some(controls);
        Some(Entered(()))
    })
}

pub(crate) struct Entered(());

impl Drop for Entered {
    fn drop(&mut self) {
        let controls = CURRENT.with(RefCell::take);
        drop(controls);
    }
}
