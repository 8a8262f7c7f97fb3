//! Order from the seed: the same again and again, and another for another seed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use whit_sim::{Campaign, Order, Sim, Tape};

/// Whatever a program can do without sockets, a bit of each. What it saw, and how it ended.
fn run(sim: Sim) -> (Vec<u32>, u64, Tape) {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let log = seen.clone();
    let ended = sim.execute(async move {
        let (sender, receiver) = whit::channel::bounded(2);
        let lock = Rc::new(whit::sync::Mutex::new(()));
        let workers: Vec<_> = (0..4u32)
            .map(|number| {
                let (log, lock, sender) = (log.clone(), lock.clone(), sender.clone());
                whit::spawn_local(async move {
                    for round in 0..3 {
                        whit::sleep(Duration::from_millis(u64::from(number % 2))).await;
                        let _held = lock.lock().await;
                        log.borrow_mut().push(number * 10 + round);
                        let square = whit::unblock(move || number * number).await;
                        sender.send(square).await.unwrap();
                        whit::yield_now().await;
                    }
                })
            })
            .collect();
        drop(sender);
        let mut sum = 0;
        while let Ok(square) = receiver.recv().await {
            sum += square;
        }
        whit::gather!(in workers).await;
        let first = whit::race(async { 1 }, async { 2 }).await;
        log.borrow_mut().extend([sum, first]);
    });
    ended.result.unwrap();
    (seen.take(), ended.hash, ended.tape)
}

#[test]
fn one_seed_one_run_a_thousand_times() {
    let first = run(Sim::new(42));
    for again in 0..1000 {
        assert_eq!(run(Sim::new(42)), first, "run {again}");
    }
    println!("the hash of seed 42: {:016x}", first.1);
}

#[test]
fn a_thousand_seeds_repeat_from_seed_and_tape() {
    let mut hashes = BTreeSet::new();
    for seed in 0..1000 {
        let order = match seed % 3 {
            0 => Order::Priorities { changes: 3 },
            1 => Order::Fifo,
            _ => Order::Random,
        };
        let first = run(Sim::new(seed).order(order));
        assert_eq!(run(Sim::new(seed).order(order)), first, "seed {seed}");
        let (seen, hash, tape) = run(Sim::from_tape(first.2.clone()));
        assert_eq!((&seen, hash), (&first.0, first.1), "seed {seed}, from its tape");
        // First-come draws nothing; from a tape that choice is one like any other.
        assert!(tape == first.2 || order == Order::Fifo);
        hashes.insert(first.1);
    }
    // All first-come runs are alike but for what is drawn for races.
    assert!(hashes.len() > 500, "{} different runs", hashes.len());
}

#[test]
fn an_empty_tape_is_first_come_first_served() {
    let (seen, hash, _) = run(Sim::from_tape(Tape::default()));
    let fifo = run(Sim::new(1).order(Order::Fifo));
    assert_eq!((&seen[..12], hash), (&fifo.0[..12], fifo.1));
}

/// Two tasks, each `read, yield, write`: an update is lost if both read before one writes.
fn lost_update(order: Order, seeds: u64) -> Vec<u64> {
    let loses = |seed| {
        let ended = Sim::new(seed).order(order).execute(async {
            let counter = Rc::new(RefCell::new(0));
            let adders: Vec<_> = (0..2)
                .map(|_| {
                    let counter = counter.clone();
                    whit::spawn_local(async move {
                        let read = *counter.borrow();
                        whit::yield_now().await;
                        *counter.borrow_mut() = read + 1;
                    })
                })
                .collect();
            whit::gather!(in adders).await;
            assert_eq!(*counter.borrow(), 2, "an update was lost");
        });
        ended.result.is_err()
    };
    (0..seeds).filter(|seed| loses(*seed)).collect()
}

#[test]
fn a_lost_update_is_found_but_not_by_every_seed() {
    let random = lost_update(Order::Random, 100);
    assert!((5..=95).contains(&random.len()), "{random:?}");
    let priorities = lost_update(Order::Priorities { changes: 2 }, 100);
    assert!(!priorities.is_empty());
}

#[test]
fn races_and_maps_are_on_the_tape() {
    use whit::entropy::RandomState;

    let tape = |of: fn() -> u32| {
        let ended = Sim::new(5).order(Order::Fifo).execute(async move { of() });
        (ended.result.unwrap(), ended.tape.len())
    };
    let nothing = tape(|| 0).1;
    let race = || whit::future::block_on(whit::race(async { 1 }, async { 2 }));
    assert_eq!(tape(race).1, nothing + 1);
    let order = || {
        let mut set = std::collections::HashSet::with_hasher(RandomState::new());
        set.extend(0..100);
        set.into_iter().next().unwrap()
    };
    assert_eq!(tape(order), tape(order));
    assert_eq!(tape(order).1, nothing + 1);
    let first = |seed| Sim::new(seed).run(async move { order() });
    assert!((0..20).any(|seed| first(seed) != first(0)));
}

/// futures-lite's own race, which draws from `fastrand`: each poll that draws is a choice by itself, and tame it is the first's.
#[test]
fn races_of_others_are_on_the_tape() {
    use whit::future::FutureExt;

    async fn races() -> Vec<u32> {
        let mut won = Vec::new();
        for _ in 0..5 {
            won.push(async { 1 }.race(async { 2 }).await);
            whit::yield_now().await;
        }
        won
    }
    let run = |sim: Sim| {
        let ended = sim.order(Order::Fifo).execute(races());
        (ended.result.unwrap(), ended.tape)
    };
    assert_eq!(run(Sim::from_tape("".parse().unwrap())).0, [1; 5]);
    let (won, tape) = (0..).map(|seed| run(Sim::new(seed))).find(|(won, _)| won[..3] == [1, 1, 2]).unwrap();
    assert_eq!((run(Sim::from_tape(tape.clone())).0, tape.len()), (won, 6));
    let found = Campaign::new()
        .seeds(100)
        .find(|| async {
            let won = races().await;
            assert_ne!(won[3], 2, "the second has won the fourth race");
        })
        .unwrap();
    assert_eq!(found.shrunk.tape.wild(), 1, "{}", found.shrunk.tape);
}

/// What the real runtime does on one thread, where all that is due fires before anybody runs; and what it may do on several.
#[test]
fn two_timers_of_one_time_are_one_poll_or_two() {
    async fn done() -> usize {
        let sleeps = [(); 2].map(|()| whit::sleep(Duration::from_millis(1)));
        let first = whit::scope::wait_first(sleeps).await;
        assert_eq!(first.done.len() + first.pending.len(), 2);
        first.done.len()
    }
    assert_eq!(Sim::new(0).order(Order::Fifo).run(done()), 2);
    assert_eq!(Sim::from_tape("".parse().unwrap()).run(done()), 2, "the tame run");
    let counts: Vec<_> = (0..100).map(|seed| Sim::new(seed).run(done())).collect();
    assert!(counts.contains(&1) && counts.contains(&2), "{counts:?}");
}

/// Goes wrong if a task of twenty steps is overtaken by one of twenty between two of its own.
async fn overtaken() {
    let steps = Rc::new(RefCell::new([0; 2]));
    let tasks: Vec<_> = (0..2)
        .map(|number| {
            let steps = steps.clone();
            whit::spawn_local(async move {
                for _ in 0..20 {
                    let before = steps.borrow()[1 - number];
                    poll_once_more().await;
                    let after = steps.borrow()[1 - number];
                    assert!(after - before < 19, "overtaken");
                    steps.borrow_mut()[number] += 1;
                }
            })
        })
        .collect();
    whit::gather!(in tasks).await;
}

/// Ready to go on at once, and others may come in between: what giving way is not under priorities.
async fn poll_once_more() {
    let (sender, receiver) = whit::sync::oneshot::channel();
    let wakes = whit::spawn_local(async move { sender.send(()) });
    receiver.await.unwrap();
    wakes.await.unwrap();
}

#[test]
fn priorities_find_what_chance_does_not() {
    let failing = |order, seeds| {
        let fails = |seed: &u64| Sim::new(*seed).order(order).execute(overtaken()).result.is_err();
        (0..seeds).filter(fails).count()
    };
    let (chance, priorities) = (failing(Order::Random, 300), failing(Order::Priorities { changes: 3 }, 300));
    println!("of 300 seeds fail: {chance} by chance, {priorities} by priorities");
    assert!(chance == 0 && priorities >= 100, "{chance}, {priorities}");
}

/// Whatever a program does with it, it may not rely on the order: here it gets the other one.
#[test]
fn a_task_that_may_begin_in_its_spawn_is_queued() {
    let ended = Sim::new(1).execute(async {
        let (one, two) = (whit::spawn_eager(async { 1 }), whit::spawn_local_eager(async { 2 }));
        assert!(!one.is_finished() && !two.is_finished());
        assert_eq!(one.await + two.await, 3);
    });
    ended.result.unwrap();
}
