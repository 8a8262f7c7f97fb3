//! The parts, joined otherwise than the facade joins them; the same small program each time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_lite::future::{block_on, zip};
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use whit::parts::blocking::RayonBlocking;
use whit::parts::core::{Runnable, Schedule, ScheduleInfo};
use whit::parts::reactor::AsyncIoReactor;
use whit::parts::{SharedPark, ThreadPark, Timers};
use whit::sync::{Mutex, bounded};
use whit::{Executor, Handle, LocalExecutor};

/// Spawns, sends, locks and sleeps.
async fn program() -> u32 {
    let (sender, receiver) = bounded(1);
    let total = Arc::new(Mutex::new(0));
    let adder = whit::spawn({
        let total = total.clone();
        async move {
            while let Ok(number) = receiver.recv().await {
                whit::sleep(Duration::from_millis(1)).await;
                *total.lock().await += number;
            }
        }
    });
    for number in 1..=4 {
        sender.send(number).await.unwrap();
    }
    drop(sender);
    adder.await;
    *total.lock().await
}

#[test]
fn timers_over_a_thread_park_need_no_reactor() {
    let driver = Arc::new(Timers::new(ThreadPark::new()));
    let executor = Executor::new();
    let handle = Handle::builder().home(executor.home()).clock(driver.clone()).build();
    let _entered = handle.enter();
    assert_eq!(executor.block_on(&SharedPark::new(driver).worker(), program()), 10);
    let missing = Handle::current().reactor().map(drop).unwrap_err().to_string();
    assert!(missing.contains("reactor"), "{missing}");
}

#[test]
fn one_thread_drives_a_local_executor() {
    let driver = Arc::new(Timers::new(ThreadPark::new()));
    let executor = LocalExecutor::new();
    let handle = Handle::builder().home(executor.home()).clock(driver.clone()).build();
    let _entered = handle.enter();
    assert_eq!(executor.block_on(&driver, program()), 10);
}

#[test]
fn a_manual_clock_makes_hours_pass_at_once() {
    let (clock, executor) = (Arc::new(whit::parts::core::ManualClock::new()), Executor::new());
    let handle = Handle::builder().home(executor.home()).clock(clock.clone()).build();
    let _entered = handle.enter();
    let began = Instant::now();
    let slept = async {
        whit::sleep(Duration::from_secs(3600)).await;
        5
    };
    let driven = async {
        // Until the sleeper has registered.
        whit::future::yield_now().await;
        clock.advance(Duration::from_secs(3600));
    };
    assert_eq!(block_on(executor.run(zip(slept, driven))).0, 5);
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn the_leaves_run_under_a_foreign_block_on() {
    assert_eq!(block_on(program()), 10);
    block_on(async {
        let listener = whit::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, server) = zip(whit::net::TcpStream::connect(address), listener.accept()).await;
        drop((client.unwrap(), server.unwrap()));
        assert_eq!(whit::unblock(|| 3).await, 3);
    });
}

#[test]
fn the_reactor_of_async_io_serves_the_sockets() {
    let (driver, executor) = (Arc::new(Timers::new(ThreadPark::new())), Executor::new());
    let reactor = Arc::new(AsyncIoReactor::new());
    let handle = Handle::builder().home(executor.home()).clock(driver.clone()).reactor(reactor.clone()).build();
    let _entered = handle.enter();
    let echo = async {
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
        assert_eq!(format!("{reactor:?}"), "AsyncIoReactor { sources: 3 }");
        drop(stream);
        server.await;
        program().await
    };
    assert_eq!(executor.block_on(&SharedPark::new(driver).worker(), echo), 10);
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
    assert_eq!(runtime.block_on(program()), 10);
    // The task is run by the loop of tokio, and by nothing else.
    let task = whit::spawn(async { std::thread::current().id() });
    assert!(!task.is_finished());
    assert_eq!(runtime.block_on(task), std::thread::current().id());
}

#[test]
fn a_rayon_pool_takes_the_blocking_work() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).thread_name(|_| "ray".into()).build().unwrap();
    let handle = Handle::builder().blocking(Arc::new(RayonBlocking::new(Arc::new(pool)))).build();
    let _entered = handle.enter();
    let name = block_on(whit::unblock(|| std::thread::current().name().map(str::to_owned)));
    assert_eq!(name.as_deref(), Some("ray"));
}
