//! What files and directories promise, on whatever disk: one body each, which asks whit-fs alone and is given an empty directory.
//! `files.rs` runs them on the system's files, and whit-sim's tests on a simulated disk.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::BTreeSet;
use std::io::{ErrorKind, SeekFrom};
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use futures_lite::StreamExt;
use futures_lite::future::{or, poll_once, yield_now, zip};
use futures_lite::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader};
use whit_fs::{self as fs, File, OpenOptions};

/// A test for each of them, which gives it to `$run`.
macro_rules! conformance_tests {
    ($run:path) => {
        conformance_tests! { $run:
            what_is_written_is_read, reading_and_writing_share_one_cursor, a_drop_without_a_flush_loses_nothing,
            positional_operations_leave_the_cursor_alone_and_see_what_was_written, several_at_once_on_one_file,
            errors_of_writing_behind_are_told, dropping_a_future_loses_nothing, lines_of_a_file_and_appending,
            opening_says_what_is_wrong, whole_files_and_names, renaming, directories, reading_a_directory,
            errors_name_the_paths, a_file_without_a_name_lives_on, lengths, who_may_write
        }
    };
    ($run:path: $($name:ident),+) => {$(
        #[test]
        fn $name() {
            $run(conformance::$name);
        }
    )+};
}

/// Bytes that do not repeat soon.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

async fn read_write(path: &Path) -> File {
    OpenOptions::new().read(true).write(true).create(true).open(path).await.unwrap()
}

pub(crate) async fn what_is_written_is_read(folder: &Path) {
    let bytes = noise(3_000_000);
    let mut file = File::create(folder.join("file")).await.unwrap();
    file.write_all(&bytes).await.unwrap();
    file.flush().await.unwrap();
    assert_eq!(fs::metadata(folder.join("file")).await.unwrap().len(), bytes.len() as u64);
    let mut heard = Vec::new();
    File::open(folder.join("file")).await.unwrap().read_to_end(&mut heard).await.unwrap();
    assert!(heard == bytes);
    file.close().await.unwrap();
}

pub(crate) async fn reading_and_writing_share_one_cursor(folder: &Path) {
    use std::io::{Read, Seek, Write};
    let bytes = noise(200_000);
    fs::write(folder.join("file"), bytes.clone()).await.unwrap();
    // What std's cursor does, we do; in an order that comes from the noise.
    let mut model = std::io::Cursor::new(bytes.clone());
    let mut file = read_write(&folder.join("file")).await;
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
    assert!(fs::read(folder.join("file")).await.unwrap() == model.into_inner());
}

pub(crate) async fn a_drop_without_a_flush_loses_nothing(folder: &Path) {
    // Each time another amount: less than a buffer, about one, and many.
    for length in [1, 1000, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 1_000_000] {
        let bytes = noise(length);
        let path = folder.join(length.to_string());
        let mut file = File::create(&path).await.unwrap();
        file.write_all(&bytes).await.unwrap();
        drop(file);
        // The drop does not wait inside a runtime.
        while fs::metadata(&path).await.unwrap().len() < length as u64 {
            yield_now().await;
        }
        assert!(fs::read(&path).await.unwrap() == bytes);
    }
}

pub(crate) async fn positional_operations_leave_the_cursor_alone_and_see_what_was_written(folder: &Path) {
    let mut file = read_write(&folder.join("file")).await;
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
    assert!(file.write_at(&bytes, u64::MAX).await.is_err());
    file.read_exact_at(&mut bytes, 0).await.unwrap();
    assert_eq!(&bytes, b"0abc");
    file.set_len(5).await.unwrap();
    file.sync_all().await.unwrap();
    file.sync_data().await.unwrap();
    assert_eq!(fs::read(folder.join("file")).await.unwrap(), b"0abc4");
}

pub(crate) async fn several_at_once_on_one_file(folder: &Path) {
    let bytes = noise(3_000_000);
    let file = read_write(&folder.join("file")).await;
    let (one, two) = bytes.split_at(1_234_567);
    let both = zip(file.write_all_at(two, one.len() as u64), file.write_all_at(one, 0)).await;
    both.0.and(both.1).unwrap();
    let mut heard = vec![0; bytes.len()];
    file.read_exact_at(&mut heard, 0).await.unwrap();
    assert!(heard == bytes);
}

pub(crate) async fn errors_of_writing_behind_are_told(folder: &Path) {
    // Opened to be read, so each write fails.
    fs::write(folder.join("file"), b"old").await.unwrap();
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
    // And the other way round.
    let mut file = File::create(folder.join("file")).await.unwrap();
    file.read(&mut [0; 3]).await.unwrap_err();
    file.read_at(&mut [0; 3], 0).await.unwrap_err();
}

pub(crate) async fn dropping_a_future_loses_nothing(folder: &Path) {
    // Polled once and dropped, again and again: each byte is read exactly once all the same.
    let bytes = noise(300_000);
    fs::write(folder.join("file"), bytes.clone()).await.unwrap();
    let mut file = File::open(folder.join("file")).await.unwrap();
    let (mut heard, mut tries) = (Vec::new(), 0);
    loop {
        let mut piece = [0; 1000];
        let read = or(async { Some(file.read(&mut piece).await.unwrap()) }, given_up(&mut tries));
        match read.await {
            Some(0) => break,
            Some(length) => heard.extend_from_slice(&piece[..length]),
            None => {}
        }
    }
    assert!(heard == bytes);

    let mut file = File::create(folder.join("copy")).await.unwrap();
    let mut left = &bytes[..];
    while !left.is_empty() {
        let written = or(async { Some(file.write(left).await.unwrap()) }, given_up(&mut tries));
        left = &left[written.await.unwrap_or(0)..];
    }
    drop(file.flush());
    file.close().await.unwrap();
    assert!(fs::read(folder.join("copy")).await.unwrap() == bytes);
}

/// After one turn; each fourth time never, so that a disk which is slow in a time of its own gets on.
async fn given_up<T>(tries: &mut u32) -> Option<T> {
    *tries += 1;
    if tries.is_multiple_of(4) {
        std::future::pending::<()>().await;
    }
    yield_now().await;
    None
}

pub(crate) async fn lines_of_a_file_and_appending(folder: &Path) {
    let mut file = OpenOptions::new().append(true).create(true).open(folder.join("log")).await.unwrap();
    for i in 0..1000 {
        file.write_all(format!("line {i}\n").as_bytes()).await.unwrap();
    }
    // At the end, wherever the cursor is.
    file.seek(SeekFrom::Start(3)).await.unwrap();
    file.write_all(b"the last").await.unwrap();
    let end = file.seek(SeekFrom::Current(0)).await.unwrap();
    assert_eq!(end, fs::metadata(folder.join("log")).await.unwrap().len());
    file.close().await.unwrap();
    let lines: Vec<_> = BufReader::new(File::open(folder.join("log")).await.unwrap()).lines().collect().await;
    assert_eq!(lines.len(), 1001);
    assert_eq!(lines[999].as_ref().unwrap(), "line 999");
    assert_eq!(lines[1000].as_ref().unwrap(), "the last");
}

pub(crate) async fn opening_says_what_is_wrong(folder: &Path) {
    let nowhere = folder.join("nowhere");
    let error = File::open(&nowhere).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().starts_with(&format!("opening {} failed: ", nowhere.display())), "{error}");
    File::create_new(folder.join("new")).await.unwrap();
    let error = File::create_new(folder.join("new")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    let kind = async |options: &OpenOptions, name: &str| options.open(folder.join(name)).await.unwrap_err().kind();
    assert_eq!(kind(&OpenOptions::new(), "new").await, ErrorKind::InvalidInput);
    assert_eq!(kind(OpenOptions::new().read(true).truncate(true), "new").await, ErrorKind::InvalidInput);
    assert_eq!(kind(OpenOptions::new().append(true).truncate(true), "new").await, ErrorKind::InvalidInput);
    assert_eq!(kind(OpenOptions::new().read(true).create(true), "other").await, ErrorKind::InvalidInput);
    assert_eq!(kind(OpenOptions::new().write(true).create(true), "no/where").await, ErrorKind::NotFound);
    assert_eq!(kind(OpenOptions::new().write(true), "").await, ErrorKind::IsADirectory);
    assert_eq!(fs::read("").await.unwrap_err().kind(), ErrorKind::NotFound);
    #[cfg(unix)]
    assert_eq!(kind(OpenOptions::new().read(true), "new/below").await, ErrorKind::NotADirectory);
}

pub(crate) async fn whole_files_and_names(folder: &Path) {
    let (one, two) = (folder.join("one"), folder.join("two"));
    fs::write(&one, "text").await.unwrap();
    assert_eq!(fs::read(&one).await.unwrap(), b"text");
    assert_eq!(fs::copy(&one, &two).await.unwrap(), 4);
    assert_eq!(fs::read_to_string(&two).await.unwrap(), "text");
    fs::write(&two, "a").await.unwrap();
    assert_eq!(fs::copy(&two, &one).await.unwrap(), 1);
    assert_eq!(fs::read_to_string(&one).await.unwrap(), "a");
    fs::write(&two, [0xff, 0]).await.unwrap();
    assert_eq!(fs::read_to_string(&two).await.unwrap_err().kind(), ErrorKind::InvalidData);
    assert!(fs::exists(&one).await.unwrap() && !fs::exists(folder.join("three")).await.unwrap());
    fs::remove_file(&two).await.unwrap();
    fs::hard_link(&one, &two).await.unwrap();
    assert_eq!(fs::hard_link(&one, &two).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    fs::write(&one, "both").await.unwrap();
    fs::remove_file(&one).await.unwrap();
    assert_eq!(fs::read_to_string(&two).await.unwrap(), "both");
    let known = fs::metadata(&two).await.unwrap();
    assert!(known.is_file() && !known.is_dir() && !known.is_symlink() && known.len() == 4);
    assert!(known.modified().unwrap() >= std::time::UNIX_EPOCH);
    assert_eq!(known.file_type(), fs::symlink_metadata(&two).await.unwrap().file_type());
    let crooked = folder.join("./nothing/.././two");
    fs::create_dir(folder.join("nothing")).await.unwrap();
    let true_path = fs::canonicalize(&crooked).await.unwrap();
    assert!(true_path.is_absolute() && true_path == fs::canonicalize(&two).await.unwrap());
    assert_eq!(fs::canonicalize(folder.join("three")).await.unwrap_err().kind(), ErrorKind::NotFound);
}

pub(crate) async fn renaming(folder: &Path) {
    let at = |name: &str| folder.join(name);
    let error = async |from: &str, to: &str| fs::rename(at(from), at(to)).await.unwrap_err().kind();
    fs::write(at("a"), "a").await.unwrap();
    fs::write(at("b"), "b").await.unwrap();
    // In place of what is there.
    fs::rename(at("a"), at("b")).await.unwrap();
    assert!(!fs::exists(at("a")).await.unwrap());
    assert_eq!(fs::read_to_string(at("b")).await.unwrap(), "a");
    fs::rename(at("b"), at("b")).await.unwrap();
    assert_eq!(error("a", "c").await, ErrorKind::NotFound);
    assert_eq!(error("b", "no/c").await, ErrorKind::NotFound);
    fs::create_dir_all(at("dir/inner")).await.unwrap();
    fs::rename(at("b"), at("dir/b")).await.unwrap();
    fs::create_dir(at("empty")).await.unwrap();
    assert_eq!(error("empty", "dir").await, ErrorKind::DirectoryNotEmpty);
    fs::rename(at("dir"), at("empty")).await.unwrap();
    assert_eq!(fs::read_to_string(at("empty/b")).await.unwrap(), "a");
    #[cfg(unix)]
    {
        assert_eq!(error("empty", "empty/inner/x").await, ErrorKind::InvalidInput);
        fs::create_dir(at("other")).await.unwrap();
        assert_eq!(error("other", "empty/b").await, ErrorKind::NotADirectory);
        assert_eq!(error("empty/b", "empty/inner").await, ErrorKind::IsADirectory);
    }
    // Two names of one file: both stay.
    fs::hard_link(at("empty/b"), at("c")).await.unwrap();
    fs::rename(at("empty/b"), at("c")).await.unwrap();
    assert!(fs::exists(at("c")).await.unwrap());
}

pub(crate) async fn directories(folder: &Path) {
    fs::create_dir(folder.join("a")).await.unwrap();
    assert_eq!(fs::create_dir(folder.join("a")).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    fs::create_dir_all(folder.join("a/b/c")).await.unwrap();
    fs::create_dir_all(folder.join("a/b/c")).await.unwrap();
    fs::DirBuilder::new().recursive(true).create(folder.join("a/b/d")).await.unwrap();
    assert!(fs::metadata(folder.join("a/b/d")).await.unwrap().is_dir());
    assert_eq!(fs::remove_dir(folder.join("a")).await.unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
    fs::write(folder.join("a/file"), "x").await.unwrap();
    assert_eq!(fs::remove_dir(folder.join("a/file")).await.unwrap_err().kind(), ErrorKind::NotADirectory);
    fs::remove_file(folder.join("a/b")).await.unwrap_err();
    fs::create_dir_all(folder.join("a/file")).await.unwrap_err();
    fs::create_dir_all(folder.join("a/file/b")).await.unwrap_err();
    fs::remove_dir(folder.join("a/b/c")).await.unwrap();
    assert_eq!(fs::remove_dir(folder.join("a/b/c")).await.unwrap_err().kind(), ErrorKind::NotFound);
    fs::remove_dir_all(folder.join("a")).await.unwrap();
    assert!(!fs::exists(folder.join("a")).await.unwrap());
    assert_eq!(fs::DirBuilder::new().create(folder.join("x/y")).await.unwrap_err().kind(), ErrorKind::NotFound);
    fs::sync_dir(folder).await.unwrap();
    assert_eq!(fs::sync_dir(folder.join("a")).await.unwrap_err().kind(), ErrorKind::NotFound);
    fs::write(folder.join("file"), "x").await.unwrap();
    assert_eq!(fs::sync_dir(folder.join("file")).await.unwrap_err().kind(), ErrorKind::NotADirectory);
    #[cfg(unix)]
    {
        // A directory can be opened, to be synced and looked at.
        let mut directory = File::open(folder).await.unwrap();
        directory.sync_all().await.unwrap();
        assert!(directory.metadata().await.unwrap().is_dir());
        assert_eq!(directory.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::IsADirectory);
        assert!(directory.set_len(0).await.is_err());
    }
}

pub(crate) async fn reading_a_directory(folder: &Path) {
    // More than one batch, with a future of `next` dropped before each.
    let names: BTreeSet<_> = (0..200).map(|i| format!("file {i}").into()).collect();
    for name in &names {
        fs::write(folder.join(name), "x").await.unwrap();
    }
    let mut entries = fs::read_dir(folder).await.unwrap();
    let mut found = BTreeSet::new();
    loop {
        if let Some(Some(entry)) = poll_once(entries.next()).await {
            found.insert(entry.unwrap().file_name());
        }
        let Some(entry) = entries.next().await else { break };
        let entry = entry.unwrap();
        assert!(entry.file_type().await.unwrap().is_file());
        assert_eq!(entry.metadata().await.unwrap().len(), 1);
        assert_eq!(entry.path(), folder.join(entry.file_name()));
        found.insert(entry.file_name());
    }
    assert_eq!(found, names);
    assert!(entries.next().await.is_none());
    assert_eq!(fs::read_dir(folder.join("file 0")).await.unwrap_err().kind(), ErrorKind::NotADirectory);
}

pub(crate) async fn errors_name_the_paths(folder: &Path) {
    let nowhere = folder.join("nowhere");
    let says = |error: std::io::Error, start: &str| {
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().starts_with(&format!("{start} {}", nowhere.display())), "{error}");
    };
    says(fs::read(&nowhere).await.unwrap_err(), "reading");
    says(fs::read_dir(&nowhere).await.unwrap_err(), "reading the directory");
    says(fs::metadata(&nowhere).await.unwrap_err(), "looking at");
    says(fs::remove_file(&nowhere).await.unwrap_err(), "removing");
    says(fs::write(nowhere.join("x"), "").await.unwrap_err(), "writing");
    let error = fs::copy(&nowhere, folder.join("to")).await.unwrap_err();
    assert!(error.to_string().contains(&format!(" to {}", folder.join("to").display())), "{error}");
    assert!(!fs::exists(folder.join("to")).await.unwrap());
}

/// Windows keeps the name until the file is closed.
pub(crate) async fn a_file_without_a_name_lives_on(folder: &Path) {
    if cfg!(windows) {
        return;
    }
    let mut file = read_write(&folder.join("file")).await;
    file.write_all(b"one ").await.unwrap();
    fs::remove_file(folder.join("file")).await.unwrap();
    fs::write(folder.join("file"), "another").await.unwrap();
    file.write_all(b"two").await.unwrap();
    file.seek(SeekFrom::Start(0)).await.unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "one two");
    assert_eq!(fs::read_to_string(folder.join("file")).await.unwrap(), "another");
}

pub(crate) async fn lengths(folder: &Path) {
    let path = folder.join("file");
    let mut file = read_write(&path).await;
    file.seek(SeekFrom::Start(1000)).await.unwrap();
    file.write_all(b"x").await.unwrap();
    file.flush().await.unwrap();
    // What was never written is zeros.
    let bytes = fs::read(&path).await.unwrap();
    assert!(bytes.len() == 1001 && bytes[..1000].iter().all(|byte| *byte == 0) && bytes[1000] == b'x');
    file.set_len(2000).await.unwrap();
    file.write_all(b"y").await.unwrap();
    file.set_len(1001).await.unwrap();
    file.set_len(1003).await.unwrap();
    assert_eq!(fs::read(&path).await.unwrap()[999..], [0, b'x', 0, 0]);
    assert!(file.seek(SeekFrom::Current(-5000)).await.is_err());
    assert!(file.seek(SeekFrom::End(-1004)).await.is_err());
    assert!(file.set_len(u64::MAX).await.is_err());
    assert!(File::open(&path).await.unwrap().set_len(1).await.is_err());
    assert_eq!(file.metadata().await.unwrap().len(), 1003);
}

pub(crate) async fn who_may_write(folder: &Path) {
    let path = folder.join("file");
    fs::write(&path, "text").await.unwrap();
    let file = File::open(&path).await.unwrap();
    let mut permissions = fs::metadata(&path).await.unwrap().permissions();
    assert!(!permissions.readonly());
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions.clone()).await.unwrap();
    assert!(file.metadata().await.unwrap().permissions().readonly());
    fs::copy(&path, folder.join("copy")).await.unwrap();
    assert_eq!(fs::metadata(folder.join("copy")).await.unwrap().permissions(), permissions);
    #[allow(clippy::permissions_set_readonly_false, reason = "to try it")]
    permissions.set_readonly(false);
    file.set_permissions(permissions).await.unwrap();
    fs::write(&path, "more").await.unwrap();
}
