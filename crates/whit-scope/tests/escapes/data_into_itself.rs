//! A child stores a reference to the data in the data.
use std::sync::Mutex;
use whit_scope::scope_with;

struct Data {
    text: String,
    kept: Mutex<Option<&'static str>>,
}

fn main() {
    let data = Data { text: String::new(), kept: Mutex::new(None) };
    let _ = scope_with(data, async |s| {
        drop(s.spawn(async move {
            *s.data().kept.lock().unwrap() = Some(&s.data().text);
            Ok(())
        }));
        Ok::<(), ()>(())
    });
}
