//! Open files: reading, writing, seeking, and what a drop does. `without_nowait.rs` runs the same by the pool alone.

use std::io::{ErrorKind, SeekFrom};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use futures_lite::future::{block_on, or, yield_now};
use futures_lite::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader};
use whit_fs::{File, OpenOptions};

mod support;
use support::{Folder, noise, run};

/// Whether reads may come from memory, which is in the name of the binary.
fn nowait() -> bool {
    !module_path!().starts_with("without_nowait")
}

/// Both inside a runtime and outside.
fn both(test: impl AsyncFn(&Folder)) {
    whit_fs::testing::try_nowait(nowait());
    block_on(test(&Folder::new()));
    run(test(&Folder::new()));
}

async fn read_write(folder: &Folder) -> File {
    OpenOptions::new().read(true).write(true).create(true).open(folder.join("file")).await.unwrap()
}

#[test]
fn what_is_written_is_read() {
    both(async |folder| {
        let bytes = noise(3_000_000);
        let mut file = File::create(folder.join("file")).await.unwrap();
        file.write_all(&bytes).await.unwrap();
        file.flush().await.unwrap();
        assert_eq!(std::fs::read(folder.join("file")).unwrap().len(), bytes.len());
        let mut heard = Vec::new();
        File::open(folder.join("file")).await.unwrap().read_to_end(&mut heard).await.unwrap();
        assert!(heard == bytes);
    });
}

#[test]
fn a_dropped_file_loses_nothing() {
    // Each time another amount: less than a buffer, about one, and many.
    for length in [1, 1000, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 1_000_000] {
        let (bytes, folder) = (noise(length), Folder::new());
        let write = async || {
            let mut file = File::create(folder.join("file")).await.unwrap();
            file.write_all(&bytes).await.unwrap();
        };
        // In a runtime: there when it has ended.
        run(write());
        assert!(std::fs::read(folder.join("file")).unwrap() == bytes);
        // Outside: there when the drop returns.
        block_on(write());
        assert!(std::fs::read(folder.join("file")).unwrap() == bytes);
    }
}

#[test]
fn a_drop_loses_nothing_even_if_the_pool_drops_its_job() {
    // One thread, which is kept busy: the job of the file is in the queue when the pool is shut down.
    use std::sync::{Arc, mpsc};
    use whit_core::Handle;

    let folder = Folder::new();
    let pool = Arc::new(whit_blocking::PoolBuilder::new().max_threads(1).build().unwrap());
    let handle = Handle::builder().blocking(pool.clone()).build();
    let entered = handle.enter();
    let mut file = block_on(File::create(folder.join("file"))).unwrap();
    let (go_on, wait) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    whit_blocking::unblock(move || {
        begun.send(()).unwrap();
        wait.recv().is_ok()
    })
    .detach();
    begins.recv().unwrap();
    block_on(file.write_all(b"kept")).unwrap();
    drop(file);
    drop(entered);
    assert_eq!(std::fs::read(folder.join("file")).unwrap(), b"", "the job was to be in the queue");
    assert!(pool.shutdown(std::time::Duration::ZERO).is_err());
    assert_eq!(std::fs::read(folder.join("file")).unwrap(), b"kept");
    drop(go_on);
}

#[test]
fn a_pool_that_was_shut_down_is_an_error_and_no_hang() {
    use std::sync::Arc;
    use whit_core::Handle;

    let folder = Folder::new();
    std::fs::write(folder.join("file"), noise(100)).unwrap();
    let pool = Arc::new(whit_blocking::Pool::new());
    let _entered = Handle::builder().blocking(pool.clone()).build().enter();
    let mut file = block_on(read_write(&folder));
    pool.shutdown(std::time::Duration::from_secs(5)).unwrap();
    whit_fs::testing::try_nowait(nowait());
    match block_on(file.read(&mut [0; 10])) {
        Ok(length) => assert!(nowait() && length == 10),
        Err(error) => assert!(error.to_string().contains("shut down"), "{error}"),
    }
    block_on(file.seek(SeekFrom::Start(0))).unwrap();
    let error = block_on(file.seek(SeekFrom::End(0))).unwrap_err();
    assert!(error.to_string().contains("shut down"), "{error}");
    assert!(block_on(file.sync_all()).unwrap_err().to_string().contains("shut down"));
    assert!(block_on(whit_fs::read(folder.join("file"))).unwrap_err().to_string().contains("shut down"));
    // Written on this thread, as there is no other.
    block_on(file.write_all(b"still")).unwrap();
    block_on(file.flush()).unwrap();
    drop(file);
    assert_eq!(&std::fs::read(folder.join("file")).unwrap()[..5], b"still");
}

#[test]
fn reading_and_writing_share_one_cursor() {
    both(async |folder| {
        let bytes = noise(200_000);
        std::fs::write(folder.join("file"), &bytes).unwrap();
        std::fs::write(folder.join("model"), &bytes).unwrap();
        let mut model = std::fs::File::options().read(true).write(true).open(folder.join("model")).unwrap();
        let mut file = read_write(folder).await;
        // What std does, we do; in an order that comes from the noise.
        use std::io::{Read, Seek, Write};
        for step in bytes[..2000].chunks(4) {
            let size = step[1] as usize * 300;
            match step[0] % 8 {
                0..=2 => {
                    let (mut ours, mut theirs) = (vec![0; size], vec![0; size]);
                    let length = model.read(&mut theirs).unwrap();
                    file.read_exact(&mut ours[..length]).await.unwrap();
                    assert!(ours == theirs);
                }
                3 | 4 => {
                    model.write_all(&bytes[..size]).unwrap();
                    file.write_all(&bytes[..size]).await.unwrap();
                }
                5 => {
                    let to = SeekFrom::Current(i64::from(step[2] as i8) * 100);
                    let theirs = model.seek(to);
                    let ours = file.seek(to).await;
                    assert_eq!(theirs.as_ref().ok(), ours.as_ref().ok());
                }
                6 => assert_eq!(
                    model.seek(SeekFrom::End(-(size as i64))).ok(),
                    file.seek(SeekFrom::End(-(size as i64))).await.ok()
                ),
                _ => {
                    let at = SeekFrom::Start(u64::from(step[2]) * 500);
                    assert_eq!(model.seek(at).unwrap(), file.seek(at).await.unwrap());
                }
            }
            // Given up half-way, now and then: nothing of it may be seen.
            if step[3] % 4 == 0 {
                let mut bytes = [0; 10];
                let polled = pin!(file.read(&mut bytes)).poll(&mut Context::from_waker(Waker::noop()));
                if let Poll::Ready(length) = polled {
                    model.seek(SeekFrom::Current(length.unwrap() as i64)).unwrap();
                }
            }
        }
        file.flush().await.unwrap();
        assert!(std::fs::read(folder.join("file")).unwrap() == std::fs::read(folder.join("model")).unwrap());
    });
}

#[test]
fn positional_operations_leave_the_cursor_alone_and_see_what_was_written() {
    both(async |folder| {
        let mut file = read_write(folder).await;
        file.write_all(b"0123456789").await.unwrap();
        // Not flushed, and seen.
        let mut bytes = [0; 4];
        assert_eq!(file.read_at(&mut bytes, 3).await.unwrap(), 4);
        assert_eq!(&bytes, b"3456");
        assert_eq!(file.metadata().await.unwrap().len(), 10);
        file.write_all_at(b"abc", 1).await.unwrap();
        file.write_all(b"end").await.unwrap();
        assert_eq!(file.read_at(&mut bytes, 11).await.unwrap(), 2);
        assert_eq!(&bytes[..2], b"nd");
        assert_eq!(file.read_at(&mut bytes, 100).await.unwrap(), 0);
        assert_eq!(file.read_at(&mut [], 0).await.unwrap(), 0);
        let error = file.read_exact_at(&mut bytes, 12).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        assert!(file.read_at(&mut bytes, u64::MAX).await.is_err());
        file.read_exact_at(&mut bytes, 0).await.unwrap();
        assert_eq!(&bytes, b"0abc");
        file.set_len(5).await.unwrap();
        file.sync_all().await.unwrap();
        file.sync_data().await.unwrap();
        assert_eq!(std::fs::read(folder.join("file")).unwrap(), b"0abc4");

        // Several at once, on a shared file of several megabytes.
        let bytes = noise(3_000_000);
        let file = File::from(std::fs::File::options().read(true).write(true).open(folder.join("file")).unwrap());
        let (one, two) = bytes.split_at(1_234_567);
        let both = futures_lite::future::zip(file.write_all_at(two, one.len() as u64), file.write_all_at(one, 0)).await;
        both.0.and(both.1).unwrap();
        let mut heard = vec![0; bytes.len()];
        file.read_exact_at(&mut heard, 0).await.unwrap();
        assert!(heard == bytes);
    });
}

#[test]
fn errors_of_writing_behind_are_told() {
    both(async |folder| {
        // Opened to be read, so each write fails.
        std::fs::write(folder.join("file"), b"old").unwrap();
        let mut file = File::open(folder.join("file")).await.unwrap();
        assert_eq!(file.write(b"new").await.unwrap(), 3);
        let error = file.flush().await.unwrap_err();
        assert!(error.to_string().contains("writing behind failed: "), "{error}");
        // Told once; and the file goes on.
        file.flush().await.unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "old");
        file.write_all(b"new").await.unwrap();
        file.sync_all().await.unwrap_err();
        file.write_all(b"new").await.unwrap();
        // Goes to stderr.
        drop(file);
    });
}

#[test]
fn dropping_a_future_loses_nothing() {
    // Polled once and dropped, again and again: each byte is read exactly once all the same.
    both(async |folder| {
        let bytes = noise(300_000);
        std::fs::write(folder.join("file"), &bytes).unwrap();
        let mut file = File::open(folder.join("file")).await.unwrap();
        let mut heard = Vec::new();
        loop {
            let mut piece = [0; 1000];
            let read = or(async { Some(file.read(&mut piece).await.unwrap()) }, async {
                yield_now().await;
                None
            })
            .await;
            match read {
                Some(0) => break,
                Some(length) => heard.extend_from_slice(&piece[..length]),
                None => {}
            }
        }
        assert!(heard == bytes);

        let mut file = File::create(folder.join("copy")).await.unwrap();
        let mut left = &bytes[..];
        while !left.is_empty() {
            let written = or(async { file.write(left).await.unwrap() }, async {
                yield_now().await;
                0
            });
            left = &left[written.await..];
        }
        drop(file.flush());
        file.close().await.unwrap();
        assert!(std::fs::read(folder.join("copy")).unwrap() == bytes);
    });
}

#[test]
fn lines_of_a_file_and_appending() {
    both(async |folder| {
        let mut file = OpenOptions::new().append(true).create(true).open(folder.join("log")).await.unwrap();
        for i in 0..1000 {
            file.write_all(format!("line {i}\n").as_bytes()).await.unwrap();
        }
        file.close().await.unwrap();
        use futures_lite::StreamExt;
        let lines: Vec<_> = BufReader::new(File::open(folder.join("log")).await.unwrap()).lines().collect().await;
        assert_eq!(lines.len(), 1000);
        assert_eq!(lines[999].as_ref().unwrap(), "line 999");
    });
}

#[test]
fn opening_names_the_path() {
    both(async |folder| {
        let error = File::open(folder.join("nowhere")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(
            error.to_string().starts_with(&format!("opening {} failed: ", folder.join("nowhere").display())),
            "{error}"
        );
        File::create_new(folder.join("new")).await.unwrap();
        let error = File::create_new(folder.join("new")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    });
}

/// A pipe has no cursor, and may block for ever; both must not harm.
#[cfg(target_os = "linux")]
#[test]
fn a_named_pipe_is_read_and_written() {
    both(async |folder| {
        let path = folder.join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        let mut file = OpenOptions::new().read(true).write(true).open(&path).await.unwrap();
        file.write_all(b"one two").await.unwrap();
        file.flush().await.unwrap();
        let mut three = [0; 3];
        file.read_exact(&mut three).await.unwrap();
        assert_eq!(&three, b"one");
        // Bytes are read ahead; a write does not lose them.
        file.write_all(b" more").await.unwrap();
        let mut rest = [0; 9];
        file.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b" two more");
        file.seek(SeekFrom::Current(0)).await.unwrap_err();
    });
}
