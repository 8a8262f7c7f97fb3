//! Task-local values and who takes them over.

mod support;

use std::cell::Cell;
use std::sync::Arc;

use futures_lite::future::yield_now;
use support::{on_four_threads, simulate, sleep, spawn};
use whit_core::{Handle, block_on};
use whit_scope::{GroupBuilder, TaskGroup, join, move_on_after, task_group, task_local};

task_local! {
    static USER: &'static str;
    static NUMBER: u32;
}

fn user() -> Option<&'static str> {
    USER.try_with(|user| *user).ok()
}

#[test]
fn a_value_is_there_inside_and_hidden_by_an_inner_one() {
    simulate(|| {
        USER.scope("ada", async {
            assert_eq!((user(), NUMBER.try_with(|_| ()).is_ok()), (Some("ada"), false));
            let inner = NUMBER.scope(
                3,
                USER.scope("grace", async {
                    yield_now().await;
                    (USER.get(), NUMBER.get())
                }),
            );
            assert_eq!(
                join((inner, async {
                    yield_now().await;
                    user()
                }))
                .await,
                (("grace", 3), Some("ada"))
            );
            assert_eq!(USER.sync_scope("alan", user), Some("alan"));
            assert_eq!(user(), Some("ada"));
        })
    });
    assert_eq!(user(), None);
    let text = NUMBER.try_with(|_| ()).unwrap_err().to_string();
    assert_eq!(text, "a task-local value (a u32) is not set here: run this inside its `scope`, or spawn it there");
}

#[test]
fn tasks_groups_and_limits_take_it_over() {
    async fn check() {
        let seen = USER.scope("ada", async {
            let task = spawn(async {
                yield_now().await;
                spawn(async { user() }).await
            });
            let limited = move_on_after(support::ms(1000), async { user() });
            let group = task_group(|group: TaskGroup<()>| async move {
                let child = group.spawn(async {
                    sleep(1).await;
                    Ok(user())
                });
                Ok(child.await.unwrap())
            });
            (task.await, limited.await, group.await)
        });
        assert_eq!(seen.await, (Some("ada"), Some(Some("ada")), Ok(Some("ada"))));
        assert_eq!(user(), None);
    }
    simulate(check);
    on_four_threads(check());
}

/// A child that waits for its turn starts when another ends, and has the values of who spawned it all the same.
#[test]
fn a_child_that_waited_for_its_turn_has_the_values_of_who_spawned_it() {
    simulate(|| async {
        let group = GroupBuilder::new().limit(1).run(|group: TaskGroup<()>| async move {
            let spawn = |user_| {
                USER.sync_scope(user_, || {
                    group.spawn(async {
                        sleep(1).await;
                        Ok(user())
                    })
                })
            };
            let (one, two) = (spawn("ada"), spawn("grace"));
            let none = group.spawn(async { Ok(user()) });
            assert_eq!((one.await, two.await, none.await), (Ok(Some("ada")), Ok(Some("grace")), Ok(None)));
            Ok(())
        });
        group.await.unwrap();
    });
}

#[test]
fn a_blocking_closure_takes_it_over() {
    struct Thread;
    impl whit_core::Schedule for Thread {
        fn schedule(&self, runnable: whit_core::Runnable, _: whit_core::ScheduleInfo) {
            std::thread::spawn(|| runnable.run());
        }
    }
    impl whit_core::Blocking for Thread {}
    let handle = Handle::builder().blocking(Arc::new(Thread)).build();
    assert_eq!(block_on(USER.scope("ada", async { handle.unblock(user).await })), Some("ada"));
}

#[test]
fn the_value_is_shared_and_dropped_with_its_last_user() {
    task_local!(
        static COUNTED: Arc<()>;
    );
    let counted = Arc::new(());
    simulate(|| {
        let inner = counted.clone();
        async move {
            let task = COUNTED.sync_scope(inner, || {
                spawn(async {
                    sleep(5).await;
                    COUNTED.with(Arc::strong_count)
                })
            });
            assert_eq!(task.await, 2, "one here, one shared by all tasks");
        }
    });
    assert_eq!(Arc::strong_count(&counted), 1);
}

#[test]
fn what_is_dropped_sees_it_too() {
    struct Look(Arc<std::sync::Mutex<Option<&'static str>>>);
    impl Drop for Look {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = user();
        }
    }
    let seen = Arc::new(std::sync::Mutex::new(None));
    simulate(|| {
        let look = Look(seen.clone());
        USER.scope("ada", async move {
            let sleeping = async move {
                let _look = look;
                sleep(1000).await;
            };
            assert_eq!(move_on_after(support::ms(5), sleeping).await, None);
        })
    });
    assert_eq!(*seen.lock().unwrap(), Some("ada"));
}

#[test]
fn a_value_is_borrowed_only_while_it_is_looked_at() {
    let inner = Cell::new(0);
    NUMBER.sync_scope(1, || NUMBER.with(|outer| NUMBER.sync_scope(2, || inner.set(NUMBER.get() * 10 + outer))));
    assert_eq!(inner.get(), 21);
}
