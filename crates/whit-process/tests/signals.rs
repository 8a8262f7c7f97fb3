//! Signals as streams. All in one process, so each test has signals of its own.
#![cfg(unix)]

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use futures_lite::future::{block_on, or, poll_once, zip};
use futures_lite::{Stream, StreamExt};
use rustix::process::{getpid, kill_process};
use whit_process::signal::{Signal, Signals, ctrl_c};

mod support;
use support::run;

fn raise(signal: Signal) {
    // To the process, and not to this thread: any thread may get it.
    kill_process(getpid(), rustix::process::Signal::from_named_raw(signal.number()).unwrap()).unwrap();
}

#[test]
fn ctrl_c_is_awaited_and_does_not_end_the_program() {
    let twice = || async {
        let waiting = ctrl_c();
        raise(Signal::Int);
        waiting.await.unwrap();
        // Caught from the call on, and not from the first poll.
        let (one, two) = (ctrl_c(), ctrl_c());
        raise(Signal::Int);
        let (one, two) = zip(one, two).await;
        (one.unwrap(), two.unwrap())
    };
    block_on(twice());
    run(twice());
}

#[test]
fn each_stream_gets_each_of_its_signals() {
    block_on(async {
        let mut both = Signals::new([Signal::Usr1, Signal::Usr2, Signal::Usr1]).unwrap();
        let mut one = Signals::new([Signal::Usr1]).unwrap();
        raise(Signal::Usr2);
        raise(Signal::Usr1);
        let mut heard = [both.next().await.unwrap().unwrap(), both.next().await.unwrap().unwrap()];
        heard.sort_by_key(|signal| signal.number());
        let mut asked = [Signal::Usr1, Signal::Usr2];
        asked.sort_by_key(|signal| signal.number());
        assert_eq!(heard, asked);
        assert_eq!(one.next().await.unwrap().unwrap(), Signal::Usr1);
        assert!(poll_once(one.next()).await.is_none());
        assert!(poll_once(both.next()).await.is_none());

        both.remove_signals([Signal::Usr1]);
        raise(Signal::Usr1);
        assert_eq!(one.next().await.unwrap().unwrap(), Signal::Usr1);
        assert!(poll_once(both.next()).await.is_none());
        // Nobody catches it now; it still does not end the program.
        drop(one);
        raise(Signal::Usr1);
        both.add_signals([Signal::Usr1]).unwrap();
        raise(Signal::Usr1);
        assert_eq!(both.next().await.unwrap().unwrap(), Signal::Usr1);
    });
}

#[test]
fn signals_come_together_but_are_never_missed() {
    // Each round raises once more after the last was heard; a missed wake would wait for ever.
    run(async {
        let mut signals = Signals::new([Signal::Winch]).unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let done = Arc::new(AtomicBool::new(false));
        let raiser = {
            let (asked, done) = (asked.clone(), done.clone());
            thread::spawn(move || {
                let mut raised = 0;
                while !done.load(Ordering::SeqCst) {
                    if asked.load(Ordering::SeqCst) > raised {
                        raised += 1;
                        // Twice: often one, sometimes two, and the second may come at any moment of the reading.
                        raise(Signal::Winch);
                        raise(Signal::Winch);
                    }
                    std::hint::spin_loop();
                }
            })
        };
        for _ in 0..5_000 {
            // What is left of the former round.
            while poll_once(signals.next()).await.is_some() {}
            asked.fetch_add(1, Ordering::SeqCst);
            // The time-out first: at its end the other would be polled too, and find what it has missed.
            let time_out = async {
                whit_timers::sleep(Duration::from_secs(10)).await;
                panic!("a signal was missed");
            };
            assert_eq!(or(time_out, async { signals.next().await.unwrap().unwrap() }).await, Signal::Winch);
        }
        done.store(true, Ordering::SeqCst);
        raiser.join().unwrap();
    });
}

#[test]
fn a_thousand_signals_that_nobody_reads_do_not_hide_another() {
    block_on(async {
        let mut signals = Signals::new([Signal::Urg, Signal::Cont]).unwrap();
        for _ in 0..10_000 {
            raise(Signal::Urg);
        }
        raise(Signal::Cont);
        let heard = [signals.next().await.unwrap().unwrap(), signals.next().await.unwrap().unwrap()];
        assert!(heard.contains(&Signal::Urg) && heard.contains(&Signal::Cont), "{heard:?}");
    });
}

#[test]
fn a_stream_whose_runtime_has_ended_ends_with_an_error() {
    let mut signals = run(async { Signals::new([Signal::Hup]).unwrap() });
    let mut cx = Context::from_waker(Waker::noop());
    let polled = pin!(&mut signals).poll_next(&mut cx);
    let std::task::Poll::Ready(Some(Err(error))) = polled else { panic!("{polled:?}") };
    assert_eq!(error.kind(), io::ErrorKind::NotConnected);
    assert!(block_on(signals.next()).is_none());
}
