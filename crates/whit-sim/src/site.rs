//! `Site`: the hosts of a simulation, and what is done to them.
//!
//! Rules:
//! 1. A crash first makes the host's parts inert (its seat runs nothing more, its sockets and its disk reach nobody), and then
//!    drops its futures: a process that dies runs no destructors which reach the outside.
//! 2. Futures are dropped by the engine, between two polls, never inside the poll that asked for the crash: that may be one of
//!    them. So are programs started.
//! 3. A program that ends by itself is the other way round: its tasks are dropped while everything works, as at the end of `run`.

use std::collections::VecDeque;
use std::future::Future;
use std::net::IpAddr;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use whit_core::{Handle, Home, Spawn};

use crate::HostId;
use crate::clock::{HostClock, Skew};
use crate::disk::{Disk, Drive};
use crate::exclusive::Exclusive;
use crate::home::{Homes, HostHome, NoReactor};
use crate::net::Fabric;
use crate::room::{Room, SeatId};
use crate::world::World;

/// Makes the future of a host's program, at its start and at each restart.
pub(crate) type Program = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()>>> + Send + Sync>;
/// With the line that gave it.
type Given = (Program, &'static Location<'static>);

/// The host of the future that the simulation was started with.
pub(crate) const ROOT: HostId = HostId(0);

pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) room: Arc<Room>,
    pub(crate) fabric: Fabric,
    state: Exclusive<State>,
}

#[derive(Default)]
struct State {
    hosts: Vec<Host>,
    seats: Vec<Seat>,
    commands: VecDeque<Command>,
    running: bool,
    homes: Homes,
}

struct Host {
    name: String,
    addresses: Vec<IpAddr>,
    skew: Skew,
    program: Option<Given>,
    drive: Drive,
    // `None` while it is down.
    seat: Option<SeatId>,
    // Whether the program of this seat has begun: it does so once.
    begun: bool,
    // Whether the machine has power: it still has when its program has ended.
    powered: bool,
    paused: bool,
}

/// What the engine needs to poll a task of this seat.
#[derive(Clone)]
pub(crate) struct Seat {
    pub(crate) host: HostId,
    pub(crate) handle: Handle,
    pub(crate) home: Home,
}

enum Command {
    Start(HostId),
    /// It was vacated already.
    Bury(SeatId),
    /// The program has ended.
    End(SeatId),
}

/// What can be asked of a host, as errors say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown(pub(crate) String);

impl Site {
    pub(crate) fn new(world: World) -> Arc<Site> {
        let (room, fabric) = (Arc::new(Room::new()), Fabric::new(world.clone()));
        let site = Arc::new(Site { world, room, fabric, state: Exclusive::default() });
        let root = site.add("root");
        debug_assert_eq!(root, Ok(ROOT));
        site
    }

    /// A new host, which is up and idle.
    pub(crate) fn add(&self, name: &str) -> Result<HostId, Unknown> {
        let mut state = self.state.lock();
        if state.hosts.iter().any(|host| host.name == name) {
            return Err(Unknown(format!("a second host was to be called {name:?}; give each a name of its own")));
        }
        if name.is_empty() {
            return Err(Unknown("a host was to have an empty name; give it one that can be looked up".to_owned()));
        }
        let id = HostId(state.hosts.len() as u32);
        let [_, high, middle, low] = (id.0 + 1).to_be_bytes();
        let addresses = vec![IpAddr::from([10, high, middle, low])];
        let name = name.to_owned();
        self.world.note(id, || format!("host {name:?}"));
        self.fabric.add_host(id, &name, &addresses);
        state.hosts.push(Host {
            name,
            addresses,
            skew: Skew::default(),
            program: None,
            drive: Drive::new(self.world.clone(), id, Disk::new()),
            seat: None,
            begun: false,
            powered: true,
            paused: false,
        });
        self.sit_down(&mut state, id);
        Ok(id)
    }

    /// The addresses of a host, in place of those it had.
    pub(crate) fn set_addresses(&self, host: HostId, addresses: &[IpAddr]) -> Result<(), Unknown> {
        let mut state = self.state.lock();
        let name = state.hosts[host.0 as usize].name.clone();
        let others = state.hosts.iter().filter(|other| other.name != name);
        for other in others {
            if let Some(address) = addresses.iter().find(|address| other.addresses.contains(address)) {
                let other = &other.name;
                return Err(Unknown(format!(
                    "host {name:?} was to have the address {address}, which is that of host {other:?}"
                )));
            }
        }
        state.hosts[host.0 as usize].addresses = addresses.to_vec();
        self.fabric.set_addresses(host, addresses);
        Ok(())
    }

    /// A seat for the host's next program, and the parts for it.
    fn sit_down(&self, state: &mut State, host: HostId) -> SeatId {
        let seat = self.room.sit_down(host);
        let home = |blocking| HostHome { room: self.room.clone(), world: self.world.clone(), host, seat, blocking };
        let (tasks, blocking) = (state.homes.add(home(false)), state.homes.add(home(true)));
        let of = &mut state.hosts[host.0 as usize];
        let handle = Handle::builder()
            .schedule(tasks.clone())
            .blocking(blocking)
            .clock(Arc::new(HostClock::new(self.world.clone(), of.skew)))
            .reactor(Arc::new(NoReactor(self.room.clone())))
            .network(self.fabric.network(host))
            .entropy(Arc::new(self.world.clone()))
            .disk(of.drive.mount())
            .build();
        (of.seat, of.begun, of.paused) = (Some(seat), false, false);
        state.seats.push(Seat { host, handle, home: tasks });
        seat
    }

    pub(crate) fn find(&self, name: &str) -> Result<HostId, Unknown> {
        let state = self.state.lock();
        if let Some(at) = state.hosts.iter().skip(1).position(|host| host.name == name) {
            return Ok(HostId(at as u32 + 1));
        }
        let names: Vec<_> = state.hosts.iter().skip(1).map(|host| format!("{:?}", host.name)).collect();
        Err(Unknown(match names.is_empty() {
            true => format!("there is no host {name:?}: there is none at all but the root's; add it with `host`"),
            false => format!("there is no host {name:?}; there are {}", names.join(", ")),
        }))
    }

    /// As [`find`](Site::find), and the root's as well.
    pub(crate) fn find_any(&self, name: &str) -> Result<HostId, Unknown> {
        if name == "root" { Ok(ROOT) } else { self.find(name) }
    }

    pub(crate) fn name(&self, host: HostId) -> String {
        self.state.lock().hosts[host.0 as usize].name.clone()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state.lock().hosts.iter().map(|host| host.name.clone()).collect()
    }

    pub(crate) fn set_skew(&self, host: HostId, skew: Skew) {
        let mut state = self.state.lock();
        state.hosts[host.0 as usize].skew = skew;
        let Some(seat) = state.hosts[host.0 as usize].seat else { return };
        let clock = Arc::new(HostClock::new(self.world.clone(), skew));
        let seat = &mut state.seats[seat.0];
        seat.handle = seat.handle.to_builder().clock(clock).build();
    }

    /// Its disk, which is there whether the host is up or not.
    pub(crate) fn drive(&self, host: HostId) -> Drive {
        self.state.lock().hosts[host.0 as usize].drive.clone()
    }

    /// Whether its program, or whatever it does, runs.
    pub(crate) fn is_up(&self, host: HostId) -> bool {
        self.state.lock().hosts[host.0 as usize].seat.is_some()
    }

    /// Gives a host its program. It starts with the simulation, or at once if that runs already; if the host runs a program, with
    /// the next restart.
    pub(crate) fn set_program(&self, host: HostId, program: Program, line: &'static Location<'static>) {
        let mut state = self.state.lock();
        let former = state.hosts[host.0 as usize].program.replace((program, line));
        if state.running {
            state.commands.push_back(Command::Start(host));
        }
        drop(state);
        drop(former);
    }

    /// From here on programs run.
    pub(crate) fn open(&self) {
        let mut state = self.state.lock();
        state.running = true;
        let hosts = (0..state.hosts.len()).filter(|at| state.hosts[*at].program.is_some());
        let starts: Vec<_> = hosts.map(|at| Command::Start(HostId(at as u32))).collect();
        state.commands.extend(starts);
    }

    /// The machine dies, with whatever runs on it. No matter if it is down.
    pub(crate) fn crash(&self, host: HostId) {
        let mut state = self.state.lock();
        let of = &mut state.hosts[host.0 as usize];
        if !std::mem::take(&mut of.powered) {
            return;
        }
        let (seat, drive) = (of.seat.take(), of.drive.clone());
        state.commands.extend(seat.map(Command::Bury));
        drop(state);
        self.world.note(host, || "crashes".to_owned());
        self.fabric.crash(host);
        drive.crash();
        if let Some(seat) = seat {
            self.room.vacate(seat);
        }
    }

    /// The host comes up, with its program if it has one; one that is up crashes first.
    pub(crate) fn restart(&self, host: HostId) {
        // A program that has ended leaves the machine as it is: what it sent is still on its way.
        if self.is_up(host) {
            self.crash(host);
        }
        self.world.note(host, || "restarts".to_owned());
        self.fabric.restart(host);
        let mut state = self.state.lock();
        state.hosts[host.0 as usize].powered = true;
        self.sit_down(&mut state, host);
        state.commands.push_back(Command::Start(host));
    }

    /// Its tasks stand still until they are to go on; time and network go on for it. No matter if it is down.
    pub(crate) fn pause(&self, host: HostId, paused: bool) {
        let mut state = self.state.lock();
        let of = &mut state.hosts[host.0 as usize];
        let Some(seat) = of.seat else { return };
        if std::mem::replace(&mut of.paused, paused) == paused {
            return;
        }
        drop(state);
        if paused {
            self.room.pause(seat);
            self.fabric.pause(host);
        } else {
            self.room.resume(seat);
            self.fabric.resume(host);
        }
    }

    /// The handle of a host that is up.
    pub(crate) fn handle(&self, host: HostId) -> Option<Handle> {
        let state = self.state.lock();
        let seat = state.hosts[host.0 as usize].seat?;
        Some(state.seats[seat.0].handle.clone())
    }

    /// What the engine needs for a seat.
    pub(crate) fn seat(&self, seat: SeatId) -> Seat {
        self.state.lock().seats[seat.0].clone()
    }

    pub(crate) fn root_seat(&self) -> Option<SeatId> {
        self.state.lock().hosts[ROOT.0 as usize].seat
    }

    /// Rule 2: does what was asked for since the last time. For the engine.
    pub(crate) fn settle(self: &Arc<Self>) {
        loop {
            self.drop_doomed();
            let command = self.state.lock().commands.pop_front();
            match command {
                None => return,
                Some(Command::Start(host)) => self.start(host),
                Some(Command::Bury(seat)) => self.bury(seat),
                Some(Command::End(seat)) => self.end(seat),
            }
        }
    }

    fn start(self: &Arc<Self>, host: HostId) {
        let mut state = self.state.lock();
        let of = &mut state.hosts[host.0 as usize];
        let (Some((program, line)), Some(seat)) = (of.program.clone(), of.seat) else { return };
        if std::mem::replace(&mut of.begun, true) {
            // Asked for twice since the last time, or as well before the simulation began.
            return;
        }
        let (name, Seat { handle, home, .. }) = (of.name.clone(), state.seats[seat.0].clone());
        drop(state);
        let _entered = handle.enter();
        let site = self.clone();
        let main = async move {
            program().await;
            site.state.lock().commands.push_back(Command::End(seat));
        };
        match Spawn::new().name(&name).location(line).spawn_local(&home, main) {
            Ok(task) => task.detach(),
            Err(_) => unreachable!("the engine is on the thread that the home keeps to"),
        }
    }

    /// Rule 3.
    fn end(&self, seat: SeatId) {
        let host = self.room.host_of(seat);
        let mut state = self.state.lock();
        let of = &mut state.hosts[host.0 as usize];
        if of.seat != Some(seat) {
            // It crashed meanwhile.
            return;
        }
        of.seat = None;
        drop(state);
        self.world.note(host, || "its program has ended".to_owned());
        self.room.vacate(seat);
        self.bury(seat);
    }

    /// Drops every future of a vacated seat.
    fn bury(&self, seat: SeatId) {
        // What is dropped may drop tasks, or spawn some, which are doomed in their turn. A waker that does not bring its task home
        // is that of a runnable which another thread has: after some rounds it is left alone.
        for _ in 0..1000 {
            self.drop_doomed();
            if self.room.doom_the_rest(seat) == 0 {
                return;
            }
        }
    }

    fn drop_doomed(&self) {
        while let Some((runnable, seat)) = self.room.next_doomed() {
            let handle = seat.map(|seat| self.seat(seat).handle);
            let _entered = handle.as_ref().map(Handle::enter);
            drop(runnable);
            self.room.put_away();
        }
    }

    /// The end: drops everything that is left, of all hosts, and what is to happen.
    pub(crate) fn close(self: &Arc<Self>) {
        let seats: Vec<_> = (0..self.state.lock().seats.len()).map(SeatId).collect();
        let mut state = self.state.lock();
        state.running = false;
        let commands = std::mem::take(&mut state.commands);
        let programs: Vec<_> = state.hosts.iter_mut().map(|host| host.program.take()).collect();
        state.hosts.iter_mut().for_each(|host| host.seat = None);
        drop(state);
        drop((commands, programs));
        seats.iter().for_each(|seat| self.room.vacate(*seat));
        seats.iter().for_each(|seat| self.bury(*seat));
        self.world.clear();
    }
}
