//! Timers over the real wheel: a dropped one leaves no registration, and an interval loses no tick.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use whit::parts::core::Enter;
use whit::parts::{Park, ThreadPark, Timers};
use whit::stream::StreamExt;
use whit::{Handle, Timer, timeout};

use crate::explorer::{Acts, Explorer, Rival, STRICT};

const SOON: Duration = Duration::from_millis(2);

struct World {
    timers: Arc<Timers<ThreadPark>>,
    rival: Rival<Instant>,
    _entered: Enter,
}

fn world() -> World {
    let timers = Arc::new(Timers::new(ThreadPark::new()));
    let entered = Handle::builder().clock(timers.clone()).build().enter();
    World { timers, rival: Rival::new(whit::sleep(SOON)), _entered: entered }
}

/// Time passes, and the driver has its turn.
fn passes(world: &World) {
    thread::sleep(SOON + Duration::from_millis(1));
    world.timers.park(Some(Instant::now())).unwrap();
}

fn nothing_is_left(world: &World) {
    world.rival.turn();
    passes(world);
    world.rival.end();
    assert_eq!(world.timers.len(), 0, "timers are set");
}

const ACTS: Acts<'static, World> = &[&|world| world.rival.turn(), &passes];

/// A deadline that has passed is ready unwoken: before the driver's turn, too.
const TIMES: Explorer = Explorer { polls: 3, may_see_first: true, ..STRICT };

#[test]
fn a_sleep() {
    TIMES.explore(world, |_| whit::sleep(SOON), ACTS, |world, _| nothing_is_left(world));
    TIMES.explore(world, |_| Timer::after(SOON), ACTS, |world, _| nothing_is_left(world));
    let until = Instant::now;
    TIMES.explore(world, |_| whit::sleep_until(until() + SOON), ACTS, |world, _| nothing_is_left(world));
}

/// The limit and what it limits, which sleeps as well.
#[test]
fn a_time_out() {
    let limited = |_| timeout(SOON, async { whit::sleep(SOON * 1000).await });
    TIMES.explore(world, limited, ACTS, |world, mine| {
        assert!(mine.is_none_or(|mine| mine.is_err()));
        nothing_is_left(world);
    });
    let limited = |_| timeout(SOON * 1000, async { whit::sleep(SOON).await });
    TIMES.explore(world, limited, ACTS, |world, mine| {
        assert!(mine.is_none_or(|mine| mine.is_ok()));
        nothing_is_left(world);
    });
    TIMES.explore(world, |_| timeout(SOON, pending::<()>()), ACTS, |world, _| nothing_is_left(world));
}

/// A tick that was not told is told the next time; the beat is kept. The timer is kept too, and so is its registration.
#[test]
fn a_tick() {
    struct Ticks {
        world: World,
        timer: Rc<RefCell<Timer>>,
        first: Instant,
    }
    let ticks = || {
        let world = world();
        let first = Instant::now() + SOON;
        Ticks { world, timer: Rc::new(RefCell::new(Timer::interval_at(first, SOON * 1000))), first }
    };
    let tick = |world: Rc<Ticks>| {
        let timer = world.timer.clone();
        async move { timer.borrow_mut().next().await.unwrap() }
    };
    let keeps = Explorer { may_keep_waker: true, ..TIMES };
    let acts: Acts<'_, Ticks> = &[&|world| world.world.rival.turn(), &|world| passes(&world.world)];
    keeps.explore(ticks, tick, acts, |world, mine| {
        passes(&world.world);
        let mut timer = world.timer.borrow_mut();
        let told = mine.unwrap_or_else(|| whit::block_on(timer.next()).unwrap());
        assert_eq!(told, world.first, "the first tick, once");
        let again = whit::block_on(whit::future::poll_once(timer.next()));
        assert_eq!(again, None, "and not twice");
        timer.clear();
        drop(timer);
        nothing_is_left(&world.world);
    });
}
