//! Models of a question to a signal handler: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-stack --test loom_exchange`.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use whit_stack::exchange::Exchange;

/// An answer is seen whole, or not at all, and a late one is never taken for that of the next question.
#[test]
fn an_answer_is_whole_and_for_its_question() {
    loom::model(|| {
        let exchange = Arc::new(Exchange::new((0, 0)));
        assert!(exchange.ask(1));
        let handler = |thread| {
            let exchange = exchange.clone();
            move || {
                exchange.answer(thread, |place| {
                    place.0 = thread;
                    place.1 = thread;
                })
            }
        };
        let first = thread::spawn(handler(1));
        let mut answer = exchange.take(|place| *place);
        if answer.is_none() && !exchange.withdraw(1) {
            answer = exchange.take(|place| *place);
        }
        assert!(matches!(answer, None | Some((1, 1))), "{answer:?}");
        // The next question may be refused, while the first answer is being given.
        if exchange.ask(2) {
            let second = thread::spawn(handler(2));
            let answer = exchange.take(|place| *place);
            assert!(matches!(answer, None | Some((2, 2))), "{answer:?}");
            second.join().unwrap();
            let answer = answer.or_else(|| exchange.take(|place| *place));
            assert_eq!(answer, Some((2, 2)));
        }
        first.join().unwrap();
    });
}

/// A signal that comes after the question was withdrawn touches nothing.
#[test]
fn a_late_signal_touches_nothing() {
    loom::model(|| {
        let exchange = Arc::new(Exchange::new(0));
        assert!(exchange.ask(1));
        let late = thread::spawn({
            let exchange = exchange.clone();
            move || exchange.answer(1, |place| *place = 1)
        });
        let withdrawn = exchange.withdraw(1);
        late.join().unwrap();
        assert_eq!(exchange.take(|place| *place), (!withdrawn).then_some(1));
    });
}
