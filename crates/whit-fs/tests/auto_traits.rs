//! What may go to other threads: everything.

use whit_fs::io::{FrameReader, FrameWriter, LineReader, Stderr, Stdin, Stdout};
use whit_fs::{DirBuilder, DirEntry, File, OpenOptions, ReadDir};

fn send_sync<T: Send + Sync>() {}
fn send<T: Send>(_: T) {}

#[test]
fn all_of_it_is_send() {
    send_sync::<File>();
    send_sync::<OpenOptions>();
    send_sync::<DirBuilder>();
    send_sync::<DirEntry>();
    send::<Option<ReadDir>>(None);
    send_sync::<(Stdin, Stdout, Stderr)>();
    send_sync::<(FrameReader<Stdin>, FrameWriter<Stdout>, LineReader<Stdin>)>();
    // Futures are not run until they are polled.
    send(File::open("nowhere"));
    send(whit_fs::read_dir("nowhere"));
    send(whit_fs::read("nowhere"));
    send(whit_fs::copy("nowhere", "nowhere else"));
    send(OpenOptions::new().open("nowhere"));
}
