//! A runtime joined by hand: an executor of two workers over timers over a reactor, with a pool beside it.

use std::sync::Arc;
use std::time::Duration;

use whit::parts::{OsNetwork, Pool, Reactor, SharedPark, Timers};
use whit::sync::Event;
use whit::{Executor, Handle};

fn main() -> std::io::Result<()> {
    let driver = Arc::new(Timers::new(Arc::new(Reactor::new()?)));
    let (executor, pool) = (Executor::new(), Arc::new(Pool::new()));
    let handle = Handle::builder()
        .home(executor.home())
        .clock(driver.clone())
        .reactor(driver.inner().clone())
        .blocking(pool.clone())
        .network(Arc::new(OsNetwork::new(driver.inner().clone(), pool.clone())))
        .build();
    let (shared, stop) = (SharedPark::new(driver), Event::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _entered = handle.enter();
            executor.block_on(&shared.worker(), stop.wait());
        });
        let _entered = handle.enter();
        executor.block_on(&shared.worker(), async {
            let slow = whit::spawn(async {
                whit::sleep(Duration::from_millis(20)).await;
                "slept"
            });
            println!("{} and {}", slow.await, whit::unblock(|| "blocked").await);
        });
        stop.set();
    });
    Ok(())
}
