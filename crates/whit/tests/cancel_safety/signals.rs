//! What tells others: events, notifications, conditions, barriers, oneshots, watches.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;

use whit::sync::oneshot::{RecvError, TryRecvError};
use whit::sync::{Barrier, Condvar, Event, Mutex, MutexGuardArc, Notify, oneshot, watch};

use crate::explorer::{Acts, End, Explorer, Rival, STRICT};

#[test]
fn an_event() {
    struct World {
        event: Arc<Event>,
        rival: Rival<()>,
    }
    let world = || {
        let event = Arc::new(Event::new());
        let theirs = event.clone();
        World { event, rival: Rival::new(async move { theirs.wait().await }) }
    };
    let acts: Acts<'_, World> =
        &[&|world| world.rival.turn(), &|world| world.event.set(), &|world| world.event.clear()];
    let wait = |world: Rc<World>| {
        let event = world.event.clone();
        async move { event.wait().await }
    };
    STRICT.explore(world, wait, acts, |world, _| world.rival.end());
}

/// One notification: whoever has it in the end, one has it. Two, or one for all: nobody waits.
#[test]
fn a_notification() {
    struct World {
        notify: Arc<Notify>,
        rival: Rival<()>,
    }
    let world = || {
        let notify = Arc::new(Notify::new());
        let theirs = notify.clone();
        World { notify, rival: Rival::new(async move { theirs.notified().await }) }
    };
    let wait = |enables: bool| {
        move |world: Rc<World>| {
            let notify = world.notify.clone();
            async move {
                let mut notified = notify.notified();
                if enables {
                    notified.enable();
                    whit::yield_now().await;
                }
                let polls = |cx: &mut Context<'_>| {
                    let polled = Pin::new(&mut notified).poll(cx);
                    if enables && polled.is_pending() {
                        notified.enable();
                    }
                    polled
                };
                poll_fn(polls).await;
            }
        }
    };
    let kept = |world: &World| {
        let mut notified = world.notify.notified();
        notified.enable()
    };
    let one: Acts<'_, World> =
        &[&|world| world.rival.turn(), &|world| world.notify.notify_one(), &|world| world.rival.turn()];
    for enables in [false, true] {
        STRICT.explore(world, wait(enables), one, |world, mine| {
            let others = world.rival.give_up().is_some();
            let count = u32::from(mine.is_some()) + u32::from(others) + u32::from(kept(world));
            assert_eq!(count, 1, "one notification, for me, the rival, or kept");
            assert!(mine.is_some() || others, "the rival waited, and should have it");
        });
        let all: Acts<'_, World> = &[&|world| world.rival.turn(), &|world| world.notify.notify_all()];
        STRICT.explore(world, wait(enables), all, |world, mine| {
            world.rival.end();
            let _ = mine;
            assert!(!kept(world), "nothing is kept");
        });
    }
}

/// As asked of a queue: an item is put, one is told, and one of two takes it. Whoever is told waits for the lock at first.
#[test]
fn a_condition() {
    struct World {
        items: Arc<Mutex<u32>>,
        more: Arc<Condvar>,
        held: RefCell<Option<MutexGuardArc<u32>>>,
        rival: Rival<()>,
    }
    async fn take(items: Arc<Mutex<u32>>, more: Arc<Condvar>) {
        let mut items = more.wait_while(items.lock().await, |items| *items == 0).await;
        *items -= 1;
    }
    let world = || {
        let (items, more) = (Arc::new(Mutex::new(0)), Arc::new(Condvar::new()));
        World { rival: Rival::new(take(items.clone(), more.clone())), items, more, held: RefCell::default() }
    };
    let acts: Acts<'_, World> = &[
        &|world| world.rival.turn(),
        &|world| {
            let mut items = world.items.try_lock_arc().expect("nobody keeps it across a wait");
            *items += 1;
            world.more.notify_one();
            *world.held.borrow_mut() = Some(items);
        },
        &|world| world.rival.turn(),
        &|world| drop(world.held.take()),
    ];
    STRICT.explore(
        world,
        |world| take(world.items.clone(), world.more.clone()),
        acts,
        |world, mine| {
            let others = world.rival.give_up();
            assert!(mine.is_some() || others.is_some(), "there is an item, and the rival waits for it");
            let left = *world.items.try_lock().expect("free");
            assert_eq!(left + u32::from(mine.is_some()) + u32::from(others.is_some()), 1);
        },
    );
}

/// Three parties, of whom one may go: the others still meet, with a replacement, and each has its place.
#[test]
fn a_barrier() {
    struct World {
        barrier: Arc<Barrier>,
        rivals: [Rival<Option<usize>>; 2],
    }
    let party = |barrier: &Arc<Barrier>| {
        let barrier = barrier.clone();
        async move { barrier.wait().await.ok().map(|result| result.index()) }
    };
    let world = || {
        let barrier = Arc::new(Barrier::new(3));
        World { rivals: [(); 2].map(|()| Rival::new(party(&barrier))), barrier }
    };
    let acts: Acts<'_, World> = &[&|world| world.rivals[0].turn(), &|world| world.rivals[1].turn()];
    STRICT.explore(
        world,
        |world| party(&world.barrier),
        acts,
        |world, mine| {
            // It met them, or left before.
            let others = match mine {
                Some(place) => vec![place],
                None if world.barrier.waiting() == 0 => vec![],
                None => {
                    assert_eq!(world.barrier.waiting(), 2, "who left does not count");
                    let replacement = Rival::new(party(&world.barrier));
                    vec![replacement.end()]
                }
            };
            let mut places: Vec<_> = others.into_iter().chain(world.rivals.iter().map(Rival::end)).flatten().collect();
            places.sort_unstable();
            assert!(places == [0, 1, 2] || places.len() == 2, "{places:?}");
        },
    );
    let breaks: [&dyn Fn(&World); 2] = [&|world| world.barrier.abort(), &|world| world.barrier.reset()];
    for end in breaks {
        let acts: Acts<'_, World> = &[&|world| world.rivals[0].turn(), end];
        STRICT.explore(
            world,
            |world| party(&world.barrier),
            acts,
            |world, mine| {
                assert!(world.rivals[0].end().is_none() && mine.flatten().is_none());
                assert_eq!(world.barrier.waiting(), 0);
            },
        );
    }
}

/// The receiver waits by reference: dropped, it begins again.
#[test]
fn a_oneshot() {
    struct World {
        sender: RefCell<Option<oneshot::Sender<u8>>>,
        receiver: Rc<RefCell<oneshot::Receiver<u8>>>,
    }
    let world = || {
        let (sender, receiver) = oneshot::channel();
        World { sender: RefCell::new(Some(sender)), receiver: Rc::new(RefCell::new(receiver)) }
    };
    // The waker stays in its cell until the receiver waits again, or goes.
    let keeps = Explorer { may_keep_waker: true, ..STRICT };
    let receive = |world: Rc<World>| {
        let receiver = world.receiver.clone();
        async move { poll_fn(|cx| Pin::new(&mut *receiver.borrow_mut()).poll(cx)).await }
    };
    let acts: Acts<'_, World> = &[&|world| world.sender.take().unwrap().send(7).unwrap()];
    keeps.explore(world, receive, acts, |world, mine| {
        assert_eq!(mine.unwrap_or_else(|| world.receiver.borrow_mut().try_recv().map_err(|_| RecvError)), Ok(7));
    });
    let acts: Acts<'_, World> = &[&|world| drop(world.sender.take())];
    keeps.explore(world, receive, acts, |world, mine| {
        assert!(mine.is_none_or(|mine| mine.is_err()));
        assert_eq!(world.receiver.borrow_mut().try_recv(), Err(TryRecvError::Closed));
    });
    // And by value: the message goes with it, or is the sender's again.
    struct Sends(RefCell<Option<oneshot::Sender<Rc<()>>>>, RefCell<Option<oneshot::Receiver<Rc<()>>>>, Rc<()>);
    let world = || {
        let (sender, receiver) = oneshot::channel();
        Sends(RefCell::new(Some(sender)), RefCell::new(Some(receiver)), Rc::new(()))
    };
    let acts: Acts<'_, Sends> = &[&|world| drop(world.0.take().unwrap().send(world.2.clone()))];
    STRICT.explore(
        world,
        |world| world.1.take().unwrap(),
        acts,
        |world, mine| {
            assert_eq!(Rc::strong_count(&world.2), 1 + usize::from(mine.is_some()), "kept by nobody");
        },
    );
    let acts: Acts<'_, Sends> = &[&|world| drop(world.1.take())];
    let closed = |world: Rc<Sends>| {
        let mut sender = world.0.take().unwrap();
        async move { sender.closed().await }
    };
    STRICT.explore(world, closed, acts, |_, _| {});
}

/// A change that was not told is told the next time.
#[test]
fn a_watch() {
    struct World {
        sender: Arc<watch::Sender<u8>>,
        receiver: Rc<RefCell<watch::Receiver<u8>>>,
        rival: Rival<u8>,
    }
    let world = || {
        let (sender, receiver) = watch::channel(0);
        let mut theirs = receiver.clone();
        let rival = Rival::new(async move { theirs.wait_for(|value| *value == 2).await.map(|value| *value).unwrap() });
        World { sender: Arc::new(sender), receiver: Rc::new(RefCell::new(receiver)), rival }
    };
    let acts: Acts<'_, World> =
        &[&|world| world.rival.turn(), &|world| world.sender.send(1).unwrap(), &|world| world.sender.send(2).unwrap()];
    let changed = |world: Rc<World>| {
        let receiver = world.receiver.clone();
        async move { receiver.borrow_mut().changed().await.unwrap() }
    };
    STRICT.explore(world, changed, acts, |world, mine| {
        let mut receiver = world.receiver.borrow_mut();
        let (unseen, value) = (receiver.has_changed().unwrap(), *receiver.borrow_and_update());
        assert!(value == 2 && (unseen || mine.is_some()), "the last change was told, or is to be told");
        assert_eq!(world.rival.end(), 2);
    });
    let wait_for = |world: Rc<World>| {
        let receiver = world.receiver.clone();
        async move { receiver.borrow_mut().wait_for(|value| *value == 1).await.map(|value| *value) }
    };
    let unmet = Explorer { may_miss: &[End::Ready], ..STRICT };
    unmet.explore(world, wait_for, acts, |world, mine| {
        assert!(mine.is_none_or(|mine| mine == Ok(1)));
        assert_eq!(world.rival.end(), 2);
    });
    let acts: Acts<'_, World> = &[&|world| assert_eq!(world.rival.give_up(), None), &|world| {
        *world.receiver.borrow_mut() = watch::channel(0).1
    }];
    let closed = |world: Rc<World>| {
        let sender = world.sender.clone();
        async move { sender.closed().await }
    };
    STRICT.explore(world, closed, acts, |world, _| assert!(world.sender.is_closed()));
}
