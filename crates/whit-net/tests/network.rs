//! `OsNetwork` over parts that were chosen, and the budget that every transfer takes from.

#[path = "support/fake.rs"]
mod fake;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_lite::future::block_on;
use futures_lite::io::AsyncReadExt;
use support::Polled;
use whit_core::{Blocking, Handle, Network, Runnable, Schedule, ScheduleInfo, budget};
use whit_net::{OsNetwork, TcpListener, TcpStream, resolve_in};

/// A thread for each job, and a count of them.
#[derive(Debug, Default)]
struct Threads(AtomicUsize);

impl Schedule for Threads {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::thread::spawn(move || runnable.run());
    }
}

impl Blocking for Threads {}

#[test]
fn names_are_looked_up_on_the_blocking_part_and_numbers_nowhere() {
    let threads = Arc::new(Threads::default());
    let handle = Handle::builder().blocking(threads.clone()).build();
    let network = OsNetwork::over(&handle);

    let task = network.resolve("::1".into(), 80);
    assert!(task.is_finished());
    assert_eq!(block_on(task).unwrap(), ["[::1]:80".parse().unwrap()]);
    assert_eq!(threads.0.load(Ordering::SeqCst), 0);

    let found = block_on(network.resolve("localhost".into(), 80)).unwrap();
    assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 80), "{found:?}");
    assert_eq!(threads.0.load(Ordering::SeqCst), 1);
    block_on(resolve_in(&handle, "localhost:80")).unwrap();
    assert_eq!(threads.0.load(Ordering::SeqCst), 2);

    // The system's network at large takes the blocking part that is current.
    let _entered = handle.enter();
    block_on(OsNetwork::global().resolve("localhost".into(), 80)).unwrap();
    assert_eq!(threads.0.load(Ordering::SeqCst), 3);
}

#[test]
fn a_handle_without_a_network_uses_the_systems() {
    let handle = Handle::builder().build();
    block_on(async {
        let listener = TcpListener::bind_in(&handle, "127.0.0.1:0").await?;
        let std_client = std::net::TcpStream::connect(listener.local_addr()?)?;
        let client = TcpStream::from_std_in(&handle, std_client)?;
        assert_eq!(listener.accept().await?.1, client.local_addr()?);
        std::io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_stream_that_is_always_ready_gives_way() {
    let address = "192.0.2.1:80".parse().unwrap();
    let network = fake::FakeNetwork::new([(address, fake::Answer::Connects(Duration::ZERO))]);
    let connecting = Polled::new(TcpStream::connect_in(&network.handle(), address)).poll();
    let Poll::Ready(Ok(mut stream)) = connecting else { panic!("it stands at once") };
    budget::with_budget(|| {
        for _ in 0..budget::BUDGET {
            assert!(Polled::new(stream.read(&mut [0; 1])).poll().is_ready());
        }
        let mut buf = [0; 1];
        let mut reading = Polled::new(stream.read(&mut buf));
        assert!(reading.poll().is_pending());
        assert_eq!(reading.wakes(), 1);
    });
}

#[test]
fn a_transfer_of_the_systems_is_counted_once() {
    let (client, server) = block_on(support::tcp_pair()).unwrap();
    block_on(async {
        futures_lite::io::AsyncWriteExt::write_all(&mut &client, b"always there").await.unwrap();
        server.peek(&mut [0; 1]).await.unwrap();
    });
    let peeks = budget::with_budget(|| {
        std::iter::repeat_with(|| Polled::new(server.peek(&mut [0; 1])).poll()).take_while(Poll::is_ready).count()
    });
    assert_eq!(peeks, usize::from(budget::BUDGET));
}
