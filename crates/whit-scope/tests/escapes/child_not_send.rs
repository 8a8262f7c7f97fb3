//! A child that must stay on its thread.
use std::rc::Rc;
use whit_scope::scope_with;

fn main() {
    let _ = scope_with(String::new(), async |s| {
        drop(s.spawn(async move {
            let local = Rc::new(1);
            std::future::ready(()).await;
            Ok(*local)
        }));
        Ok::<(), ()>(())
    });
}
