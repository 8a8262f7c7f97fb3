//! One number for a run, the same in debug and in release. Lines are part of it: this file is short, so that they stay.

use std::time::Duration;
use whit_sim::Sim;

fn run(seed: u64) -> u64 {
    let ended = Sim::new(seed).execute(async {
        let tasks: Vec<_> = (0..5)
            .map(|number| {
                whit::spawn_named("sleeper", async move {
                    for _ in 0..5 {
                        whit::yield_now().await;
                        whit::sleep(Duration::from_millis(number)).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
    });
    ended.hash
}

/// A change of it says that seeds which were written down mean other runs than before. If that is meant, put the new one here.
#[test]
fn the_hash_of_a_seed_is_what_it_was() {
    assert_eq!([run(0), run(1)], [14_419_442_151_549_438_353, 10_950_298_063_277_528_268]);
    assert!((0..1000).all(|_| run(0) == run(0)));
}
