//! Channels of every kind: each message is with one receiver, or still there, or with its sender again; and in order.

use std::cell::RefCell;
use std::rc::Rc;

use whit::channel::{Receiver, Sender, bounded, unbounded};
use whit::stream::StreamExt;
use whit::sync::{PriorityQueue, broadcast};

use crate::explorer::{Acts, Rival, STRICT};

struct World {
    sender: Sender<u32>,
    receiver: Receiver<u32>,
    /// Receives one, or sends 100.
    receives: Rival<u32>,
    sends: Rival<()>,
}

fn channel(capacity: Option<usize>) -> World {
    let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
    let (to, from) = (sender.clone(), receiver.clone());
    World {
        receives: Rival::new(async move { from.recv().await.unwrap() }),
        sends: Rival::new(async move { to.send(100).await.unwrap() }),
        sender,
        receiver,
    }
}

fn left(receiver: &Receiver<u32>) -> Vec<u32> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

const CAPACITIES: [Option<usize>; 4] = [Some(0), Some(1), Some(3), None];

/// A receive beside a rival, while two messages come: each is with one of them or left, and those left are in order.
#[test]
fn a_receive() {
    for capacity in CAPACITIES {
        let acts: Acts<'_, World> =
            &[&|world| world.receives.turn(), &|world| world.sender.try_send(1).unwrap_or_default(), &|world| {
                world.sender.try_send(2).unwrap_or_default()
            }];
        let recv = |world: Rc<World>| async move { world.receiver.recv().await.unwrap() };
        let stream = |world: Rc<World>| {
            let mut receiver = world.receiver.clone();
            async move { receiver.next().await.unwrap() }
        };
        let check = |world: &World, mine: Option<u32>| {
            let theirs = world.receives.give_up();
            let left = left(&world.receiver);
            assert!(left.is_sorted(), "{left:?}");
            assert!(theirs.is_some() || left.is_empty(), "the rival waits, and {left:?} is there");
            let mut all: Vec<_> = mine.into_iter().chain(theirs).chain(left).collect();
            all.sort_unstable();
            // A rendezvous takes what somebody waits for.
            let none_lost = capacity == Some(0) || all == [1, 2];
            assert!(none_lost && all.windows(2).all(|two| two[0] != two[1]), "{all:?}");
        };
        STRICT.explore(|| channel(capacity), recv, acts, check);
        STRICT.explore(|| channel(capacity), stream, acts, check);
    }
}

/// One message for two: whoever is left has it.
#[test]
fn a_receive_of_the_only_message() {
    for capacity in [Some(1), None] {
        let acts: Acts<'_, World> = &[&|world| world.receives.turn(), &|world| world.sender.try_send(1).unwrap()];
        let recv = |world: Rc<World>| async move { world.receiver.recv().await.unwrap() };
        STRICT.explore(
            || channel(capacity),
            recv,
            acts,
            |world, mine| {
                let theirs = world.receives.give_up();
                assert_eq!((mine.or(theirs), mine.and(theirs)), (Some(1), None));
            },
        );
    }
}

/// Two that were given messages go, one after the other: what they got stays in order, and before what comes later.
#[test]
fn a_receive_beside_another_that_goes() {
    for capacity in [Some(1), Some(3), None] {
        let acts: Acts<'_, World> = &[
            &|world| world.receives.turn(),
            &|world| world.sender.try_send(1).unwrap(),
            &|world| world.sender.try_send(2).unwrap_or_default(),
            &|world| world.receives.leave(),
        ];
        let recv = |world: Rc<World>| async move { world.receiver.recv().await.unwrap() };
        STRICT.explore(
            || channel(capacity),
            recv,
            acts,
            |world, mine| {
                let theirs = world.receives.give_up();
                let left = left(&world.receiver);
                assert!(left.is_sorted(), "{left:?}");
                let all: Vec<_> = mine.into_iter().chain(theirs).chain(left).collect();
                assert!(all.len() == 2 || (capacity == Some(1) && all == [1]), "{all:?}");
            },
        );
    }
}

/// What a rendezvous accepted is somewhere.
#[test]
fn a_receive_of_what_was_accepted() {
    struct Accepts {
        world: World,
        accepted: RefCell<Vec<u32>>,
    }
    let send = |world: &Accepts, number| {
        if world.world.sender.try_send(number).is_ok() {
            world.accepted.borrow_mut().push(number);
        }
    };
    let acts: Acts<'_, Accepts> =
        &[&|world| world.world.receives.turn(), &|world| send(world, 1), &|world| send(world, 2)];
    let world = || Accepts { world: channel(Some(0)), accepted: RefCell::default() };
    let recv = |world: Rc<Accepts>| async move { world.world.receiver.recv().await.unwrap() };
    STRICT.explore(world, recv, acts, |world, mine| {
        let theirs = world.world.receives.give_up();
        let mut all: Vec<_> = mine.into_iter().chain(theirs).chain(left(&world.world.receiver)).collect();
        all.sort_unstable();
        assert_eq!(all, *world.accepted.borrow());
    });
}

/// A send beside another, into a channel that is full: what a dropped one sent arrives once or not at all, and the rival's does.
#[test]
fn a_send() {
    for capacity in [0, 1, 3] {
        let receive = |world: &World, into: &mut Vec<u32>| into.extend(world.receiver.try_recv());
        struct Receives {
            world: World,
            received: RefCell<Vec<u32>>,
        }
        let world = || {
            let world = channel(Some(capacity));
            (0..capacity as u32).for_each(|number| world.sender.try_send(number).unwrap());
            Receives { world, received: RefCell::default() }
        };
        let send = |world: Rc<Receives>| async move { world.world.sender.send(50).await.unwrap() };
        let acts: Acts<'_, Receives> = &[
            &|world| world.world.sends.turn(),
            &|world| receive(&world.world, &mut world.received.borrow_mut()),
            &|world| receive(&world.world, &mut world.received.borrow_mut()),
            &|world| world.world.sends.turn(),
        ];
        STRICT.explore(world, send, acts, |world, mine| {
            let mut received = world.received.borrow_mut();
            received.extend(left(&world.world.receiver));
            world.world.sends.end();
            received.extend(left(&world.world.receiver));
            let count = |message| received.iter().filter(|received| **received == message).count();
            assert_eq!(count(100), 1, "{received:?}");
            assert!(count(50) <= 1 && (mine.is_none() || count(50) == 1), "{received:?}");
            let first = (0..capacity as u32).collect::<Vec<_>>();
            assert!(received.starts_with(&first), "{received:?}");
        });
    }
    // Closed instead: the message is the sender's again.
    let world = || channel(Some(0));
    let send = |world: Rc<World>| async move { world.sender.send(50).await };
    let acts: Acts<'_, World> = &[&|world| assert!(world.receiver.close())];
    STRICT.explore(world, send, acts, |world, mine| {
        assert!(mine.is_none_or(|mine| mine.unwrap_err().into_inner() == 50));
        assert!(world.receiver.try_recv().is_err());
    });
    let closed = |world: Rc<World>| async move { world.sender.closed().await };
    STRICT.explore(world, closed, acts, |world, _| assert!(world.sender.is_closed()));
}

/// Each receiver gets each message, whatever another one does.
#[test]
fn a_broadcast() {
    struct World {
        sender: broadcast::Sender<u32>,
        mine: RefCell<broadcast::Receiver<u32>>,
        other: RefCell<broadcast::Receiver<u32>>,
        sends: Rival<()>,
    }
    let world = || {
        let (sender, receiver) = broadcast::channel(1);
        let to = sender.clone();
        let sends = Rival::new(async move {
            to.send(1).await.unwrap();
            to.send(2).await.unwrap();
        });
        World { sender, mine: RefCell::new(receiver.clone()), other: RefCell::new(receiver), sends }
    };
    let next = |receiver: &RefCell<broadcast::Receiver<u32>>| receiver.borrow_mut().try_recv().ok();
    let recv = |world: Rc<World>| async move { world.mine.borrow_mut().recv().await.unwrap() };
    let acts: Acts<'_, World> = &[&|world| world.sends.turn()];
    STRICT.explore(world, recv, acts, |world, first| {
        let first = first.or_else(|| next(&world.mine));
        assert_eq!((first, next(&world.other)), (Some(1), Some(1)));
        world.sends.end();
        assert_eq!((next(&world.mine), next(&world.other)), (Some(2), Some(2)));
        assert!(world.sender.is_empty());
    });
    // A send that waits for the slowest, who may go instead.
    let full = || {
        let world = world();
        world.sender.try_send(0).unwrap();
        world
    };
    let send = |world: Rc<World>| async move { world.sender.send(5).await.unwrap() };
    let acts: Acts<'_, World> = &[&|world| assert_eq!(next(&world.mine), Some(0)), &|world| {
        assert_eq!(next(&world.other), Some(0));
    }];
    STRICT.explore(full, send, acts, |world, mine| {
        let seen = (next(&world.mine), next(&world.other));
        assert!(seen == (Some(5), Some(5)) || (seen == (None, None) && mine.is_none()), "{seen:?}");
    });
}

/// None lost: a pop that was promised an item and goes leaves it to the next.
#[test]
fn a_priority_queue() {
    struct World {
        queue: Rc<PriorityQueue<u32>>,
        pops: Rival<u32>,
        pushes: Rival<()>,
        popped: RefCell<Vec<u32>>,
    }
    let world = || {
        let queue = Rc::new(PriorityQueue::bounded(2));
        let (from, to) = (queue.clone(), queue.clone());
        let pops = Rival::new(async move { from.pop().await.unwrap() });
        let pushes = Rival::new(async move { to.push(100).await.unwrap() });
        World { queue, pops, pushes, popped: RefCell::default() }
    };
    let take = |world: &World| world.popped.borrow_mut().extend(world.queue.try_pop());
    let take_all =
        |world: &World| while world.queue.try_pop().map(|item| world.popped.borrow_mut().push(item)).is_ok() {};
    let pop = |world: Rc<World>| async move { world.queue.pop().await.unwrap() };
    let acts: Acts<'_, World> = &[&|world| world.pops.turn(), &|world| world.queue.try_push(1).unwrap(), &|world| {
        world.queue.try_push(2).unwrap()
    }];
    STRICT.explore(world, pop, acts, |world, mine| {
        let theirs = world.pops.give_up();
        assert!(theirs.is_some(), "the rival waits, and there are two");
        take_all(world);
        let mut items: Vec<_> = mine.into_iter().chain(theirs).chain(world.popped.take()).collect();
        items.sort_unstable();
        assert_eq!(items, [1, 2]);
    });
    let full = || {
        let world = world();
        [1, 2].into_iter().for_each(|item| world.queue.try_push(item).unwrap());
        world
    };
    let push = |world: Rc<World>| async move { world.queue.push(50).await.unwrap() };
    let acts: Acts<'_, World> = &[&|world| world.pushes.turn(), &|world| take(world), &|world| take(world)];
    STRICT.explore(full, push, acts, |world, mine| {
        world.pushes.end();
        take_all(world);
        let mut items = world.popped.take();
        items.sort_unstable();
        let wanted = if mine.is_some() { &[1, 2, 50, 100][..] } else { &[1, 2, 100] };
        assert_eq!(items, wanted);
    });
}
