//! A key-value store with a leader and two followers, on real sockets and files, and the same one in a simulated machine room.
//!
//! ```sh
//! cargo run --release -p whit-sim --example store                 # three nodes on this machine, a few requests
//! cargo run --release -p whit-sim --example store -- 10000        # 10,000 seeds of crashes and partitions
//! cargo run --release -p whit-sim --example store -- bug          # the planted bug: which seed finds it, and how
//! cargo run --release -p whit-sim --example store -- corpus DIR   # the tapes of ten seeds, for a fuzzer to begin with
//! ```
//!
//! `node.rs` is the store, `log.rs` what it keeps on disk, `client.rs` who uses it. None of them knows which world it runs in.
//! `room.rs` is the simulated world, and `history.rs` the judge. The bug is a setting and not a feature, so that every run of the
//! tests (`tests/store.rs`) can see that it is found.

mod client;
mod history;
mod log;
mod node;
mod room;

use std::time::{Duration, Instant};

use client::Client;
use node::{Config, serve};
use whit::sim::{Campaign, Sim};

fn main() {
    match std::env::args().nth(1).as_deref() {
        None => whit::run(on_this_machine()),
        Some("bug") => find_the_bug(),
        Some("corpus") => keep_tapes(&std::env::args().nth(2).unwrap_or_else(|| "corpus".to_owned())),
        Some(seeds) => match seeds.parse() {
            Ok(seeds) => search(seeds),
            Err(_) => eprintln!("{seeds:?} is neither a number of seeds nor `bug` nor `corpus`"),
        },
    }
}

/// The same nodes over loopback and a temporary folder.
async fn on_this_machine() {
    let folder = std::env::temp_dir().join(format!("whit-store-{}", std::process::id()));
    let nodes: Vec<_> = [7101, 7102, 7103].map(|port| format!("127.0.0.1:{port}")).into();
    let serving = nodes.iter().enumerate().map(|(number, listen)| {
        let followers = if number == 0 { nodes[1..].to_vec() } else { Vec::new() };
        let folder = folder.join(number.to_string());
        whit::spawn(serve(Config { listen: listen.clone(), folder, followers, acknowledge_early: false }))
    });
    let serving = whit::scope::race(serving.collect::<Vec<_>>());
    let using = async {
        let store = Client { nodes: nodes.clone() };
        for (number, word) in (1..).zip(["alpha", "beta", "gamma"]) {
            let began = Instant::now();
            let version = store.put(number, "letter", word).await;
            println!("put letter = {word}: version {version}, on two disks after {:.1?}", began.elapsed());
        }
        let newest = store.get("letter").await.expect("it was put");
        println!("get letter: {} (version {})", newest.value, newest.version);
        Ok(())
    };
    // Nodes serve until they fail; the client ends first.
    let outcome = whit::future::or(using, serving).await;
    drop(whit::fs::remove_dir_all(&folder).await);
    if let Err(error) = outcome {
        eprintln!("a node could not serve: {error}; are ports 7101 to 7103 of this machine free?");
    }
}

fn search(seeds: u64) {
    let began = Instant::now();
    let bar = indicatif::ProgressBar::new(seeds);
    let mut virtual_time = Duration::ZERO;
    for seed in 0..seeds {
        let ended = Sim::new(seed).execute(room::run(false));
        if let Err(failure) = ended.result {
            bar.abandon();
            eprintln!("seed {seed}: {failure}");
            std::process::exit(1);
        }
        virtual_time += ended.time;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let rate = seeds as f64 / began.elapsed().as_secs_f64();
    println!(
        "{seeds} seeds, {:.1} hours of virtual time: the store did nothing wrong",
        virtual_time.as_secs_f64() / 3600.0
    );
    println!("{rate:.0} seeds a second");
}

fn find_the_bug() {
    let found = Campaign::new().name("store").seeds(1000).find(|| room::run(true));
    let Some(found) = found else { return println!("1,000 seeds did not find it") };
    println!("{found}");
    let (before, after) = (found.failure.tape().wild(), found.shrunk.tape.wild());
    println!("shrunk from {before} choices that are not tame to {after}, in {} runs", found.shrunk.runs);
    let again = Sim::new(found.seed).execute(room::run(true)).result.expect_err("the same seed, the same run");
    println!("once more, from its seed: {}", again.message());
}

fn keep_tapes(folder: &str) {
    for seed in 0..10 {
        let tape = Sim::new(seed).execute(room::run(false)).tape;
        let kept = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(format!("{folder}/seed-{seed}"), tape.to_bytes()));
        if let Err(error) = kept {
            return eprintln!("the tape of seed {seed} could not be written into {folder}: {error}");
        }
    }
}
