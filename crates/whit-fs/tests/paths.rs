//! What is done to paths and directories.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use futures_lite::StreamExt;
use futures_lite::future::{block_on, poll_once};
use whit_fs as fs;

mod support;
use support::{Folder, run};

fn both(test: impl AsyncFn(&Folder)) {
    block_on(test(&Folder::new()));
    run(test(&Folder::new()));
}

#[test]
fn whole_files_and_names() {
    both(async |folder| {
        let (one, two) = (folder.join("one"), folder.join("two"));
        fs::write(&one, "text").await.unwrap();
        assert_eq!(fs::read(&one).await.unwrap(), b"text");
        assert_eq!(fs::copy(&one, &two).await.unwrap(), 4);
        assert_eq!(fs::read_to_string(&two).await.unwrap(), "text");
        assert!(fs::exists(&one).await.unwrap());
        fs::rename(&two, folder.join("three")).await.unwrap();
        assert!(!fs::exists(&two).await.unwrap());
        fs::hard_link(&one, &two).await.unwrap();
        fs::remove_file(&one).await.unwrap();
        assert_eq!(fs::metadata(&two).await.unwrap().len(), 4);
        let mut permissions = fs::metadata(&two).await.unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&two, permissions).await.unwrap();
        assert!(fs::metadata(&two).await.unwrap().permissions().readonly());
        #[cfg(unix)]
        {
            fs::unix::symlink(&two, &one).await.unwrap();
            assert!(fs::symlink_metadata(&one).await.unwrap().is_symlink());
            assert_eq!(fs::read_link(&one).await.unwrap(), two);
            assert_eq!(fs::canonicalize(&one).await.unwrap(), std::fs::canonicalize(&two).unwrap());
        }
    });
}

#[test]
fn directories() {
    both(async |folder| {
        fs::create_dir(folder.join("a")).await.unwrap();
        fs::create_dir_all(folder.join("a/b/c")).await.unwrap();
        assert_eq!(fs::remove_dir(folder.join("a")).await.unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
        fs::remove_dir(folder.join("a/b/c")).await.unwrap();
        fs::remove_dir_all(folder.join("a")).await.unwrap();
        assert_eq!(fs::DirBuilder::new().create(folder.join("x/y")).await.unwrap_err().kind(), ErrorKind::NotFound);

        // More than one batch, with a future of `next` dropped before each.
        let names: BTreeSet<_> = (0..200).map(|i| format!("file {i}").into()).collect();
        for name in &names {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let mut entries = fs::read_dir(folder.path()).await.unwrap();
        let mut found = BTreeSet::new();
        loop {
            if let Some(Some(entry)) = poll_once(entries.next()).await {
                found.insert(entry.unwrap().file_name());
            }
            let Some(entry) = entries.next().await else { break };
            let entry = entry.unwrap();
            assert!(entry.file_type().await.unwrap().is_file());
            assert_eq!(entry.metadata().await.unwrap().len(), 1);
            assert_eq!(entry.path(), folder.path().join(entry.file_name()));
            found.insert(entry.file_name());
        }
        assert_eq!(found, names);
        assert!(entries.next().await.is_none());
    });
}

#[test]
fn errors_name_the_paths() {
    both(async |folder| {
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
    });
}
