//! The parts, joined otherwise than the facade joins them; the same small program each time.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_lite::future::{block_on, or};
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use whit::parts::blocking::RayonBlocking;
use whit::parts::core::{Clock, ManualClock, Runnable, Schedule, ScheduleInfo};
use whit::parts::reactor::AsyncIoReactor;
use whit::parts::{SharedPark, ThreadPark, Timers};
use whit::sync::{Mutex, bounded};
use whit::{Executor, Handle, LocalExecutor};

const MOMENT: Duration = Duration::from_millis(1);

/// Spawns, sends, sleeps, locks, and calls what blocks: all in all 10, and the threads that were blocked for it.
async fn program(pause: Duration) -> (u32, BTreeSet<String>) {
    let (sender, receiver) = bounded(1);
    let total = Arc::new(Mutex::new((0, BTreeSet::new())));
    let adder = whit::spawn({
        let total = total.clone();
        async move {
            while let Ok(number) = receiver.recv().await {
                whit::sleep(pause).await;
                let name = whit::unblock(|| std::thread::current().name().unwrap_or("?").to_owned()).await;
                let mut total = total.lock().await;
                total.0 += number;
                total.1.insert(name);
            }
        }
    });
    for number in 1..=4 {
        sender.send(number).await.unwrap();
    }
    drop(sender);
    adder.await;
    std::mem::take(&mut *total.lock().await)
}

/// What the program gives where nobody chose a pool: the process-wide one served.
fn on_the_default_pool() -> (u32, BTreeSet<String>) {
    (10, ["whit-blocking".to_owned()].into())
}

/// A connection whose server runs as a task, and what went there and back.
async fn sockets() -> usize {
    let listener = whit::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = whit::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 100];
        loop {
            match stream.read(&mut buffer).await.unwrap() {
                0 => return,
                length => stream.write_all(&buffer[..length]).await.unwrap(),
            }
        }
    });
    let mut stream = whit::net::TcpStream::connect(address).await.unwrap();
    for number in 0..200u8 {
        stream.write_all(&[number; 9]).await.unwrap();
        let mut heard = [0; 9];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, [number; 9]);
    }
    drop(stream);
    server.await;
    200 * 9
}

#[test]
fn timers_over_a_thread_park_need_no_reactor() {
    let driver = Arc::new(Timers::new(ThreadPark::new()));
    let executor = Executor::new();
    let handle = Handle::builder().home(executor.home()).clock(driver.clone()).build();
    let _entered = handle.enter();
    assert_eq!(executor.block_on(&SharedPark::new(driver).worker(), program(MOMENT)), on_the_default_pool());
    let missing = Handle::current().reactor().map(drop).unwrap_err().to_string();
    assert!(missing.contains("reactor"), "{missing}");
}

#[test]
fn one_thread_drives_a_local_executor() {
    let driver = Arc::new(Timers::new(ThreadPark::new()));
    let executor = LocalExecutor::new();
    let handle = Handle::builder().home(executor.home()).clock(driver.clone()).build();
    let _entered = handle.enter();
    assert_eq!(executor.block_on(&driver, program(MOMENT)), on_the_default_pool());
}

#[test]
fn a_manual_clock_makes_hours_pass_at_once() {
    let (clock, executor) = (Arc::new(ManualClock::new()), Executor::new());
    let handle = Handle::builder().home(executor.home()).clock(clock.clone()).build();
    let _entered = handle.enter();
    let (began, start) = (Instant::now(), clock.now());
    let hour = Duration::from_secs(3600);
    // Time goes on as soon as somebody waits for it.
    let advancing = async {
        loop {
            if let Some(deadline) = clock.next_deadline() {
                clock.advance(deadline - clock.now());
            }
            whit::future::yield_now().await;
        }
    };
    assert_eq!(block_on(executor.run(or(program(hour), advancing))), on_the_default_pool());
    assert_eq!(clock.now() - start, hour * 4);
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn the_leaves_run_under_a_foreign_block_on() {
    assert_eq!(block_on(program(MOMENT)), on_the_default_pool());
    assert_eq!(block_on(sockets()), 1800);
}

#[test]
fn the_reactor_of_async_io_serves_the_sockets() {
    let (driver, executor) = (Arc::new(Timers::new(ThreadPark::new())), Executor::new());
    let reactor = Arc::new(AsyncIoReactor::new());
    let handle = Handle::builder().home(executor.home()).clock(driver.clone()).reactor(reactor.clone()).build();
    let _entered = handle.enter();
    let both = async {
        let held = whit::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        assert_eq!(format!("{reactor:?}"), "AsyncIoReactor { sources: 1 }");
        assert_eq!(sockets().await, 1800);
        drop(held);
        program(MOMENT).await
    };
    assert_eq!(executor.block_on(&SharedPark::new(driver).worker(), both), on_the_default_pool());
    assert_eq!(format!("{reactor:?}"), "AsyncIoReactor { sources: 0 }");
}

/// Tokio's handle, as a home for tasks.
struct OnTokio(tokio::runtime::Handle);

impl Schedule for OnTokio {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        self.0.spawn(async move {
            runnable.run();
        });
    }
}

#[test]
fn tokio_runs_the_tasks_and_the_leaves_run_under_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let handle = Handle::builder().home(Arc::new(OnTokio(runtime.handle().clone()))).build();
    let _entered = handle.enter();
    // What blocks goes to our pool, the sleeps to our timers, the tasks to tokio.
    assert_eq!(runtime.block_on(program(MOMENT)), on_the_default_pool());
    assert_eq!(runtime.block_on(sockets()), 1800);
    // The task is run by the loop of tokio, and by nothing else.
    let task = whit::spawn(async { std::thread::current().id() });
    assert!(!task.is_finished());
    assert_eq!(runtime.block_on(task), std::thread::current().id());
}

#[test]
fn inside_tokio_nothing_has_to_be_entered() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(program(MOMENT)), on_the_default_pool());
    assert_eq!(runtime.block_on(sockets()), 1800);
    let panic = runtime.block_on(async {
        let job = AssertUnwindSafe(whit::unblock(|| panic!("in a job")));
        futures_lite::FutureExt::catch_unwind(job).await.unwrap_err()
    });
    assert_eq!(panic.downcast_ref(), Some(&"in a job"));
}

#[test]
fn a_rayon_pool_takes_the_blocking_work() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).thread_name(|_| "ray".into()).build().unwrap();
    let (driver, executor) = (Arc::new(Timers::new(ThreadPark::new())), Executor::new());
    let blocking = Arc::new(RayonBlocking::new(Arc::new(pool)));
    let handle = Handle::builder().home(executor.home()).clock(driver.clone()).blocking(blocking).build();
    let _entered = handle.enter();
    let run = executor.block_on(&SharedPark::new(driver).worker(), program(MOMENT));
    assert_eq!(run, (10, ["ray".to_owned()].into()));
}
