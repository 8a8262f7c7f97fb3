//! The store of `examples/store`, with its schedule, its network, its disks and its troubles from the fuzzer's bytes.
//!
//! From the folder of whit-sim:
//!
//! ```sh
//! cargo run --release --example store -- corpus fuzz/corpus/store       # tapes of ten seeds, to begin with
//! cargo +nightly fuzz run -s none store -- -max_len=60000 -len_control=0 -max_total_time=60
//! cargo +nightly fuzz run -s none --features bug store -- -max_len=60000 -len_control=0
//! ```
//!
//! The last finds the planted bug. Without tapes to begin with, and without `-max_len`, inputs are short, and most choices tame: no
//! host crashes. Without `-s none` the address sanitizer is in it, and a run takes several times as long.

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
