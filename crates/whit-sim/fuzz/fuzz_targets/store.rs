//! The store of `examples/store`, with its schedule, its network, its disks and its troubles from the fuzzer's bytes.
//!
//! ```sh
//! cargo +nightly fuzz run store -- -max_len=60000 -max_total_time=60                    # from the folder of whit-sim
//! cargo +nightly fuzz run store --features bug -- -max_len=60000                        # finds the planted bug
//! ```
//!
//! Without `-max_len` the first inputs are short, and most choices the tame ones.

#![no_main]
// What the example uses and this does not.
#![allow(dead_code)]

#[path = "../../examples/store/client.rs"]
mod client;
#[path = "../../examples/store/history.rs"]
mod history;
#[path = "../../examples/store/log.rs"]
mod log;
#[path = "../../examples/store/node.rs"]
mod node;
#[path = "../../examples/store/room.rs"]
mod room;

use libfuzzer_sys::fuzz_target;
use whit::sim::Campaign;

fuzz_target!(|bytes: &[u8]| {
    Campaign::new().max_steps(200_000).shrink_runs(200).fuzz(bytes, || room::run(cfg!(feature = "bug")));
});
