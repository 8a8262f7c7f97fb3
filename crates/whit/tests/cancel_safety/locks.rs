//! What is handed from one to the next: locks, permits, the right to make a value.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use whit::sync::{Event, Mutex, OnceCell, RwLock, RwLockUpgradableReadGuard, RwLockUpgradableReadGuardArc, Semaphore};

use crate::explorer::{End, Explorer, Rival, STRICT};

/// A lock that is held, and a rival for it.
struct Held<L, H> {
    lock: Arc<L>,
    held: RefCell<Option<H>>,
    rival: Rival<()>,
}

/// The lock is held by another, and a rival comes before or after the future. In the end the rival has had it, and it is free.
fn contended<L: 'static, H: 'static, F: Future + 'static, R: Future<Output = ()> + 'static>(
    lock: impl Fn() -> L,
    hold: impl Fn(&Arc<L>) -> H,
    future: impl Fn(Arc<L>) -> F,
    rival: impl Fn(Arc<L>) -> R,
    free: impl Fn(&L) -> bool,
) {
    STRICT.explore(
        || {
            let lock = Arc::new(lock());
            Held { held: RefCell::new(Some(hold(&lock))), rival: Rival::new(rival(lock.clone())), lock }
        },
        |world: Rc<Held<L, H>>| future(world.lock.clone()),
        &[&|world: &Held<L, H>| world.rival.turn(), &|world| drop(world.held.take()), &|world| world.rival.turn()],
        |world, output| {
            drop(output);
            world.rival.end();
            assert!(free(&world.lock), "it is free in the end");
        },
    );
}

#[test]
fn a_mutex() {
    let mutex = || Mutex::new(0);
    let rival = |mutex: Arc<Mutex<i32>>| async move { *mutex.lock().await += 1 };
    let free = |mutex: &Mutex<i32>| mutex.try_lock().is_some();
    contended(mutex, |mutex| mutex.try_lock_arc().unwrap(), |mutex| mutex.lock_arc(), rival, free);
    let lock = |mutex: Arc<Mutex<i32>>| async move { *mutex.lock().await += 1 };
    contended(mutex, |mutex| mutex.try_lock_arc().unwrap(), lock, rival, free);
}

type Lock = RwLock<i32>;

/// Whoever wants it for reading, for writing, for both, against a rival that wants it in each way, while it is held in each way.
#[test]
fn a_read_write_lock() {
    let new = || RwLock::new(0);
    let free = |lock: &Lock| lock.try_write().is_some();
    let write = |lock: Arc<Lock>| async move { *lock.write().await += 1 };
    let read = |lock: Arc<Lock>| async move { drop(lock.read().await) };
    let upgradable = |lock: Arc<Lock>| async move { drop(lock.upgradable_read().await) };
    let hold_write = |lock: &Arc<Lock>| lock.try_write_arc().unwrap();
    let hold_upgradable = |lock: &Arc<Lock>| lock.try_upgradable_read_arc().unwrap();
    let hold_read = |lock: &Arc<Lock>| lock.try_read_arc().unwrap();
    contended(new, hold_write, read, read, free);
    contended(new, hold_write, read, write, free);
    contended(new, hold_write, read, upgradable, free);
    contended(new, hold_write, write, read, free);
    contended(new, hold_write, write, write, free);
    contended(new, hold_write, upgradable, upgradable, free);
    contended(new, hold_write, |lock| lock.read_arc(), write, free);
    contended(new, hold_write, |lock| lock.write_arc(), read, free);
    contended(new, hold_write, |lock| lock.upgradable_read_arc(), write, free);
    contended(new, hold_read, write, read, free);
    contended(new, hold_read, write, write, free);
    contended(new, hold_read, write, upgradable, free);
    contended(new, hold_upgradable, write, read, free);
    contended(new, hold_upgradable, upgradable, write, free);
}

/// An upgrade that is dropped gives up what it had, too.
#[test]
fn an_upgrade() {
    let new = || RwLock::new(0);
    let free = |lock: &Lock| lock.try_write().is_some();
    let write = |lock: Arc<Lock>| async move { *lock.write().await += 1 };
    let hold_read = |lock: &Arc<Lock>| lock.try_read_arc().unwrap();
    let upgrade = |lock: Arc<Lock>| async move {
        let guard = lock.upgradable_read().await;
        *RwLockUpgradableReadGuard::upgrade(guard).await += 1;
    };
    contended(new, hold_read, upgrade, write, free);
    let upgrade = |lock: Arc<Lock>| async move {
        let guard = lock.upgradable_read_arc().await;
        RwLockUpgradableReadGuardArc::upgrade(guard).await
    };
    contended(new, hold_read, upgrade, write, free);
}

/// For one, for some, for more than come back at once.
#[test]
fn permits() {
    let free = |semaphore: &Semaphore| semaphore.available_permits() == 3 && semaphore.waiting() == 0;
    let hold = |semaphore: &Arc<Semaphore>| [(); 3].map(|()| semaphore.try_acquire_arc().unwrap());
    for (mine, theirs) in [(1, 1), (1, 3), (3, 1), (2, 2), (3, 3)] {
        let rival = move |semaphore: Arc<Semaphore>| async move { drop(semaphore.acquire_many(theirs).await.unwrap()) };
        let arc = move |semaphore: Arc<Semaphore>| semaphore.acquire_many_arc(mine);
        contended(|| Semaphore::new(3), hold, arc, rival, free);
        let acquire = move |semaphore: Arc<Semaphore>| async move {
            drop(match mine {
                1 => semaphore.acquire().await.unwrap(),
                many => semaphore.acquire_many(many).await.unwrap(),
            });
        };
        contended(|| Semaphore::new(3), hold, acquire, rival, free);
    }
}

/// The future wants more than there is, and a rival behind it would be content: when the future goes, the rival is let in, and
/// nobody has released anything.
fn lets_by<L: 'static, H: 'static, F: Future + 'static, R: Future<Output = ()> + 'static>(
    lock: impl Fn() -> L,
    hold: impl Fn(&Arc<L>) -> H,
    future: impl Fn(Arc<L>) -> F,
    rival: impl Fn(Arc<L>) -> R,
) {
    let waits = Explorer { may_miss: &[End::WokenAndLeft, End::Ready], ..STRICT };
    waits.explore(
        || {
            let lock = Arc::new(lock());
            Held { held: RefCell::new(Some(hold(&lock))), rival: Rival::new(rival(lock.clone())), lock }
        },
        |world: Rc<Held<L, H>>| future(world.lock.clone()),
        &[&|world: &Held<L, H>| world.rival.turn()],
        |world, output| {
            assert!(output.is_none() && world.held.borrow().is_some());
            world.rival.end();
        },
    );
}

#[test]
fn a_large_request_that_goes() {
    let hold = |semaphore: &Arc<Semaphore>| semaphore.try_acquire_arc().unwrap();
    let large = |semaphore: Arc<Semaphore>| async move { drop(semaphore.acquire_many(3).await) };
    let small = |semaphore: Arc<Semaphore>| async move { drop(semaphore.acquire_many(2).await) };
    lets_by(|| Semaphore::new(3), hold, large, small);
    let read = |lock: Arc<Lock>| async move { drop(lock.read().await) };
    let write = |lock: Arc<Lock>| async move { drop(lock.write().await) };
    lets_by(|| RwLock::new(0), |lock| lock.try_read_arc().unwrap(), write, read);
    let upgrade = |lock: Arc<Lock>| async move {
        let guard = lock.upgradable_read().await;
        drop(RwLockUpgradableReadGuard::upgrade(guard).await);
    };
    lets_by(|| RwLock::new(0), |lock| lock.try_read_arc().unwrap(), upgrade, read);
}

/// Closed while it is held: all who wait are told, and what is held comes back.
#[test]
fn permits_of_a_semaphore_that_is_closed() {
    struct World {
        semaphore: Arc<Semaphore>,
        rival: Rival<bool>,
    }
    STRICT.explore(
        || {
            let semaphore = Arc::new(Semaphore::new(0));
            let theirs = semaphore.acquire_arc();
            World { semaphore, rival: Rival::new(async move { theirs.await.is_err() }) }
        },
        |world| {
            let semaphore = world.semaphore.clone();
            async move { semaphore.acquire_many_arc(2).await.map(drop).is_err() }
        },
        &[&|world: &World| world.rival.turn(), &|world| world.semaphore.add_permits(2), &|world| {
            world.semaphore.close()
        }],
        |world, _| {
            world.rival.end();
            assert_eq!((world.semaphore.available_permits(), world.semaphore.waiting()), (2, 0));
        },
    );
}

/// Somebody makes the value and fails; whoever waits next makes it. Whoever is dropped while it makes it leaves it to the next.
#[test]
fn the_value_of_a_cell() {
    struct World {
        cell: Arc<OnceCell<i32>>,
        gate: Arc<Event>,
        fails: Rival<bool>,
        rival: Rival<i32>,
        reader: Rival<i32>,
        made: Rc<Cell<u32>>,
    }
    let world = || {
        let (cell, made) = (Arc::new(OnceCell::new()), Rc::new(Cell::new(0)));
        let gate = Arc::new(Event::new());
        let opens = gate.clone();
        let (failing, theirs, readers, counts) = (cell.clone(), cell.clone(), cell.clone(), made.clone());
        let fails = async move {
            let fails = async || {
                opens.wait().await;
                Err::<i32, _>("no")
            };
            failing.get_or_try_init(fails).await.is_err()
        };
        let makes = async move {
            let make = async || {
                counts.set(counts.get() + 1);
                7
            };
            *theirs.get_or_init(make).await
        };
        let reads = async move { *readers.wait().await };
        World { cell, gate, fails: Rival::new(fails), rival: Rival::new(makes), reader: Rival::new(reads), made }
    };
    let acts: [&dyn Fn(&World); 4] =
        [&|world| world.reader.turn(), &|world| world.fails.turn(), &|world| world.rival.turn(), &|world| {
            world.gate.set();
            world.fails.turn();
            world.rival.turn();
        }];
    let check = |world: &World, mine: u32| {
        world.fails.end();
        let value = world.rival.end();
        assert_eq!((value, world.reader.end(), world.cell.get()), (7, 7, Some(&7)));
        assert_eq!(world.made.get() + mine, 1, "made once");
    };
    let make = |world: Rc<World>| {
        let cell = world.cell.clone();
        async move {
            let mut mine = 0;
            let make = async || {
                whit::yield_now().await;
                mine = 1;
                7
            };
            cell.get_or_init(make).await;
            mine
        }
    };
    STRICT.explore(world, make, &acts, |world, mine| check(world, mine.unwrap_or(0)));
    let set = |world: Rc<World>| {
        let cell = world.cell.clone();
        async move { u32::from(cell.set(7).await.is_ok()) }
    };
    STRICT.explore(world, set, &acts, |world, mine| check(world, mine.unwrap_or(0)));
    let wait = |world: Rc<World>| {
        let cell = world.cell.clone();
        async move { *cell.wait().await }
    };
    STRICT.explore(world, wait, &acts, |world, _| check(world, 0));
}
