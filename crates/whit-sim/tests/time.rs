//! Virtual time: exact, ordered, and only when all is blocked.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use whit::time::now;
use whit_sim::{Order, Sim, Skew};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn sleeps_are_exact_and_cost_nothing() {
    let wall = Instant::now();
    let slept = Sim::new(1).run(async {
        let started = now();
        for nanos in [1, 999_999_999, 7 * 86_400_000_000_000] {
            whit::sleep(Duration::from_nanos(nanos)).await;
        }
        now() - started
    });
    assert_eq!(slept, SECOND + 7 * 86_400 * SECOND);
    assert!(wall.elapsed() < Duration::from_millis(200));
}

#[test]
fn timeouts_intervals_and_deadlines_follow() {
    Sim::new(2).run(async {
        let started = now();
        let late = whit::timeout(3 * SECOND, std::future::pending::<()>()).await;
        assert!(late.is_err() && now() - started == 3 * SECOND);
        let in_time = whit::timeout(3 * SECOND, whit::sleep(2 * SECOND)).await;
        assert!(in_time.is_ok() && now() - started == 5 * SECOND);

        let mut ticks = whit::interval(SECOND / 4);
        for tick in 0..5 {
            ticks.tick().await;
            assert_eq!(now() - started, 5 * SECOND + tick * SECOND / 4);
        }
        assert_eq!(whit::move_on_after(SECOND, whit::sleep(60 * SECOND)).await, None);
        assert_eq!(now() - started, 7 * SECOND);
        let failed = whit::fail_after(SECOND, whit::sleep(60 * SECOND)).await;
        assert!(failed.is_err() && now() - started == 8 * SECOND);
        whit::sleep_until(started + 10 * SECOND).await;
        assert_eq!(now() - started, 10 * SECOND);
        whit::Timer::after(SECOND).await;
        assert_eq!(now() - started, 11 * SECOND);
    });
}

#[test]
fn equal_deadlines_fire_in_the_order_they_were_set() {
    for seed in 0..20 {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let inner = seen.clone();
        Sim::new(seed).order(Order::Fifo).run(async move {
            let at = now() + SECOND;
            let sleepers: Vec<_> = (0..10)
                .map(|number| {
                    let seen = inner.clone();
                    whit::spawn_local(async move {
                        whit::sleep_until(at).await;
                        seen.borrow_mut().push(number);
                    })
                })
                .collect();
            whit::gather!(in sleepers).await;
        });
        assert_eq!(*seen.borrow(), (0..10).collect::<Vec<_>>());
    }
}

#[test]
fn a_moment_ends_when_all_are_blocked() {
    let sim = Sim::new(3);
    let controls = sim.controls();
    sim.run(async move {
        let task = whit::spawn(async {
            for _ in 0..100 {
                whit::yield_now().await;
            }
            whit::sleep(SECOND).await;
        });
        let counted = controls.clone();
        controls.wait_all_blocked().await;
        assert_eq!(counted.elapsed(), Duration::ZERO);
        assert!(!task.is_finished());
        // And again: whoever is woken by the first wait is waited for by the second.
        let both = whit::spawn({
            let controls = controls.clone();
            async move { controls.wait_all_blocked().await }
        });
        controls.wait_all_blocked().await;
        both.await;
        assert_eq!(counted.elapsed(), Duration::ZERO);
        task.await;
        assert_eq!(counted.elapsed(), SECOND);
    });
}

#[test]
fn a_day_of_heartbeats() {
    let wall = Instant::now();
    let ended = Sim::new(4).execute(async {
        let day = 86_400 * SECOND;
        let hearts: Vec<_> = (0..3)
            .map(|_| {
                whit::spawn(async move {
                    let (started, mut beats) = (now(), 0u32);
                    let mut ticks = whit::interval(SECOND);
                    while now() - started < day {
                        ticks.tick().await;
                        beats += 1;
                    }
                    beats
                })
            })
            .collect();
        whit::gather!(in hearts).await
    });
    assert_eq!(ended.result.unwrap(), [86_401; 3]);
    assert_eq!(ended.time, 86_400 * SECOND);
    println!("three hearts for a day: {:?} of wall time, {} steps", wall.elapsed(), ended.steps);
    // A debug build on a machine that does other things: the figure of a release build is in the docs.
    assert!(wall.elapsed() < Duration::from_secs(20), "{:?}", wall.elapsed());
}

#[test]
fn clocks_of_hosts_differ() {
    let sim = Sim::new(5);
    sim.host("ahead").skew(Skew::ahead(2 * SECOND));
    sim.host("behind").skew(Skew::behind(3 * SECOND));
    sim.host("fast").skew(Skew::default().drift(100_000.0));
    let late = sim.host("late");
    let controls = sim.controls();
    sim.run(async move {
        let root = now();
        assert_eq!(controls.on("late", async { now() }).await, root);
        late.skew(Skew::ahead(SECOND));
        assert_eq!(controls.on("late", async { now() }).await, root + SECOND);
        let seen = |host: &'static str| controls.on(host, async { now() });
        assert_eq!(seen("ahead").await - root, 2 * SECOND);
        assert_eq!(root - seen("behind").await, 3 * SECOND);
        // A tenth too fast: its ten seconds are nine and a bit.
        controls.on("fast", whit_sleep(11 * SECOND)).await;
        assert_eq!(now() - root, 10 * SECOND);
        controls.on("behind", whit_sleep(SECOND)).await;
        assert_eq!(now() - root, 11 * SECOND);
    });
}

/// Takes its clock where it is polled first.
async fn whit_sleep(time: Duration) {
    whit::sleep(time).await;
}

#[test]
fn what_blocks_takes_its_time() {
    Sim::new(6).run(async {
        let started = now();
        // In a job it is the job's thread that is held: others go on.
        let job = whit::unblock(move || {
            whit::time::hold(2 * SECOND);
            assert_eq!(now() - started, 2 * SECOND);
            let last = whit::time::keep_busy(SECOND, || 5);
            (last, now() - started)
        });
        let beside = whit::spawn(async move {
            whit::sleep(SECOND).await;
            now() - started
        });
        assert_eq!(whit::gather!(job, beside).await, ((5, 3 * SECOND), SECOND));
        assert_eq!(now() - started, 3 * SECOND);

        // Whoever waits for a job and something else is woken by the first.
        let slow = whit::unblock(|| whit::time::hold(60 * SECOND));
        assert!(whit::timeout(SECOND, slow).await.is_err());
        assert_eq!(now() - started, 4 * SECOND);

        // In a task it holds everything up.
        let heart = whit::spawn(async move {
            let mut ticks = whit::interval(SECOND);
            ticks.tick().await;
            ticks.tick().await;
            now() - started
        });
        whit::yield_now().await;
        whit_sim::Controls::current().wait_all_blocked().await;
        whit::time::hold(5 * SECOND);
        assert_eq!(now() - started, 9 * SECOND);
        assert_eq!(heart.await, 9 * SECOND);
    });
}
