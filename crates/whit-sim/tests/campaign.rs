//! Many seeds, the first failure, and the tamest run that still shows it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use whit::prelude::*;
use whit_sim::{Campaign, Controls, Order, Sim};

/// Three tasks of five rounds each; an update is lost if one reads between the read and the write of another.
async fn loses_an_update() {
    let counter = Rc::new(Cell::new(0));
    let adders: Vec<_> = (0..3)
        .map(|_| {
            let counter = counter.clone();
            whit::spawn_local(async move {
                for _ in 0..5 {
                    let read = counter.get();
                    // Rarely is there something to do in between.
                    if Controls::current().chance(0.05) {
                        whit::yield_now().await;
                    }
                    counter.set(read + 1);
                    whit::sleep(Duration::from_millis(1)).await;
                }
            })
        })
        .collect();
    whit::gather!(in adders).await;
    assert_eq!(counter.get(), 15, "an update was lost");
}

#[test]
fn a_failure_is_found_shrunk_and_replays() {
    for order in [Order::Random, Order::Priorities { changes: 3 }] {
        let found = Campaign::new().seeds(1000).order(order).find(loses_an_update).expect("one of a thousand");
        assert!(found.failure.message().contains("an update was lost"), "{found}");
        // One yield at the wrong place, and at most one switch.
        let tape = &found.shrunk.tape;
        assert!(tape.wild() <= 2, "{tape:?} after {} runs, from {:?}", found.shrunk.runs, found.failure.tape());
        let again = Sim::from_tape(tape.clone()).execute(loses_an_update());
        assert!(again.result.unwrap_err().message().contains("an update was lost"));
        let seed = Sim::new(found.seed).order(order).execute(loses_an_update());
        assert_eq!(seed.result.unwrap_err().tape(), found.failure.tape());
    }
}

#[test]
fn what_always_passes_passes() {
    let runs = Cell::new(0);
    let count = Campaign::new().seeds(50).run(|| async {
        runs.set(runs.get() + 1);
        Ok::<_, String>(runs.get())
    });
    assert_eq!((runs.get(), count), (50, Ok(50)));
    assert!(Campaign::new().seeds(20).find(|| async {}).is_none());
}

#[test]
fn an_error_is_a_failure_and_hosts_are_there() {
    let found = Campaign::new().hosts(2).find(|| async {
        let controls = Controls::current();
        assert!(controls.is_up("host-1") && controls.is_up("host-2"));
        Err::<(), _>("no luck")
    });
    assert_eq!(found.unwrap().failure.message(), "the test gave an error: \"no luck\"");
}

#[test]
#[should_panic(expected = "a campaign over no seeds")]
fn no_seeds_prove_nothing() {
    Campaign::new().seeds(0).run(|| async {});
}

#[test]
fn a_shrunk_run_that_would_not_end_is_given_up() {
    // Tamer than the failing run is one that never ends: the search must not stay in it.
    let found = Campaign::new().seeds(100).max_steps(u64::MAX).shrink_runs(50).find(|| async {
        if Controls::current().choose(1000) == 0 {
            whit::stream::repeat(()).then(|()| whit::yield_now()).count().await;
        }
        assert_eq!(1 + 1, 3, "fails at once");
    });
    assert_eq!(
        found.unwrap().failure.message().lines().next(),
        Some("assertion `left == right` failed: fails at once")
    );
}

#[test]
fn traces_read_as_text_and_open_in_a_browser() {
    let log = Rc::new(RefCell::new(String::new()));
    let sim = Sim::new(1).keep_trace();
    sim.host("db").start(|| async { std::future::pending().await });
    let ended = sim.execute(async {
        whit::spawn_named("a \"quoted\" name", whit::sleep(Duration::from_micros(1500))).await;
        Controls::current().note("half-way");
        Controls::current().crash("db");
        log.borrow_mut().push_str("done");
    });
    let text = ended.text();
    for line in [
        "0.000000000 root the root is polled",
        "0.001500000 root half-way",
        "0.001500000 db   crashes",
        "0.001500000 db   task 1 is gone",
    ] {
        assert!(text.lines().any(|found| found.trim_start() == line), "no {line:?} in\n{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&ended.chrome()).unwrap();
    let events = json["traceEvents"].as_array().unwrap();
    let lives: Vec<_> = events.iter().filter(|event| event["ph"] == "X").collect();
    assert_eq!(lives.len(), 2);
    assert!(lives.iter().all(|life| life["dur"] == 1500.0), "{lives:?}");
    assert!(
        events
            .iter()
            .any(|event| event["args"]["name"].as_str().is_some_and(|name| name.contains(r#""a \"quoted\" name""#)))
    );
    // Who does not ask keeps nothing.
    assert_eq!(Sim::new(1).execute(async {}).text(), "");
}

#[test]
fn two_runs_are_compared_line_by_line() {
    // A program that depends on something the simulation does not know of.
    let run = |escaped: bool| {
        Sim::new(1).keep_trace().execute(async move {
            whit::sleep(Duration::from_secs(1)).await;
            whit::sleep(Duration::from_secs(if escaped { 2 } else { 3 })).await;
        })
    };
    assert_eq!(run(true).first_difference(&run(true)), None);
    let (one, other) = run(true).first_difference(&run(false)).unwrap();
    assert!(one.trim_start().starts_with("3.000000000 root") && other.trim_start().starts_with("4.000000000 root"));
    assert_ne!(run(true).hash, run(false).hash);
}
