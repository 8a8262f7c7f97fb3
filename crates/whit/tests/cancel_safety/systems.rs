//! Files, children and signals: no byte, no end and no signal is lost.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use rustix::process::{getpid, kill_process};
use whit::prelude::*;
use whit_fs::File;
use whit_process::signal::{Signal, Signals};
use whit_process::{Child, Command, Stdio};

use crate::blocking::{World, rests, world};
use crate::explorer::{Acts, End, Explorer, STRICT};

/// A file of its own for each run.
struct Scratch(PathBuf);

impl Scratch {
    fn new(contents: &[u8]) -> Scratch {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("whit-cancel-{}-{}", std::process::id(), NUMBER.fetch_add(1, SeqCst));
        let path = std::env::temp_dir().join(name);
        fs::write(&path, contents).unwrap();
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A file, and a pool that has its turn when the case says so.
struct Files {
    world: World,
    file: RefCell<File>,
    scratch: Scratch,
}

/// Answers of the pool may be seen a moment before their wake; and the task that brings one may be kept.
const FILES: Explorer = Explorer { polls: 3, may_see_first: true, may_keep_waker: true, ..STRICT };

fn pool_rests(world: &Files) {
    rests(&world.world.pool);
}

#[test]
fn a_read_of_a_file() {
    let content: Vec<u8> = (0..200).collect();
    let files = || {
        let (world, scratch) = (world(), Scratch::new(&(0..200).collect::<Vec<_>>()));
        let file = RefCell::new(whit::block_on(File::open(&scratch.0)).unwrap());
        Files { world, file, scratch }
    };
    let read = |world: Rc<Files>| async move {
        let mut buffer = [0; 70];
        let count = world.file.borrow_mut().read(&mut buffer).await.unwrap();
        buffer[..count].to_vec()
    };
    // From memory where the system allows: then nothing is waited for.
    let files_in_memory = Explorer { may_miss: &[End::Waiting, End::WokenAndLeft], ..FILES };
    files_in_memory.explore(files, read, &[&pool_rests], |world, mine| {
        let mut all = mine.unwrap_or_default();
        whit::block_on(world.file.borrow_mut().read_to_end(&mut all)).unwrap();
        assert_eq!(all, content);
    });
}

#[test]
fn a_write_of_a_file() {
    let files = || {
        let (world, scratch) = (world(), Scratch::new(b""));
        let file = RefCell::new(whit::block_on(File::create(&scratch.0)).unwrap());
        Files { world, file, scratch }
    };
    let check = |world: &Files, taken: usize| {
        whit::block_on(async {
            let mut file = world.file.borrow_mut();
            file.write_all(&[2; 5]).await.unwrap();
            file.close().await.unwrap();
        });
        assert_eq!(fs::read(&world.scratch.0).unwrap(), [vec![1; taken], vec![2; 5]].concat());
    };
    // A write only takes bytes along, as long as there is room.
    let at_once = Explorer { may_miss: &[End::Waiting, End::WokenAndLeft], ..FILES };
    let write = |world: Rc<Files>| async move { world.file.borrow_mut().write(&[1; 100]).await.unwrap() };
    at_once.explore(files, write, &[&pool_rests], |world, mine| check(world, mine.unwrap_or(0)));
    let flush = |world: Rc<Files>| async move {
        let mut file = world.file.borrow_mut();
        let taken = file.write(&[1; 100]).await.unwrap();
        assert_eq!(taken, 100);
        file.flush().await.unwrap();
    };
    FILES.explore(files, flush, &[&pool_rests, &pool_rests], |world, mine| {
        let written = fs::read(&world.scratch.0).unwrap().len();
        assert!(mine.is_none() || written == 100, "flushed, so it is there: {written}");
        rests(&world.world.pool);
        // Accepted with the first poll, if there was one.
        let taken = fs::read(&world.scratch.0).unwrap().len();
        assert!(taken == 0 || taken == 100);
        check(world, taken);
    });
}

/// A job that has begun runs to its end: the file is as it was, or whole.
#[test]
fn the_writing_of_a_whole_file() {
    let files = || {
        let (world, scratch) = (world(), Scratch::new(b"old"));
        let file = RefCell::new(whit::block_on(File::open(&scratch.0)).unwrap());
        Files { world, file, scratch }
    };
    let new = vec![7; 300_000];
    let write = |world: Rc<Files>| {
        let (path, new) = (world.scratch.0.clone(), vec![7; 300_000]);
        async move { whit_fs::write(path, new).await.unwrap() }
    };
    FILES.explore(files, write, &[&pool_rests], |world, mine| {
        rests(&world.world.pool);
        let found = fs::read(&world.scratch.0).unwrap();
        assert!(found == new || (mine.is_none() && found == b"old"), "{} bytes", found.len());
    });
}

#[test]
fn the_end_of_a_child() {
    struct Ends {
        child: RefCell<Child>,
    }
    let ends = || {
        let child = Command::new("sh").args(["-c", "read line; exit 3"]).stdin(Stdio::piped()).spawn().unwrap();
        Ends { child: RefCell::new(child) }
    };
    let status = |world: Rc<Ends>| {
        let status = world.child.borrow_mut().status();
        async move { status.await.unwrap().code() }
    };
    // `status` closes the pipe, as std's does: so the end comes by itself.
    let acts: Acts<'_, Ends> = &[&|_| thread::sleep(Duration::from_millis(30))];
    let comes = Explorer { polls: 2, may_see_first: true, may_keep_waker: true, may_miss: &[End::Waiting] };
    comes.explore(ends, status, acts, |world, mine| {
        assert!(mine.is_none_or(|code| code == Some(3)));
        let again = world.child.borrow_mut().status();
        assert_eq!(whit::block_on(again).unwrap().code(), Some(3), "asked again, it says so again");
    });
}

#[test]
fn a_signal() {
    let signals = || RefCell::new(Signals::new([Signal::Usr1]).unwrap());
    let next = |world: Rc<RefCell<Signals>>| async move { world.borrow_mut().next().await.unwrap().unwrap() };
    let acts: Acts<'_, RefCell<Signals>> = &[&|_| {
        kill_process(getpid(), rustix::process::Signal::USR1).unwrap();
        thread::sleep(Duration::from_millis(10));
    }];
    let keeps = Explorer { polls: 3, may_see_first: true, may_keep_waker: true, ..STRICT };
    keeps.explore(signals, next, acts, |world, mine| {
        let heard = mine.unwrap_or_else(|| whit::block_on(world.borrow_mut().next()).unwrap().unwrap());
        assert!(heard == Signal::Usr1);
        let twice = whit::block_on(whit::future::poll_once(world.borrow_mut().next()));
        assert!(twice.is_none(), "once");
    });
}
