//! Tests of the network alone: whit-net's types on a fabric, and a loop that lets events happen while the test waits.

mod connections;
mod links;
mod names;
mod trouble;
mod udp;

use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_lite::future::zip;
use whit_core::Handle;
use whit_net::{TcpListener, TcpStream};

use super::{Fabric, Latency};
use crate::HostId;
use crate::decider::{Decider, Tape};
use crate::world::World;

const A: HostId = HostId(0);
const B: HostId = HostId(1);
const MS: Duration = Duration::from_millis(1);
const SEC: Duration = Duration::from_secs(1);

/// Three hosts, ten milliseconds apart: `a` and `b` of both families, and `old`, which has only IPv4.
struct Bench {
    world: World,
    fabric: Fabric,
}

impl Bench {
    fn new(seed: u64) -> Bench {
        Bench::on(Decider::seeded(seed))
    }

    /// Where nothing is left to chance.
    fn tame() -> Bench {
        Bench::on(Decider::replay(Tape::default()))
    }

    fn on(decider: Decider) -> Bench {
        let world = World::new(decider);
        let fabric = Fabric::new(world.clone());
        for (number, name, addresses) in
            [(0, "a", &["10.0.0.1", "fd00::1"][..]), (1, "b", &["10.0.0.2", "fd00::2"]), (2, "old", &["10.0.0.3"])]
        {
            let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
            fabric.add_host(HostId(number), name, &addresses);
        }
        fabric.links().latency(Latency::Constant(10 * MS));
        Bench { world, fabric }
    }

    fn handle(&self, host: HostId) -> Handle {
        Handle::builder().network(self.fabric.network(host)).build()
    }

    /// Runs to the end, and lets the next event happen whenever nothing else can go on.
    fn run<F: Future>(&self, future: F) -> F::Output {
        struct Flag(AtomicBool);
        impl Wake for Flag {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(flag.clone());
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            while !flag.0.swap(false, Ordering::SeqCst) {
                assert!(self.world.step(), "stuck at {:?}: nothing is to happen any more", self.now());
            }
        }
    }

    /// Lets everything happen that is to happen.
    fn settle(&self) {
        while self.world.step() {}
    }

    fn now(&self) -> Duration {
        self.world.now()
    }

    async fn sleep(&self, duration: Duration) {
        let end = self.now() + duration;
        let mut registered = false;
        poll_fn(|cx| {
            if self.now() >= end {
                return Poll::Ready(());
            }
            if !std::mem::replace(&mut registered, true) {
                let waker = cx.waker().clone();
                self.world.at(end, move || waker.wake());
            }
            Poll::Pending
        })
        .await
    }

    async fn listen(&self, host: HostId, address: &str) -> TcpListener {
        TcpListener::bind_in(&self.handle(host), address).await.unwrap()
    }

    async fn connect(&self, host: HostId, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect_in(&self.handle(host), address).await
    }

    /// A connection from `a` to `b`: the near and the far end.
    async fn pair(&self) -> (TcpStream, TcpStream) {
        let listener = self.listen(B, "10.0.0.2:0").await;
        let address = listener.local_addr().unwrap();
        let (near, far) = zip(self.connect(A, address), listener.accept()).await;
        (near.unwrap(), far.unwrap().0)
    }
}

fn kind<T: std::fmt::Debug>(result: io::Result<T>) -> io::ErrorKind {
    result.unwrap_err().kind()
}
