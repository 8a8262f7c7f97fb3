//! Random small programs, run on the real runtime and in the simulation: they must agree on all that is promised.
//!
//! A program is a number of tasks, each a list of steps. What a step brings is put down so that no order of tasks changes it: what
//! one task sent another in the order of sending, sums, counts, who wins a race that is not close. Whoever gets anything else
//! broke a promise, or the two worlds differ.
//!
//! No program can hang: a task sends only to those after it, and takes all that is sent to it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use whit::channel::{Receiver, Sender};
use whit::sim::{Order, Sim};
use whit::sync::{Barrier, Mutex, OnceCell, RwLock, Semaphore, broadcast};

/// Tasks of a program, at most.
const TASKS: usize = 5;
const PERMITS: usize = 1;

#[derive(Clone, Debug)]
enum Step {
    Yield,
    Sleep(Duration),
    /// Sends the next number to a later task.
    Send(usize),
    Receive,
    /// Adds under a lock that is held over a wait, or not.
    Lock(u64, bool),
    Write(u64),
    Read,
    Permit,
    Once,
    /// A child that gives this back.
    Child(u64),
    /// A child that would wait for ever, and is cancelled.
    Cancel,
    /// The shorter of two sleeps wins.
    Race(bool),
    /// A sleep under a time limit that it keeps, or not.
    Limit(bool),
    Gather(Vec<u64>),
    /// A group of so many children that wait for ever, and one that fails.
    Group(usize),
    Unblock(u64),
}

/// What is in reach of every task.
struct Shared {
    inboxes: Vec<Sender<(usize, u64)>>,
    start: Barrier,
    sum: Mutex<u64>,
    written: RwLock<u64>,
    permits: Semaphore,
    inside: AtomicUsize,
    most_inside: AtomicUsize,
    leaders: AtomicUsize,
    once: OnceCell<u64>,
    made: AtomicUsize,
    guards: AtomicUsize,
}

/// What a program came to.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    tasks: Vec<Told>,
    sum: u64,
    written: u64,
    permits_were_kept: bool,
    leaders: usize,
    made: usize,
    guards: usize,
}

/// What one task saw: its steps in words, and what came from each of the others, in its order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    steps: Vec<String>,
    received: BTreeMap<usize, Vec<u64>>,
    heard: Vec<u64>,
}

fn generate(seed: u64) -> Vec<Vec<Step>> {
    let mut random = fastrand::Rng::with_seed(seed);
    let tasks = random.usize(2..=TASKS);
    let mut program = vec![Vec::new(); tasks];
    for at in 0..tasks {
        for _ in 0..random.usize(1..=8) {
            let step = match random.u32(0..16) {
                0 => Step::Yield,
                1 => Step::Sleep(Duration::from_micros(random.u64(0..2000))),
                2..=4 if at + 1 < tasks => Step::Send(random.usize(at + 1..tasks)),
                5 => Step::Lock(random.u64(1..100), random.bool()),
                6 => Step::Write(random.u64(1..100)),
                7 => Step::Read,
                8 => Step::Permit,
                9 => Step::Once,
                10 => Step::Child(random.u64(..)),
                11 => Step::Cancel,
                12 => Step::Race(random.bool()),
                13 => Step::Limit(random.bool()),
                14 => Step::Gather((0..random.u64(0..4)).collect()),
                15 => Step::Group(random.usize(0..3)),
                _ => Step::Unblock(random.u64(..)),
            };
            program[at].push(step);
        }
        // All that earlier tasks send, at any place among the steps.
        let to_come = program[..at].iter().flatten().filter(|step| matches!(step, Step::Send(to) if *to == at)).count();
        for _ in 0..to_come {
            let place = random.usize(0..=program[at].len());
            program[at].insert(place, Step::Receive);
        }
    }
    program
}

async fn run(program: Vec<Vec<Step>>, capacity: usize) -> Outcome {
    let (inboxes, boxes): (Vec<_>, Vec<_>) = program.iter().map(|_| whit::channel::bounded(capacity)).unzip();
    let shared = Arc::new(Shared {
        inboxes,
        start: Barrier::new(program.len()),
        sum: Mutex::new(0),
        written: RwLock::new(0),
        permits: Semaphore::new(PERMITS),
        inside: AtomicUsize::new(0),
        most_inside: AtomicUsize::new(0),
        leaders: AtomicUsize::new(0),
        once: OnceCell::new(),
        made: AtomicUsize::new(0),
        guards: AtomicUsize::new(0),
    });
    let (news, hearer) = broadcast::channel(8);
    let tasks: Vec<_> = (program.into_iter().zip(boxes).enumerate())
        .map(|(at, (steps, inbox))| whit::spawn(task(at, steps, inbox, hearer.clone(), shared.clone())))
        .collect();
    drop(hearer);
    for number in 0..5 {
        news.send(number).await.expect("the tasks hear it");
    }
    drop(news);
    let tasks = whit::gather!(in tasks).await;
    Outcome {
        tasks,
        sum: *shared.sum.lock().await,
        written: *shared.written.read().await,
        permits_were_kept: shared.most_inside.load(SeqCst) <= PERMITS,
        leaders: shared.leaders.load(SeqCst),
        made: shared.made.load(SeqCst),
        guards: shared.guards.load(SeqCst),
    }
}

async fn task(
    at: usize,
    steps: Vec<Step>,
    inbox: Receiver<(usize, u64)>,
    mut hearer: broadcast::Receiver<u64>,
    shared: Arc<Shared>,
) -> Told {
    if shared.start.wait().await.expect("nobody aborts it").is_leader() {
        shared.leaders.fetch_add(1, SeqCst);
    }
    let (mut told, mut sent) = (Told::default(), 0);
    for step in steps {
        let name = format!("{step:?}");
        let brought = match step {
            Step::Receive => {
                let (from, number) = inbox.recv().await.expect("the shared state holds a sender");
                told.received.entry(from).or_default().push(number);
                String::new()
            }
            Step::Send(to) => {
                sent += 1;
                text(shared.inboxes[to].send((at, sent)).await.is_ok())
            }
            step => do_alone(step, &shared).await,
        };
        told.steps.push(format!("{name}: {brought}"));
    }
    while let Ok(number) = hearer.recv().await {
        told.heard.push(number);
    }
    told
}

/// A step that concerns no other task, or all of them alike.
async fn do_alone(step: Step, shared: &Arc<Shared>) -> String {
    let short = Duration::from_micros(100);
    let long = Duration::from_secs(60);
    match step {
        Step::Send(_) | Step::Receive => unreachable!("these are for two"),
        Step::Yield => text(whit::yield_now().await),
        Step::Sleep(time) => {
            let began = whit::time::now();
            whit::sleep(time).await;
            text(whit::time::now() - began >= time)
        }
        Step::Lock(number, wait) => {
            let mut sum = shared.sum.lock().await;
            let before = *sum;
            if wait {
                whit::yield_now().await;
            }
            *sum = before + number;
            String::new()
        }
        Step::Write(number) => {
            let mut written = shared.written.write().await;
            let before = *written;
            whit::yield_now().await;
            *written = before + number;
            String::new()
        }
        Step::Read => {
            let written = shared.written.read().await;
            let before = *written;
            whit::yield_now().await;
            text(*written == before)
        }
        Step::Permit => {
            let _permit = shared.permits.acquire().await.expect("it is not closed");
            let inside = shared.inside.fetch_add(1, SeqCst) + 1;
            shared.most_inside.fetch_max(inside, SeqCst);
            whit::sleep(short).await;
            shared.inside.fetch_sub(1, SeqCst);
            String::new()
        }
        Step::Once => {
            let make = async {
                whit::yield_now().await;
                shared.made.fetch_add(1, SeqCst);
                7
            };
            text(shared.once.get_or_init(|| make).await)
        }
        Step::Child(number) => text(whit::spawn(async move { number }).await),
        Step::Cancel => {
            let guard = Guard(shared.clone());
            let child = whit::spawn(async move {
                let _guard = guard;
                std::future::pending::<()>().await;
            });
            whit::yield_now().await;
            text(child.cancel().await)
        }
        Step::Race(first) => {
            let (one, two) = if first { (short, long) } else { (long, short) };
            text(
                whit::race(
                    async {
                        whit::sleep(one).await;
                        1
                    },
                    async {
                        whit::sleep(two).await;
                        2
                    },
                )
                .await,
            )
        }
        Step::Limit(kept) => {
            let (limit, time) = if kept { (long, short) } else { (short, long) };
            text(whit::timeout(limit, whit::sleep(time)).await.is_ok())
        }
        Step::Gather(numbers) => {
            let later = numbers.into_iter().map(|number| async move {
                whit::sleep(Duration::from_micros(300 - 50 * number)).await;
                number
            });
            text(whit::gather!(in later).await)
        }
        Step::Group(waiting) => {
            let outcome = whit::task_group(async |group| {
                for _ in 0..waiting {
                    let guard = Guard(shared.clone());
                    let child = async move {
                        let _guard = guard;
                        std::future::pending::<Result<(), &str>>().await
                    };
                    drop(group.spawn(child));
                }
                drop(group.spawn(async { Err::<(), _>("failed") }));
                Ok(())
            });
            text(outcome.await.map_err(|error| error.to_string()))
        }
        Step::Unblock(number) => text(whit::unblock(move || number).await),
    }
}

/// Counts that it was dropped.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.guards.fetch_add(1, SeqCst);
    }
}

fn text(value: impl Debug) -> String {
    format!("{value:?}")
}

#[test]
fn the_worlds_agree() {
    let programs = if cfg!(debug_assertions) { 150 } else { 2000 };
    for seed in 0..programs {
        let (program, capacity) = (generate(seed), 1 + seed as usize % 3);
        let expected = whit::run_local(run(program.clone(), capacity));
        assert!(
            expected.permits_were_kept && expected.leaders == 1 && expected.made <= 1,
            "{program:#?}\n{expected:#?}"
        );
        for workers in [1, 4] {
            let real = whit::Builder::new().workers(workers).run(run(program.clone(), capacity));
            assert_eq!(real, expected, "{workers} workers, program {seed}: {program:#?}");
        }
        for order in [Order::Random, Order::Fifo, Order::Priorities { changes: 3 }] {
            for number in 0..3 {
                let simulated = Sim::new(number).order(order).run(run(program.clone(), capacity));
                assert_eq!(simulated, expected, "simulated in {order:?}, program {seed}: {program:#?}");
            }
        }
    }
}
