//! hyper's `Timer`: sleeps of the current clock.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// Makes sleeps on the current clock, or on the process-wide default.
#[derive(Clone, Copy, Debug, Default)]
pub struct WhitTimer;

impl Timer for WhitTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Sleeping(whit_timers::sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Sleeping(whit_timers::sleep_until(deadline)))
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleeping>() {
            Some(sleeping) => sleeping.get_mut().0.reset(Some(deadline)),
            None => *sleep = self.sleep_until(deadline),
        }
    }

    fn now(&self) -> Instant {
        whit_core::Clock::now(&whit_timers::current_clock())
    }
}

struct Sleeping(whit_timers::Sleep);

impl Sleep for Sleeping {}

impl Future for Sleeping {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_sleep_follows_its_new_deadline() {
        let timer = WhitTimer;
        let started = timer.now();
        let mut sleep = timer.sleep(Duration::from_secs(3600));
        timer.reset(&mut sleep, started + Duration::from_millis(5));
        whit_core::block_on(sleep);
        assert!(started.elapsed() >= Duration::from_millis(5) && started.elapsed() < Duration::from_secs(60));
        whit_core::block_on(timer.sleep_until(started));
    }
}
