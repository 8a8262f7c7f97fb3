//! `Unblock`: nothing lost, nothing doubled, errors told, jobs that panic.

use std::future::{Future, poll_fn};
use std::io::{self, Cursor, ErrorKind, Read, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use whit_blocking::{Pool, Unblock};
use whit_core::{Handle, block_on};

fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn bytes_come_through_in_order_whatever_the_capacity() {
    let bytes: Vec<u8> = (0..100_000u32).map(|n| (n * 7) as u8).collect();
    for capacity in [0, 1000, 1 << 20] {
        block_on(async {
            let mut writer = Unblock::with_capacity(capacity, Vec::new());
            let amount = if capacity == 0 { 300 } else { bytes.len() };
            writer.write_all(&bytes[..amount]).await.unwrap();
            assert_eq!(writer.get_mut().await.len(), amount);
            let mut reader = Unblock::with_capacity(capacity, Cursor::new(writer.into_inner().await));
            let mut read = Vec::new();
            reader.read_to_end(&mut read).await.unwrap();
            assert!(read == bytes[..amount]);
            assert_eq!(reader.read(&mut [0; 4]).await.unwrap(), 0);
        });
    }
}

/// Reads a byte for each word it is sent.
struct Slow(mpsc::Receiver<io::Result<u8>>);

impl Read for Slow {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.recv() {
            Ok(byte) => {
                buf[0] = byte?;
                Ok(1)
            }
            Err(_) => Ok(0),
        }
    }
}

#[test]
fn a_read_that_is_given_up_loses_no_byte_and_no_error() {
    let (sender, receiver) = mpsc::channel();
    let mut reader = Unblock::new(Slow(receiver));
    let mut buffer = [0; 4];
    assert!(poll_once(reader.read(&mut buffer)).is_pending());
    sender.send(Ok(7)).unwrap();
    assert_eq!(block_on(reader.read(&mut buffer)).unwrap(), 1);
    assert_eq!(buffer[0], 7);
    assert!(poll_once(reader.read(&mut buffer)).is_pending());
    sender.send(Err(ErrorKind::TimedOut.into())).unwrap();
    // Waits for the job, and must not swallow what it found.
    block_on(reader.get_mut());
    assert_eq!(block_on(reader.read(&mut buffer)).unwrap_err().kind(), ErrorKind::TimedOut);
    drop(sender);
    assert_eq!(block_on(reader.read(&mut buffer)).unwrap(), 0);
}

/// Waits for a word before each write, and fails if it says so.
struct Gate(mpsc::Receiver<bool>, Arc<Mutex<Vec<u8>>>, usize);

impl Write for Gate {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if !self.0.recv().unwrap() {
            return Err(ErrorKind::StorageFull.into());
        }
        self.1.lock().unwrap().extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.2 += 1;
        Ok(())
    }
}

#[test]
fn writes_are_behind_and_their_errors_are_told_once() {
    let (open, gate) = mpsc::channel();
    let mut writer = Unblock::new(Gate(gate, Arc::default(), 0));
    // Accepted at once, though the writer is shut.
    assert!(matches!(poll_once(writer.write(b"abc")), Poll::Ready(Ok(3))));
    assert!(poll_once(writer.write(b"d")).is_pending());
    open.send(false).unwrap();
    assert_eq!(block_on(writer.flush()).unwrap_err().kind(), ErrorKind::StorageFull);
    open.send(true).unwrap();
    block_on(async {
        writer.write_all(b"e").await.unwrap();
        writer.flush().await.unwrap();
        writer.flush().await.unwrap();
        writer.close().await.unwrap();
        let Gate(_, written, flushes) = writer.into_inner().await;
        // Once: nothing was written in between.
        assert_eq!((&written.lock().unwrap()[..], flushes), (&b"e"[..], 1));
    });
}

#[test]
fn a_write_that_was_accepted_is_done_after_the_drop() {
    let (open, gate) = mpsc::channel();
    let written: Arc<Mutex<Vec<u8>>> = Arc::default();
    let pool = Arc::new(Pool::new());
    let handle = Handle::builder().blocking(pool.clone()).build();
    let _entered = handle.enter();
    let mut writer = Unblock::new(Gate(gate, written.clone(), 0));
    assert!(poll_once(writer.write(b"abc")).is_ready());
    drop(writer);
    open.send(true).unwrap();
    while pool.idle_count() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(&written.lock().unwrap()[..], b"abc");
}

#[test]
fn seeking_forgets_what_was_read_ahead_and_counts_from_what_was_given() {
    block_on(async {
        let mut file = Unblock::new(Cursor::new((0..100).collect::<Vec<u8>>()));
        let mut buffer = [0; 10];
        file.read_exact(&mut buffer).await.unwrap();
        assert_eq!(file.seek(SeekFrom::Current(5)).await.unwrap(), 15);
        file.read_exact(&mut buffer).await.unwrap();
        assert_eq!(buffer[0], 15);
        assert!(file.seek(SeekFrom::Current(-1000)).await.is_err());
        file.read_exact(&mut buffer).await.unwrap();
        assert_eq!(buffer[0], 25);
        assert_eq!(file.seek(SeekFrom::End(-1)).await.unwrap(), 99);
        assert_eq!(file.read(&mut buffer).await.unwrap(), 1);
        assert_eq!(file.read(&mut buffer).await.unwrap(), 0);
        assert_eq!(file.seek(SeekFrom::Start(3)).await.unwrap(), 3);
        assert_eq!(file.read(&mut buffer).await.unwrap(), 10);
        assert_eq!(buffer[0], 3);
    });
}

#[test]
fn with_mut_runs_on_the_pool_and_may_be_given_up() {
    block_on(async {
        let here = std::thread::current().id();
        let mut counted = Unblock::new(5);
        assert!(counted.with_mut(move |_| std::thread::current().id() != here).await);
        let (go, wait) = mpsc::channel();
        {
            let mut given_up = pin!(counted.with_mut(move |count| {
                wait.recv().unwrap();
                *count += 1;
            }));
            poll_fn(|cx| {
                assert!(given_up.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        go.send(()).unwrap();
        assert_eq!(counted.with_mut(|count| *count).await, 6);
    });
}

#[test]
fn a_panic_comes_out_once_and_then_there_are_errors() {
    struct Panics;
    impl Read for Panics {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("in the reader")
        }
    }
    let mut reader = Unblock::new(Panics);
    let read = || block_on(reader.read(&mut [0; 1]));
    assert_eq!(catch_unwind(AssertUnwindSafe(read)).unwrap_err().downcast_ref(), Some(&"in the reader"));
    let error = block_on(reader.read(&mut [0; 1])).unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error}");
}

#[test]
fn a_pool_that_ends_is_an_error() {
    let pool = Arc::new(Pool::new());
    let handle = Handle::builder().blocking(pool.clone()).build();
    let _entered = handle.enter();
    let mut reader = Unblock::new(Cursor::new(vec![1]));
    pool.shutdown(Duration::from_secs(10)).unwrap();
    let error = block_on(reader.read(&mut [0; 1])).unwrap_err();
    assert!(error.to_string().contains("shut down"), "{error}");
}
