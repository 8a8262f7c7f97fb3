//! Blocking jobs: a dropped one either has begun, and then runs to its end, or never begins; bytes in an `Unblock` stay in order.

use std::cell::RefCell;
use std::io::{self, Cursor, Read, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use whit::parts::Pool;
use whit::parts::blocking::PoolBuilder;
use whit::parts::core::Enter;
use whit::prelude::*;
use whit::{Handle, Unblock};

use crate::explorer::{Acts, End, Explorer, Rival, STRICT};

const JOBS: Explorer = Explorer { polls: 3, ..STRICT };

/// Answers come by themselves, and may be seen a moment before their wake; and the task that brings one may be kept.
const ANSWERS: Explorer = Explorer { may_see_first: true, may_keep_waker: true, ..JOBS };

pub(crate) struct World {
    pub(crate) pool: Arc<Pool>,
    _entered: Enter,
}

pub(crate) fn world() -> World {
    let pool = Arc::new(PoolBuilder::new().max_threads(1).build().unwrap());
    let entered = Handle::builder().blocking(pool.clone()).build().enter();
    World { pool, _entered: entered }
}

/// Until the pool has nothing to do.
pub(crate) fn rests(pool: &Pool) {
    let started = Instant::now();
    while pool.queued() > 0 || pool.idle_count() < pool.thread_count() {
        assert!(started.elapsed() < Duration::from_secs(30), "the pool never rests: {pool:?}");
        thread::sleep(Duration::from_micros(100));
    }
}

#[test]
fn a_job() {
    struct Jobs {
        world: World,
        gate: mpsc::Sender<()>,
        before: Arc<Mutex<mpsc::Receiver<()>>>,
        begun: Arc<AtomicUsize>,
        ended: Arc<AtomicUsize>,
        rival: Rival<u8>,
    }
    let jobs = || {
        let (gate, before) = mpsc::channel();
        let world = world();
        let before = Arc::new(Mutex::new(before));
        // Before the future's job on the only thread, if it comes first.
        let blocks = before.clone();
        let rival = async move {
            whit::unblock(move || {
                blocks.lock().unwrap().recv().unwrap();
                5
            })
            .await
        };
        Jobs { world, gate, before, begun: Arc::default(), ended: Arc::default(), rival: Rival::new(rival) }
    };
    let job = |world: Rc<Jobs>| {
        let (before, begun, ended) = (world.before.clone(), world.begun.clone(), world.ended.clone());
        async move {
            let works = move || {
                begun.fetch_add(1, SeqCst);
                before.lock().unwrap().recv().unwrap();
                ended.fetch_add(1, SeqCst);
                7
            };
            whit::unblock(works).await
        }
    };
    let acts: Acts<'_, Jobs> = &[&|world| world.rival.turn(), &|world| {
        // For both.
        (0..2).for_each(|_| world.gate.send(()).unwrap());
        rests(&world.world.pool);
    }];
    JOBS.explore(jobs, job, acts, |world, mine| {
        assert!(mine.is_none_or(|mine| mine == 7));
        (0..2).for_each(|_| world.gate.send(()).unwrap());
        rests(&world.world.pool);
        assert_eq!(world.rival.end(), 5, "its job is its own");
        let (begun, ended) = (world.begun.load(SeqCst), world.ended.load(SeqCst));
        assert!(begun == ended && begun <= 1, "what has begun has ended: {begun}, {ended}");
        assert!(mine.is_none() || ended == 1);
    });
}

/// Reads some bytes, and leaves the others for the next read; a read that is dropped has taken none.
#[test]
fn a_read_of_an_unblock() {
    struct Reads {
        world: World,
        reader: Rc<RefCell<Unblock<Cursor<Vec<u8>>>>>,
    }
    let content: Vec<u8> = (0..100).collect();
    let reads = || Reads {
        world: world(),
        reader: Rc::new(RefCell::new(Unblock::with_capacity(7, Cursor::new((0..100).collect())))),
    };
    let read = |world: Rc<Reads>| {
        let reader = world.reader.clone();
        async move {
            let mut buffer = [0; 5];
            let count = reader.borrow_mut().read(&mut buffer).await.unwrap();
            buffer[..count].to_vec()
        }
    };
    let acts: Acts<'_, Reads> = &[&|world| rests(&world.world.pool)];
    ANSWERS.explore(reads, read, acts, |world, mine| {
        let mut all = mine.unwrap_or_default();
        whit::block_on(world.reader.borrow_mut().read_to_end(&mut all)).unwrap();
        assert_eq!(all, content);
    });
}

/// What a write said that it took arrives once, in order; a write that is dropped is not half done.
#[test]
fn a_write_of_an_unblock() {
    /// Takes a few bytes at a time.
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);
    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let some = &bytes[..bytes.len().min(3)];
            self.0.lock().unwrap().extend(some);
            Ok(some.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Read for Sink {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(0)
        }
    }
    struct Writes {
        world: World,
        sink: Sink,
        writer: Rc<RefCell<Unblock<Sink>>>,
    }
    let writes = || {
        let (world, sink) = (world(), Sink::default());
        let mut writer = Unblock::with_capacity(8, sink.clone());
        // Full, and on its way.
        let first = whit::block_on(writer.write(&[0; 8])).unwrap();
        assert_eq!(first, 8);
        Writes { world, sink, writer: Rc::new(RefCell::new(writer)) }
    };
    let acts: Acts<'_, Writes> = &[&|world| rests(&world.world.pool), &|world| rests(&world.world.pool)];
    // The first bytes are on their way by themselves, and may have gone before a poll.
    let keeps = Explorer { may_miss: &[End::Waiting, End::WokenAndLeft], ..ANSWERS };
    let write = |world: Rc<Writes>| {
        let writer = world.writer.clone();
        async move { writer.borrow_mut().write(&[1; 5]).await.unwrap() }
    };
    let ends = |world: &Writes, taken: usize| {
        let mut writer = world.writer.borrow_mut();
        whit::block_on(async {
            writer.write_all(&[2; 5]).await.unwrap();
            writer.flush().await.unwrap();
        });
        let mut wanted = vec![0; 8];
        wanted.extend(vec![1; taken]);
        wanted.extend([2; 5]);
        assert_eq!(*world.sink.0.lock().unwrap(), wanted);
    };
    keeps.explore(writes, write, acts, |world, mine| ends(world, mine.unwrap_or(0)));
    let flush = |world: Rc<Writes>| {
        let writer = world.writer.clone();
        async move { writer.borrow_mut().flush().await.unwrap() }
    };
    keeps.explore(writes, flush, acts, |world, mine| {
        assert!(mine.is_none() || *world.sink.0.lock().unwrap() == [0; 8]);
        ends(world, 0);
    });
}
