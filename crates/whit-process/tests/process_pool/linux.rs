//! The tests, which look into `/proc`.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures_lite::future::{block_on, or, poll_once, zip};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use whit_process::pool::{self, Job, JobError, PoolError, ProcessPool};

#[path = "../support/mod.rs"]
mod support;
use support::{children, eventually, run, runs};

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Shape {
    name: String,
    corners: Vec<(i32, i32)>,
}

static TURN: Job<Shape, Shape> = Job::new("turn", |mut shape| {
    shape.corners.iter_mut().for_each(|(x, y)| (*x, *y) = (-*y, *x));
    shape
});
static PID: Job<(), u32> = Job::new("pid", |()| std::process::id());
static PANIC: Job<String, ()> = Job::new("panic", |text| panic!("{text}"));
static CRASH: Job<(), ()> = Job::new("crash", |()| std::process::abort());
static EXIT: Job<i32, ()> = Job::new("exit", |code| std::process::exit(code));
static SLEEP: Job<u64, u32> = Job::new("sleep", |milliseconds| {
    std::thread::sleep(Duration::from_millis(milliseconds));
    std::process::id()
});
static FOR_EVER: Job<(), ()> = Job::new("for ever", |()| {
    loop {
        std::hint::spin_loop();
    }
});
/// Says its process once it is in its endless loop.
static SAY_AND_SPIN: Job<(), ()> = Job::new("say and spin", |()| {
    println!("{}", std::process::id());
    loop {
        std::hint::spin_loop();
    }
});
static LENGTH: Job<Vec<u8>, Vec<u8>> = Job::new("length", |bytes| bytes);
static READ: Job<(), String> = Job::new("read", |()| {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    println!("a job that prints does not disturb the answer");
    text
});
static UNKNOWN: Job<(), ()> = Job::new("unknown", |()| ());
/// What a child takes for a `u8` that is none.
static LYING: Job<u64, u64> = Job::new("narrow", |n| n);
static NARROW: Job<bool, bool> = Job::new("narrow", |b| b);

const VICTIM: &str = "WHIT_PROCESS_POOL_VICTIM";

pub(crate) fn main() {
    let before = ProcessPool::new(1).err();
    pool::init(&[&TURN, &PID, &PANIC, &CRASH, &EXIT, &SLEEP, &FOR_EVER, &SAY_AND_SPIN, &LENGTH, &READ, &NARROW]);
    assert!(!std::env::args().any(|argument| argument.starts_with("--whit-process-pool")), "a child came out of init");
    if std::env::var_os(VICTIM).is_some() {
        return victim();
    }
    assert_eq!(before, Some(PoolError::NotInitialised));
    assert_eq!(ProcessPool::new(0).err(), Some(PoolError::NoProcesses));
    for (name, test) in [
        ("arguments and results", arguments_and_results as fn()),
        ("a panic is told and the process goes on", panics),
        ("a crash is an error and the next job works", crashes),
        ("cancelling kills within 50 ms", cancelling),
        ("a killed child is an error at its await", killed),
        ("jobs run at once up to the number", at_once),
        ("a pool serves one runtime after another", runtimes),
        ("children end with their parent", parents_end),
        ("no child is left behind", || eventually("no child is left", || children().is_empty())),
    ] {
        test();
        println!("test {name} ... ok");
    }
}

fn arguments_and_results() {
    let pool = ProcessPool::new(1).unwrap();
    let shape = Shape { name: "triangle".into(), corners: vec![(0, 0), (4, 0), (0, 3)] };
    let turned = Shape { corners: vec![(0, 0), (0, 4), (-3, 0)], ..shape.clone() };
    assert_eq!(block_on(pool.run(&TURN, &shape)).unwrap(), turned);
    // In the same process, and not in this one.
    let id = block_on(pool.run(&PID, &())).unwrap();
    assert_ne!(id, std::process::id());
    assert_eq!(block_on(pool.run(&PID, &())).unwrap(), id);
    // More than a socket holds, in both directions.
    for length in [0, 1, 5_000_000] {
        let bytes: Vec<u8> = (0..length).map(|i| i as u8).collect();
        assert!(block_on(pool.run(&LENGTH, &bytes)).unwrap() == bytes);
    }
    assert_eq!(block_on(pool.run(&READ, &())).unwrap(), "");
    let error = block_on(pool.run(&UNKNOWN, &())).unwrap_err();
    assert!(matches!(&error, JobError::Unregistered(name) if name == "unknown"), "{error}");
    let error = block_on(pool.run(&LYING, &77)).unwrap_err();
    assert!(matches!(error, JobError::Serde(_)), "{error}");
    assert_eq!(block_on(pool.run(&PID, &())).unwrap(), id);
    drop(pool);
    eventually("a dropped pool's children are gone", || children().is_empty());
}

fn panics() {
    let pool = ProcessPool::new(1).unwrap();
    let id = block_on(pool.run(&PID, &())).unwrap();
    let error = block_on(pool.run(&PANIC, &"on purpose".to_owned())).unwrap_err();
    assert!(matches!(&error, JobError::Panicked(text) if text == "on purpose"), "{error}");
    assert_eq!(block_on(pool.run(&PID, &())).unwrap(), id);
}

fn crashes() {
    run(async {
        let pool = ProcessPool::new(1).unwrap();
        let before = pool.run(&PID, &()).await.unwrap();
        let error = pool.run(&CRASH, &()).await.unwrap_err();
        assert!(matches!(&error, JobError::Ended(status) if status.signal() == Some(6)), "{error}");
        assert_ne!(pool.run(&PID, &()).await.unwrap(), before);
        let error = pool.run(&EXIT, &3).await.unwrap_err();
        assert!(matches!(&error, JobError::Ended(status) if status.code() == Some(3)), "{error}");
        pool.run(&PID, &()).await.unwrap();
    });
}

fn cancelling() {
    run(async {
        let pool = ProcessPool::new(1).unwrap();
        let mut late = Vec::new();
        for _ in 0..10 {
            let id = pool.run(&PID, &()).await.unwrap();
            let waits = async {
                whit_timers::sleep(Duration::from_millis(20)).await;
            };
            or(async { panic!("{:?}", pool.run(&FOR_EVER, &()).await) }, waits).await;
            let dropped = Instant::now();
            eventually("it is killed", || !runs(id));
            if dropped.elapsed() > Duration::from_millis(50) {
                late.push(dropped.elapsed());
            }
        }
        // It must get a processor to die on, for which it may have to wait on a machine that is busy with other things.
        assert!(late.len() <= 2, "{late:?}");
        // Given up at each of its awaits, one after the other; until it completes.
        for polls in 0.. {
            let mut future = pin!(pool.run(&SLEEP, &1));
            let mut left = polls;
            let completed = std::future::poll_fn(|cx| {
                if left == 0 {
                    return std::task::Poll::Ready(false);
                }
                left -= 1;
                future.as_mut().poll(cx).map(|answer| answer.is_ok())
            });
            if completed.await {
                break;
            }
        }
        pool.run(&PID, &()).await.unwrap();
    });
}

fn killed() {
    run(async {
        let pool = ProcessPool::new(1).unwrap();
        let id = pool.run(&PID, &()).await.unwrap();
        let kill = async {
            whit_timers::sleep(Duration::from_millis(20)).await;
            // Ctrl-C is not for it.
            kill_process(Pid::from_raw(id as i32).unwrap(), Signal::INT).unwrap();
            whit_timers::sleep(Duration::from_millis(20)).await;
            assert!(runs(id));
            kill_process(Pid::from_raw(id as i32).unwrap(), Signal::KILL).unwrap();
        };
        let (ended, ()) = zip(pool.run(&FOR_EVER, &()), kill).await;
        let error = ended.unwrap_err();
        assert!(matches!(&error, JobError::Ended(status) if status.signal() == Some(9)), "{error}");
        // Killed while it has nothing to do: nobody notices.
        let id = pool.run(&PID, &()).await.unwrap();
        kill_process(Pid::from_raw(id as i32).unwrap(), Signal::KILL).unwrap();
        // With all of its threads: the socket is closed by the last.
        let threads = || std::fs::read_dir(format!("/proc/{id}/task")).map_or(0, Iterator::count);
        eventually("it is dead", || !runs(id) && threads() <= 1);
        assert_ne!(pool.run(&PID, &()).await.unwrap(), id);
    });
}

fn at_once() {
    run(async {
        let pool = ProcessPool::new(2).unwrap();
        let sleep = || async { pool.run(&SLEEP, &100).await.unwrap() };
        let ((one, two), (three, four)) = zip(zip(sleep(), sleep()), zip(sleep(), sleep())).await;
        let mut ids = vec![one, two, three, four];
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 2, "four jobs in two processes");
        // Who waits for a process and is dropped takes none.
        let mut busy = pin!(zip(sleep(), sleep()));
        assert!(poll_once(busy.as_mut()).await.is_none());
        assert!(poll_once(pool.run(&PID, &())).await.is_none());
        busy.await;
        assert!(ids.contains(&pool.run(&PID, &()).await.unwrap()));
    });
}

fn runtimes() {
    let pool = ProcessPool::new(1).unwrap();
    for _ in 0..3 {
        run(pool.run(&PID, &())).unwrap();
        block_on(pool.run(&PID, &())).unwrap();
    }
}

/// A parent that is killed while its child is in an endless loop.
fn parents_end() {
    let mut victim = std::process::Command::new(std::env::current_exe().unwrap());
    let mut victim = victim.env(VICTIM, "1").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(victim.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let id: u32 = line.trim().parse().unwrap();
    assert!(runs(id));
    victim.kill().unwrap();
    victim.wait().unwrap();
    eventually("the child is gone", || !runs(id));
}

fn victim() {
    let pool = ProcessPool::new(1).unwrap();
    drop(block_on(pool.run(&SAY_AND_SPIN, &())));
}
