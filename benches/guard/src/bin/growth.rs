//! `cargo xtask growth`: whether a spawn, a wake, a timer and a readiness cost the same beside a thousand others and beside a
//! million. A program of its own, so that what it calls does not change how the counted paths of the guard are compiled.

#[path = "../count.rs"]
mod count;
#[path = "../passes.rs"]
mod passes;

use std::future::Future;
use std::hint::black_box;
use std::net::UdpSocket;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use whit::Async;

const FEW: u32 = 1_000;
/// Passes that are counted: many, as what the others take to come and go is not the same to the last instruction.
const PASSES: u32 = 100_000;
/// Beside so many.
const SIZES: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// The dearest by the cheapest size may be so much.
const TOLERANCE: f64 = 1.1;

struct Growing {
    name: &'static str,
    what: &'static str,
    /// Passes so many times, beside so many others.
    run: fn(u32, u32),
    /// How many others there may be.
    most: fn() -> u32,
}

const ALL: [Growing; 4] = [
    Growing { name: "spawn", what: "a task is spawned and awaited; tasks that sleep", run: spawn, most: || 1_000_000 },
    Growing {
        name: "wake",
        what: "a task wakes another, and is woken; tasks that sleep",
        run: wake,
        most: || 1_000_000,
    },
    Growing { name: "timer", what: "a sleep is made, polled, dropped; timers", run: timer, most: || 1_000_000 },
    Growing {
        name: "readiness",
        what: "a datagram is sent and awaited; sockets that are silent",
        run: readiness,
        // Ports are fewer than a million too; and some descriptors are for the rest of the process.
        most: || descriptors().saturating_sub(100).min(10_000),
    },
];

#[derive(Parser)]
#[command(name = "cargo xtask growth", about = "instruction counts beside a thousand to a million others")]
struct Args {
    /// Only what has this in its name; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Passes so many times, beside so many others; for the program itself, under valgrind.
    #[command(hide = true)]
    Beside { name: String, times: u32, beside: u32 },
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match &args.command {
        Some(Command::Beside { name, times, beside }) => run(name, *times, *beside),
        None => table(&args.only),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("growth: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, times: u32, beside: u32) -> Result<(), String> {
    let growing = ALL.iter().find(|growing| growing.name == name);
    let growing = growing.ok_or_else(|| format!("nothing that may grow is called `{name}`"))?;
    (growing.run)(times, beside);
    Ok(())
}

/// Counts those whose name contains one of `only`, prints the table, and fails if one grows.
fn table(only: &[String]) -> Result<(), String> {
    if let Some(unknown) = only.iter().find(|part| !ALL.iter().any(|growing| growing.name.contains(&***part))) {
        let names = ALL.map(|growing| growing.name).join(", ");
        return Err(format!("nothing that may grow is called `{unknown}`; there are: {names}"));
    }
    if let Some(why) = count::missing() {
        println!("the instruction counts are skipped: {why}");
        return Ok(());
    }
    println!(
        "{:<10} {:>9} {:>9} {:>9} {:>9}  what, beside how many others",
        "path", "1,000", "10,000", "100,000", "1,000,000"
    );
    let mut grown = Vec::new();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|part| name.contains(&**part));
    for Growing { name, what, most, .. } in ALL.iter().filter(|growing| wanted(growing.name)) {
        let mut counts = Vec::new();
        let most = most();
        for beside in SIZES.into_iter().filter(|beside| *beside <= most) {
            let args = |times| vec!["beside".into(), (*name).into(), times, beside.to_string()];
            // A few in both, which bring what the others have to say at the start.
            counts.push(count::instructions(FEW, PASSES, args)?);
        }
        let shown: Vec<_> = counts.iter().map(|count| format!("{count:>9.1}")).collect();
        println!("{name:<10} {:<39}  {what}", shown.join(" "));
        let (least, most) =
            counts.iter().fold((f64::MAX, 0.0_f64), |(least, most), count| (least.min(*count), most.max(*count)));
        if most > TOLERANCE * least {
            grown.push(*name);
        }
    }
    if grown.is_empty() { Ok(()) } else { Err(format!("{} cost more beside more others", grown.join(", "))) }
}

/// On one worker, in a task.
fn worker<F: Future<Output = ()> + Send + 'static>(future: F) {
    whit::Builder::new().workers(1).on_blocked(|_| {}).run(async { whit::spawn(future).await });
}

/// So many tasks that sleep for longer than this runs.
async fn sleepers(count: u32) {
    for number in 0..count {
        whit::spawn(whit::sleep(Duration::from_secs(100_000))).detach();
        if number % 100 == 0 {
            whit::yield_now().await;
        }
    }
    whit::yield_now().await;
}

fn spawn(times: u32, beside: u32) {
    worker(async move {
        sleepers(beside).await;
        passes::spawn_await(times).await;
    });
}

fn wake(times: u32, beside: u32) {
    worker(async move {
        sleepers(beside).await;
        passes::wake(times).await;
    });
}

fn timer(times: u32, beside: u32) {
    worker(async move {
        sleepers(beside).await;
        passes::timer(times, Duration::from_secs(1_000)).await;
    });
}

fn readiness(times: u32, beside: u32) {
    descriptors();
    worker(async move {
        let bound = || {
            let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("descriptors and ports are left");
            Async::new(socket).expect("it can be watched")
        };
        let silent: Vec<_> = (0..beside).map(|_| bound()).collect();
        let (one, two) = (bound(), bound());
        let address = two.get_ref().local_addr().expect("it is bound");
        one.get_ref().connect(address).expect("it is there");
        let mut buffer = [0; 8];
        for _ in 0..times {
            one.send(b"x").await.expect("there is room");
            two.recv(&mut buffer).await.expect("it was sent");
        }
        black_box(silent);
    });
}

/// As many as this process may have, which it may from now on.
#[cfg(unix)]
fn descriptors() -> u32 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    // What cannot be raised stays.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    getrlimit(Resource::Nofile).current.map_or(u32::MAX, |current| u32::try_from(current).unwrap_or(u32::MAX))
}

#[cfg(not(unix))]
fn descriptors() -> u32 {
    u32::MAX
}
