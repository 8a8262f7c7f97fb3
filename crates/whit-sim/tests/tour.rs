//! The tour of the facade, its chapters unchanged: hyper's client and server over simulated sockets, with exact virtual times.

#![allow(unreachable_pub, clippy::duplicate_mod, reason = "each chapter is a program of its own as well")]

use std::future::Future;
use std::time::{Duration, Instant};

use whit_sim::{Ended, Order, Sim};

macro_rules! chapters {
    ($($name:ident $file:literal)*) => {$(
        #[path = $file]
        #[allow(dead_code)]
        mod $name;
    )*};
}
chapters! {
    gather "../../whit/examples/gather.rs"
    tasks "../../whit/examples/tasks.rs"
    blocking "../../whit/examples/blocking.rs"
    http "../../whit/examples/http.rs"
    semaphore "../../whit/examples/semaphore.rs"
    cpu "../../whit/examples/cpu.rs"
}

/// What a chapter measured, row by row; all as asked.
macro_rules! rows {
    ($sim:expr, $name:ident) => {{
        let ended = run($sim, async { result($name::story(&$name::support::Log::new(stringify!($name))).await) });
        let rows = ended.result.unwrap();
        let bad: Vec<_> = rows.iter().filter(|row| !row.good).map(|row| (row.what, &row.measured)).collect();
        assert!(bad.is_empty(), "not as asked: {bad:?}");
        rows.into_iter().map(|row| row.measured).collect::<Vec<_>>()
    }};
}

/// Some chapters give rows, some a result.
trait IntoRows<R> {
    fn into_rows(self) -> R;
}
impl<R> IntoRows<Vec<R>> for Vec<R> {
    fn into_rows(self) -> Vec<R> {
        self
    }
}
impl<R, E: std::fmt::Debug> IntoRows<Vec<R>> for Result<Vec<R>, E> {
    fn into_rows(self) -> Vec<R> {
        self.unwrap()
    }
}
fn result<R>(rows: impl IntoRows<R>) -> R {
    rows.into_rows()
}

fn run<T>(sim: Sim, story: impl Future<Output = T>) -> Ended<T> {
    sim.execute(story)
}

#[test]
fn exact_times_and_little_of_ours() {
    let wall = Instant::now();
    let sim = || Sim::new(1).order(Order::Fifo);
    assert_eq!(rows!(sim(), tasks), ["3.000 s", "1.000 s"]);
    assert_eq!(rows!(sim(), gather), ["2.000 s"]);
    assert_eq!(rows!(sim(), http), ["5.000 s", "1.000 s", "1, then 4"]);
    let semaphore = rows!(sim(), semaphore);
    assert_eq!([&semaphore[0], &semaphore[4]], ["4.000 s", "4.000 s"]);
    assert_eq!(rows!(sim(), blocking), ["2.000 s", "0.000 s", "0.000 s"]);
    assert_eq!(rows!(sim(), cpu)[..2], ["1.010 s", "0.010 s"]);
    println!("the tour took {:?}", wall.elapsed());
    let limit = if cfg!(debug_assertions) { 20 } else { 2 };
    assert!(wall.elapsed() < Duration::from_secs(limit), "{:?}", wall.elapsed());
}

#[test]
fn any_order_will_do() {
    // What is about order is asked of the chapters in which order is promised.
    for seed in 0..if cfg!(debug_assertions) { 20 } else { 1000 } {
        assert_eq!(rows!(Sim::new(seed), tasks), ["3.000 s", "1.000 s"]);
        assert_eq!(rows!(Sim::new(seed), gather), ["2.000 s"]);
        assert_eq!(rows!(Sim::new(seed), http), ["5.000 s", "1.000 s", "1, then 4"]);
    }
}

#[test]
fn hyper_repeats_itself() {
    let hash =
        |seed| run(Sim::new(seed), async { http::story(&http::support::Log::new("http")).await.unwrap().len() }).hash;
    let first = hash(3);
    (0..20).for_each(|_| assert_eq!(hash(3), first));
    let mut hashes: Vec<_> = (0..20).map(hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert!(hashes.len() > 10, "{} different runs", hashes.len());
}
