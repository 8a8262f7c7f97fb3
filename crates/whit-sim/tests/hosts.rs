//! Hosts: start, crash, restart, pause, and the end of a program.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use whit_sim::{Controls, Sim};

const SECOND: Duration = Duration::from_secs(1);

fn counting(sim: &Sim, name: &str) -> Arc<AtomicU32> {
    let beats = Arc::new(AtomicU32::new(0));
    let inner = beats.clone();
    sim.host(name).start(move || {
        let beats = inner.clone();
        async move {
            loop {
                beats.fetch_add(1, Relaxed);
                whit::sleep(SECOND).await;
            }
        }
    });
    beats
}

#[test]
fn a_crash_stops_a_restart_starts() {
    let sim = Sim::new(1);
    let (a, b) = (counting(&sim, "a"), counting(&sim, "b"));
    let controls = sim.controls();
    sim.run(async move {
        let seen = || (a.load(Relaxed), b.load(Relaxed));
        whit::sleep(SECOND * 5 / 2).await;
        assert_eq!(seen(), (3, 3));
        controls.crash("a");
        assert!(!controls.is_up("a") && controls.is_up("b"));
        controls.crash("a");
        whit::sleep(2 * SECOND).await;
        assert_eq!(seen(), (3, 5));
        controls.restart("a");
        assert!(controls.is_up("a"));
        whit::sleep(SECOND * 7 / 4).await;
        assert_eq!(seen(), (5, 7));
        // One that is up starts over.
        controls.restart("b");
        whit::sleep(SECOND / 8).await;
        assert_eq!(seen(), (5, 8));
    });
}

#[test]
fn a_pause_holds_tasks_but_not_time() {
    let sim = Sim::new(2);
    let beats = counting(&sim, "a");
    let controls = sim.controls();
    sim.run(async move {
        whit::sleep(SECOND / 2).await;
        controls.pause("a");
        controls.pause("a");
        whit::sleep(10 * SECOND).await;
        assert_eq!(beats.load(Relaxed), 1);
        controls.resume("a");
        controls.resume("a");
        // The sleep is long over.
        controls.wait_all_blocked().await;
        assert_eq!(beats.load(Relaxed), 2);
        whit::sleep(SECOND).await;
        assert_eq!(beats.load(Relaxed), 3);
        // Crashed while it is paused, it comes back unpaused.
        controls.pause("a");
        controls.restart("a");
        controls.wait_all_blocked().await;
        assert_eq!(beats.load(Relaxed), 4);
    });
}

#[test]
fn a_program_begins_once_however_often_it_is_asked_for() {
    let sim = Sim::new(8);
    let beats = counting(&sim, "a");
    sim.restart("a");
    let controls = sim.controls();
    sim.run(async move {
        whit::sleep(SECOND / 2).await;
        assert_eq!(beats.load(Relaxed), 1);
        controls.restart("a");
        controls.restart("a");
        whit::sleep(SECOND / 2).await;
        assert_eq!(beats.load(Relaxed), 2);
        controls.crash("a");
        controls.restart("a");
        controls.crash("a");
        whit::sleep(SECOND / 2).await;
        assert_eq!(beats.load(Relaxed), 2);
    });
}

#[test]
fn a_simulation_that_is_never_run_keeps_nothing() {
    let held = Arc::new(());
    let sim = Sim::new(9);
    let (controls, inner) = (sim.controls(), held.clone());
    sim.host("a").start(move || {
        let _both = (controls.clone(), inner.clone());
        async {}
    });
    drop(sim);
    assert_eq!(Arc::strong_count(&held), 1);
}

struct Dropped(Rc<RefCell<Vec<(&'static str, Duration)>>>, &'static str);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.borrow_mut().push((self.1, Controls::current().elapsed()));
    }
}

#[test]
fn a_crash_drops_every_future_before_anything_else_runs() {
    let sim = Sim::new(3);
    sim.host("a");
    let controls = sim.controls();
    let dropped = Rc::new(RefCell::new(Vec::new()));
    let log = dropped.clone();
    sim.run(async move {
        let guard = |name| Dropped(log.clone(), name);
        let (ready, waits, sleeps) = (guard("ready"), guard("waits"), guard("sleeps"));
        controls
            .on("a", async move {
                let _waits = waits;
                std::future::pending::<()>().await;
            })
            .detach();
        let kept = controls.on("a", async move {
            let _sleeps = sleeps;
            whit::sleep(60 * SECOND).await;
        });
        whit::sleep(SECOND).await;
        let never = controls.on("a", async move {
            drop(ready);
            unreachable!("the host crashes before its turn");
        });
        controls.crash("a");
        assert!(log.borrow().is_empty(), "nothing is dropped inside the poll that asks for it");
        whit::yield_now().await;
        let names: Vec<_> = log.borrow().iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["ready", "waits", "sleeps"]);
        assert_eq!((never.fallible().await, kept.fallible().await), (None, None));
        assert_eq!(controls.elapsed(), SECOND);
    });
    assert_eq!(dropped.borrow().len(), 3);
}

#[test]
fn a_program_may_crash_its_own_host_and_ends_by_itself() {
    let sim = Sim::new(4);
    let starts = Arc::new(AtomicU32::new(0));
    let inner = starts.clone();
    sim.host("suicidal").start(move || {
        let starts = inner.clone();
        async move {
            starts.fetch_add(1, Relaxed);
            Controls::current().crash("suicidal");
            // It runs on to its next await, as a process does between two signals.
            starts.fetch_add(10, Relaxed);
            whit::yield_now().await;
            starts.fetch_add(100, Relaxed);
        }
    });
    let left = Arc::new(AtomicU32::new(0));
    let inner = left.clone();
    sim.host("short").start(move || {
        let left = inner.clone();
        async move {
            whit::spawn(async move {
                whit::sleep(2 * SECOND).await;
                left.fetch_add(1, Relaxed);
            })
            .detach();
            whit::sleep(SECOND).await;
        }
    });
    let controls = sim.controls();
    sim.run(async move {
        whit::sleep(SECOND / 2).await;
        assert!(!controls.is_up("suicidal") && controls.is_up("short"));
        assert_eq!(starts.load(Relaxed), 11);
        whit::sleep(10 * SECOND).await;
        assert!(!controls.is_up("short"));
        assert_eq!(left.load(Relaxed), 0);
        controls.restart("short");
        whit::sleep(SECOND / 2).await;
        assert!(controls.is_up("short"));
    });
}

#[test]
fn the_end_drops_everything_while_it_is_still_inside() {
    let dropped = Rc::new(RefCell::new(Vec::new()));
    let log = dropped.clone();
    let sim = Sim::new(5);
    sim.host("a");
    let controls = sim.controls();
    sim.run(async move {
        for (host, name) in [("a", "on a"), ("a", "also on a")] {
            let guard = Dropped(log.clone(), name);
            controls
                .on(host, async move {
                    let _guard = guard;
                    std::future::pending::<()>().await;
                })
                .detach();
        }
        let guard = Dropped(log.clone(), "local");
        whit::spawn_local(async move {
            let _guard = guard;
            // A destructor that spawns: its task is dropped as well.
            struct Spawns;
            impl Drop for Spawns {
                fn drop(&mut self) {
                    whit::spawn(async { unreachable!("the simulation is over") }).detach();
                }
            }
            let _spawns = Spawns;
            std::future::pending::<()>().await;
        })
        .detach();
        whit::sleep(SECOND).await;
    });
    assert_eq!(dropped.borrow().len(), 3);
    assert!(dropped.borrow().iter().all(|(_, at)| *at == SECOND));
}

#[test]
fn hosts_come_while_it_runs() {
    let ran = Rc::new(Cell::new(false));
    let set = ran.clone();
    Sim::new(6).run(async move {
        let controls = Controls::current();
        controls.host("late").start(|| async {
            whit::sleep(SECOND).await;
        });
        assert_eq!(controls.on("late", async { 5 }).await, 5);
        whit::sleep(2 * SECOND).await;
        assert!(!controls.is_up("late"));
        set.set(true);
    });
    assert!(ran.get());
}

fn message(f: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap().to_string())
}

#[test]
fn bad_names_say_which_there_are() {
    let sim = Sim::new(7);
    let controls = sim.controls();
    assert_eq!(
        message(|| controls.crash("x")),
        "there is no host \"x\": there is none at all but the root's; add it with `host`"
    );
    sim.host("a");
    sim.host("b").address([10, 9, 9, 9]);
    assert_eq!(message(|| controls.pause("root")), "there is no host \"root\"; there are \"a\", \"b\"");
    assert!(message(|| drop(sim.host("a"))).contains("a second host was to be called \"a\""));
    assert!(message(|| drop(sim.host(""))).contains("empty name"));
    assert!(message(|| drop(sim.host("c").address([10, 9, 9, 9]))).contains("which is that of host \"b\""));
    controls.crash("a");
    assert!(message(|| drop(controls.on("a", async {}))).contains("is down"));
    assert!(message(|| drop(Controls::current())).contains("outside every simulation"));
}
