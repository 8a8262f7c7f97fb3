//! Runs from any bytes: none of them is bad, and a fuzzer that knows nothing of the program finds what seeds do not.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use proptest::prelude::*;
use whit::net::{TcpListener, TcpStream};
use whit::prelude::*;
use whit_sim::{Campaign, Controls, Disk, DiskFault, DiskWork, Latency, NetFaults, Sim, Tape};

const MS: Duration = Duration::from_millis(1);

/// A bit of everything that makes choices, with each kind of fault: it may fail as programs do, but not panic.
async fn anything() -> io::Result<()> {
    let controls = Controls::current();
    controls.links().latency(Latency::Bimodal(MS, 50 * MS, 0.2)).loss(0.1).duplication(0.1).reordering(0.1);
    let faults = NetFaults::new().spurious(0.1).short_reads(0.3).short_writes(0.3);
    controls.host("server").net_faults(faults).disk(Disk::new().fault(DiskWork::Write, DiskFault::Io, 0.2)).start(
        || async {
            let Ok(listener) = TcpListener::bind("0.0.0.0:80").await else { return };
            while let Ok((mut stream, _)) = listener.accept().await {
                let kept = whit::fs::write("heard", b"hello").await;
                let _ = stream.write_all(if kept.is_ok() { b"kept" } else { b"lost" }).await;
            }
        },
    );
    let trouble = whit::spawn_local(async move {
        for _ in 0..controls.choose(3) {
            whit::sleep(controls.choose(100) * MS).await;
            match controls.choose(3) {
                0 => controls.crash("server"),
                1 => controls.partition(&["root"], &["server"]),
                _ => controls.pause("server"),
            }
            whit::sleep(controls.choose(100) * MS).await;
            controls.heal();
            controls.restart("server");
        }
    });
    let ask = async {
        let mut answer = String::new();
        let mut stream = TcpStream::connect("server:80").await?;
        stream.read_to_string(&mut answer).await?;
        io::Result::Ok(answer)
    };
    let answer = whit::timeout(Duration::from_secs(5), ask.race(std::future::pending())).await;
    assert!(!matches!(answer, Ok(Ok(text)) if !["kept", "lost", ""].contains(&&*text) && text.len() > 4));
    trouble.await;
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_a_run_that_repeats(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let run = |tape| Sim::from_tape(tape).max_steps(1_000_000).execute(anything());
        let first = run(Tape::from_bytes(&bytes));
        prop_assert!(first.result.is_ok(), "{:?}", first.result.err());
        let again = run(first.tape.clone());
        prop_assert_eq!((again.hash, again.tape), (first.hash, first.tape));
    }

    #[test]
    fn any_text_is_a_tape_or_an_error(text in "[SNKXUP0-9a-f]{0,20}|.{0,20}") {
        if let Ok(tape) = text.parse::<Tape>() {
            prop_assert_eq!(tape.to_string().parse(), Ok(tape));
        }
    }
}

/// Four steps, each of which one choice in sixteen takes: one seed in 65,536 comes to the end of it.
async fn ladder() {
    let controls = Controls::current();
    for step in [3, 14, 7, 9] {
        whit::yield_now().await;
        if controls.choose(16) != step {
            return;
        }
        whit::sleep(MS).await;
    }
    panic!("the last step was taken");
}

/// A fuzzer in a few lines, where no other is at hand: it changes tapes, and keeps those whose runs took a number of steps that was
/// not seen before. How many runs it took to fail.
fn search(runs: u32, seed: u64) -> Option<(u32, Vec<u8>)> {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut kept, mut seen) = (vec![Vec::new()], BTreeSet::new());
    for run in 1..=runs {
        let mut bytes = kept[random.usize(..kept.len())].clone();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..64);
            bytes.resize(bytes.len().max(at + 1), 0);
            bytes[at] = random.u8(..);
        }
        let ended = Sim::from_tape(Tape::from_bytes(&bytes)).execute(ladder());
        if ended.result.is_err() {
            return Some((run, bytes));
        }
        if seen.insert(ended.steps) {
            kept.push(bytes);
        }
    }
    None
}

#[test]
fn a_search_that_keeps_what_is_new_finds_what_seeds_do_not() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let by_seeds = (0..5_000).find(|seed| Sim::new(*seed).execute(ladder()).result.is_err());
    let found: Vec<_> = (0..3).map(|seed| search(50_000, seed)).collect();
    std::panic::set_hook(hook);
    let runs: Vec<_> = found.iter().map(|found| found.as_ref().map(|(runs, _)| *runs)).collect();
    println!("by seeds: {by_seeds:?} of 5,000; by search after {runs:?} runs");
    assert!(by_seeds.is_none() && runs.iter().all(Option::is_some), "{by_seeds:?} {runs:?}");
    let (_, bytes) = found[0].as_ref().unwrap();
    let said = std::panic::catch_unwind(|| Campaign::new().fuzz(bytes, ladder)).unwrap_err();
    let text = said.downcast_ref::<String>().unwrap();
    // Four choices are left, and each has its one value.
    assert!(text.contains("the last step was taken") && text.contains("WHIT_SIM_TAPE=\"U00030e0709\""), "{text}");
    Campaign::new().fuzz(&[], ladder);
}
