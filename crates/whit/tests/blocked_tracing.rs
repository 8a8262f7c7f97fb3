//! Feature `tracing`: the report is an event with fields.
#![cfg(feature = "tracing")]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

const MS: Duration = Duration::from_millis(1);

type Fields = BTreeMap<String, String>;

/// Keeps the events of whit.
#[derive(Clone, Default)]
struct Keeps(Arc<Mutex<Vec<(Level, Fields)>>>);

struct Visitor(Fields);

impl Visit for Visitor {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().into(), format!("{value:?}"));
    }
}

impl Subscriber for Keeps {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "whit::blocked"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut visitor = Visitor(Fields::new());
        event.record(&mut visitor);
        self.0.lock().unwrap().push((*event.metadata().level(), visitor.0));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn the_report_is_an_event_with_fields() {
    let kept = Keeps::default();
    tracing::subscriber::set_global_default(kept.clone()).unwrap();
    let id = whit::Builder::new().workers(1).run(async {
        let task = whit::spawn_named("greedy", async { thread::sleep(250 * MS) });
        let id = task.id();
        task.await;
        id
    });
    let events = std::mem::take(&mut *kept.0.lock().unwrap());
    let [(level, fields)] = &*events else { panic!("one event: {events:?}") };
    assert_eq!(*level, Level::WARN);
    let field = |name: &str| fields.get(name).map(String::as_str);
    assert_eq!(field("message"), Some("a poll blocks its worker"));
    assert_eq!(field("task.id"), Some(&*id.get().to_string()));
    assert_eq!(field("task.name"), Some("\"greedy\""));
    assert!(field("location").is_some_and(|at| at.contains("blocked_tracing.rs:")), "{fields:?}");
    assert!(field("lasted_ms").is_some_and(|ms| ms.parse::<u64>().unwrap() >= 100), "{fields:?}");
    assert!(field("worker").is_some());
    if cfg!(target_os = "linux") {
        assert!(field("doing").is_some_and(|doing| doing.starts_with("\"sleeps in the system")), "{fields:?}");
    }

    // Beside a hook as well.
    let (sender, hooked) = std::sync::mpsc::channel();
    let builder = whit::Builder::new().on_blocked(move |_| sender.send(()).unwrap());
    builder.run_local(async { thread::sleep(250 * MS) });
    assert_eq!(hooked.try_iter().count(), 1);
    assert_eq!(kept.0.lock().unwrap().len(), 1);
}
