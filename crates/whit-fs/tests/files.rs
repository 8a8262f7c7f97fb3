//! What files and directories promise, on the system's; and what only they have: pools that end, pipes, descriptors.
//! `without_nowait.rs` runs the same by the pool alone.

use std::io::SeekFrom;
use std::path::Path;

use futures_lite::future::block_on;
use futures_lite::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use whit_fs::{File, OpenOptions};

#[macro_use]
mod conformance;
mod support;
use conformance::noise;
use support::{Folder, run};

conformance_tests!(both);

/// Whether reads may come from memory, which is in the name of the binary.
fn nowait() -> bool {
    !module_path!().starts_with("without_nowait")
}

/// Both inside a runtime and outside.
fn both(test: impl AsyncFn(&Path)) {
    whit_fs::testing::try_nowait(nowait());
    block_on(test(Folder::new().path()));
    run(test(Folder::new().path()));
}

async fn read_write(folder: &Path) -> File {
    OpenOptions::new().read(true).write(true).create(true).open(folder.join("file")).await.unwrap()
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
    let mut file = block_on(read_write(folder.path()));
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

#[test]
fn std_is_inside() {
    both(async |folder| {
        let mut file = File::create(folder.join("file")).await.unwrap();
        file.write_all(b"text").await.unwrap();
        file.flush().await.unwrap();
        assert_eq!(file.as_std().unwrap().metadata().unwrap().len(), 4);
        let known = whit_fs::metadata(folder.join("file")).await.unwrap();
        assert!(known.as_std().is_some() && known.file_type().as_std().is_some());
        assert!(known.permissions().as_std().is_some());
        // Options that std alone understands, and std's own permissions.
        let mut options = OpenOptions::new();
        options.as_std_mut().append(true);
        options.open(folder.join("file")).await.unwrap().write_all(b" more").await.unwrap();
        #[cfg(unix)]
        {
            use std::os::fd::AsFd;
            use std::os::unix::fs::{MetadataExt, PermissionsExt};
            assert!(file.as_fd().try_clone_to_owned().is_ok());
            let path = folder.join("mode");
            OpenOptions::new().write(true).create(true).mode(0o600).open(&path).await.unwrap();
            let mode = async || whit_fs::metadata(&path).await.unwrap().as_std().unwrap().mode() & 0o777;
            assert_eq!(mode().await, 0o600);
            whit_fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).await.unwrap();
            assert_eq!(mode().await, 0o640);
            let link = folder.join("link");
            whit_fs::unix::symlink(&path, &link).await.unwrap();
            assert!(whit_fs::symlink_metadata(&link).await.unwrap().is_symlink());
            assert!(whit_fs::metadata(&link).await.unwrap().is_file());
            assert_eq!(whit_fs::read_link(&link).await.unwrap(), path);
        }
    });
}
