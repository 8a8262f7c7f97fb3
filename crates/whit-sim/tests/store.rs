//! The store of `examples/store`: right under crashes and partitions, and its planted bug is found and replayed.

// What the example uses and the tests do not.
#![allow(dead_code)]

#[path = "../examples/store/client.rs"]
mod client;
#[path = "../examples/store/history.rs"]
mod history;
#[path = "../examples/store/log.rs"]
mod log;
#[path = "../examples/store/node.rs"]
mod node;
#[path = "../examples/store/room.rs"]
mod room;

use std::time::Duration;

use history::{Seen, complaint};
use whit::sim::{Campaign, Sim};

#[test]
fn crashes_and_partitions_lose_nothing_that_was_answered() {
    let seeds = if cfg!(debug_assertions) { 200 } else { 10_000 };
    Campaign::new().seeds(seeds).run(|| room::run(false));
}

#[test]
fn an_answer_before_the_copies_is_found_and_replays() {
    let found = Campaign::new().seeds(1000).shrink_runs(200).find(|| room::run(true)).expect("one of 1,000 seeds");
    println!("found by seed {}: {}", found.seed, found.failure.message());
    let again = Sim::new(found.seed).execute(room::run(true)).result.unwrap_err();
    assert_eq!((again.message(), again.tape()), (found.failure.message(), found.failure.tape()));
    assert!(found.shrunk.tape.wild() < found.failure.tape().wild());
}

#[test]
fn the_judge_sees_what_is_wrong() {
    let seen = |called: u64, answered: u64, version: u64, is_put: bool| Seen {
        client: called,
        key: "x".into(),
        called: Duration::from_secs(called),
        answered: Duration::from_secs(answered),
        version,
        value: version.to_string(),
        is_put,
    };
    let (put, next) = (seen(0, 2, 1, true), seen(3, 4, 2, true));
    assert_eq!(complaint(&[put.clone(), next.clone(), seen(5, 6, 2, false)]), None);
    // Beside the second write, a reader may see either.
    assert_eq!(complaint(&[put.clone(), next.clone(), seen(3, 6, 1, false)]), None);
    assert!(complaint(&[put.clone(), next.clone(), seen(5, 6, 1, false)]).is_some());
    assert!(complaint(&[put.clone(), next.clone(), seen(5, 6, 0, false)]).is_some());
    assert!(complaint(&[put.clone(), seen(3, 4, 1, true)]).is_some(), "two writes of one version");
    let other = Seen { value: "else".into(), ..seen(5, 6, 2, false) };
    assert!(complaint(&[put.clone(), next, other]).is_some(), "two values of one version");
    let again = Seen { value: put.value.clone(), ..seen(5, 6, 3, false) };
    assert!(complaint(&[put, again]).is_some(), "a write that was done twice");
}
