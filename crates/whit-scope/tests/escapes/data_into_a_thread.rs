//! A child gives the data to a thread that nobody joins.
use whit_scope::scope_with;

fn main() {
    let _ = scope_with(String::new(), async |s| {
        drop(s.spawn(async move {
            std::thread::spawn(move || s.data().len());
            Ok(())
        }));
        Ok::<(), ()>(())
    });
}
