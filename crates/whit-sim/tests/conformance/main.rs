//! The conformance list: the same programs on the system's loopback and on the simulated one, which must see the same.
//!
//! A program notes what it sees: values, and the kinds of errors. Nothing here says what is right: the system does. Each is run
//! on the system once, and in the simulation tame, with seeds, and over a loopback that has latency, cuts and spurious wakes.

// It is Linux that the simulation imitates.
#![cfg(target_os = "linux")]

mod addresses;
mod closing;
mod datagrams;
mod streams;

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_lite::future::zip;
use whit_net::{TcpListener, TcpStream};
use whit_sim::{Controls, Latency, NetFaults, Sim, Tape};

/// What a program has seen.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn value(&self, what: &str, value: impl Debug) {
        self.0.lock().unwrap().push(format!("{what}: {value:?}"));
    }

    fn result<T: Debug>(&self, what: &str, result: io::Result<T>) {
        self.value(what, result.map_err(|error| error.kind()));
    }
}

type Program = fn(Seen) -> Pin<Box<dyn Future<Output = io::Result<()>>>>;

/// Tests of these programs.
macro_rules! same {
    ($($program:ident),+ $(,)?) => {$(
        #[test]
        fn $program() {
            crate::check(stringify!($program), |seen| Box::pin(program::$program(seen)));
        }
    )+};
}
use same;

fn run_real(program: Program) -> Vec<String> {
    let seen = Seen::default();
    whit::run_local(program(seen.clone())).unwrap();
    let seen = seen.0.lock().unwrap();
    seen.clone()
}

fn run_sim(sim: Sim, program: Program) -> Vec<String> {
    let seen = Seen::default();
    sim.run(program(seen.clone())).unwrap();
    let seen = seen.0.lock().unwrap();
    seen.clone()
}

/// What speaks IPv6, which not every machine does.
const OF_BOTH_FAMILIES: [&str; 3] = ["families", "everybody", "taken"];

fn check(name: &str, program: Program) {
    if OF_BOTH_FAMILIES.contains(&name) && std::net::UdpSocket::bind("[::1]:0").is_err() {
        return eprintln!("{name} is not compared: this machine has no IPv6");
    }
    let real = run_real(program);
    assert!(!real.is_empty(), "{name} noted nothing");
    let compare = |sim: Sim, how: &str| {
        let simulated = run_sim(sim, program);
        let differ = real.iter().zip(&simulated).find(|(real, simulated)| real != simulated);
        assert!(
            real == simulated,
            "{name} sees something else in the simulation ({how}), first {differ:?}\n  real      {real:#?}\n  simulated {simulated:#?}"
        );
    };
    compare(Sim::from_tape(Tape::default()), "tame");
    for seed in 0..10 {
        compare(Sim::new(seed), &format!("seed {seed}"));
        let sim = Sim::new(seed);
        sim.controls()
            .link("root", "root")
            .latency(Latency::Uniform(Duration::from_micros(10), Duration::from_millis(2)))
            .segmentation(0.3);
        sim.controls().net_faults("root", NetFaults::new().spurious(0.2));
        compare(sim, &format!("seed {seed}, with latency, cuts and spurious wakes"));
    }
}

/// Lets everything arrive that is on its way.
async fn settle() {
    // A real loopback needs microseconds, and a busy machine more.
    let time = if Controls::try_current().is_some() { 1000 } else { 30 };
    whit::sleep(Duration::from_millis(time)).await;
}

/// The two ends of a new connection: of who connected, and of who accepted.
async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (near, far) = zip(TcpStream::connect(listener.local_addr()?), listener.accept()).await;
    Ok((near?, far?.0))
}
