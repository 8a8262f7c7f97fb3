//! Disks that are slow, small or broken, on demand and by chance; and what is only for the files of the system.

use std::io::{self, ErrorKind};
use std::time::Duration;

use whit::fs::{self, File, OpenOptions};
use whit::prelude::*;
use whit::time::now;
use whit_sim::{Controls, Disk, DiskControls, DiskFault, DiskWork, Latency, Sim};

const MS: Duration = Duration::from_millis(1);

/// A test on the root's host.
fn on<T>(seed: u64, disk: Disk, test: impl AsyncFnOnce(DiskControls) -> T) -> T {
    let sim = Sim::new(seed);
    let controls = sim.disk("root");
    controls.set(disk);
    sim.run(async { test(controls).await })
}

/// The number of the system's error, wherever it is among the sources.
#[cfg(unix)]
fn number(error: &io::Error) -> Option<i32> {
    let source = error.get_ref().and_then(|error| error.source()).and_then(|error| error.downcast_ref::<io::Error>());
    error.raw_os_error().or_else(|| source.and_then(io::Error::raw_os_error))
}

#[test]
fn a_slow_disk_takes_virtual_time_exactly() {
    let disk = Disk::new()
        .latency(DiskWork::Names, MS)
        .latency(DiskWork::Read, MS * 10)
        .latency(DiskWork::Write, MS * 100)
        .latency(DiskWork::Sync, MS * 1000);
    on(1, disk, async |disk| {
        let start = now();
        let since = || now() - start;
        let mut file = OpenOptions::new().read(true).write(true).create(true).open("/file").await.unwrap();
        assert_eq!(since(), MS);
        // Written behind: accepted at once.
        file.write_all(b"text").await.unwrap();
        assert_eq!(since(), MS);
        file.flush().await.unwrap();
        assert_eq!(since(), MS * 101);
        file.sync_all().await.unwrap();
        assert_eq!(since(), MS * 1101);
        file.write_all_at(b"more", 4).await.unwrap();
        assert_eq!(since(), MS * 1201);
        file.read_exact_at(&mut [0; 8], 0).await.unwrap();
        assert_eq!(since(), MS * 1211);
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).await.unwrap();
        // One read for the bytes, and one that finds the end.
        assert_eq!((rest.len(), since()), (4, MS * 1231));
        // Whole files are one job, and jobs do not wait for each other.
        let both = futures_lite::future::zip(fs::read("/file"), fs::metadata("/file")).await;
        assert_eq!((both.0.unwrap().len(), since()), (8, MS * 1241));
        disk.stall(MS * 5000);
        whit::sleep(MS * 1000).await;
        fs::metadata("/file").await.unwrap();
        assert_eq!(since(), MS * 6242);
        disk.latency(DiskWork::Names, Duration::ZERO);
        assert!(whit::timeout(MS * 3, file.sync_all()).await.is_err());
        assert_eq!(since(), MS * 6245);
        fs::metadata("/file").await.unwrap();
        assert_eq!(since(), MS * 6245);
    });
}

#[test]
fn faults_on_demand() {
    on(1, Disk::new(), async |disk| {
        fs::write("/file", "text").await.unwrap();
        for (work, says) in [
            (DiskWork::Names, "opening /file failed: "),
            (DiskWork::Read, "reading /file failed: "),
            (DiskWork::Write, "writing /file failed: "),
            (DiskWork::Sync, "syncing the directory / failed: "),
        ] {
            disk.fail_next(work, DiskFault::Io);
            let ask = async || match work {
                DiskWork::Names => File::open("/file").await.map(drop),
                DiskWork::Read => fs::read("/file").await.map(drop),
                DiskWork::Write => fs::write("/file", "text").await,
                DiskWork::Sync => fs::sync_dir("/").await,
            };
            let error = ask().await.unwrap_err();
            assert!(error.to_string().starts_with(says), "{error}");
            #[cfg(unix)]
            assert_eq!(number(&error), Some(5));
            ask().await.unwrap();
        }
        // Behind: told by the next operation.
        let mut file = File::create("/file").await.unwrap();
        disk.fail_next(DiskWork::Write, DiskFault::Full);
        file.write_all(b"text").await.unwrap();
        let error = file.flush().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        disk.fail_next(DiskWork::Names, DiskFault::Descriptors);
        let error = File::open("/file").await.unwrap_err();
        #[cfg(unix)]
        assert!(number(&error) == Some(24) && error.to_string().contains("ulimit"), "{error}");
        disk.fail_next(DiskWork::Read, DiskFault::Io);
        disk.heal();
        fs::read("/file").await.unwrap();
    });
}

#[test]
fn faults_by_chance() {
    let failed: usize = (0..100)
        .map(|seed| {
            on(seed, Disk::new().fault(DiskWork::Sync, DiskFault::Io, 0.1), async |disk| {
                let file = File::create("/file").await.unwrap();
                let mut failed = 0;
                for _ in 0..10 {
                    failed += usize::from(file.sync_all().await.is_err());
                }
                disk.fault(DiskWork::Sync, DiskFault::Io, 0.0);
                file.sync_all().await.unwrap();
                failed
            })
        })
        .sum();
    assert!((60..140).contains(&failed), "{failed} of 1000");
}

#[test]
fn short_reads_and_writes_are_short_and_lose_nothing() {
    let mut shorts = 0;
    for seed in 0..50 {
        let disk =
            Disk::new().fault(DiskWork::Read, DiskFault::Short, 0.5).fault(DiskWork::Write, DiskFault::Short, 0.5);
        shorts += on(seed, disk, async |_| {
            let file = OpenOptions::new().read(true).write(true).create(true).open("/file").await.unwrap();
            let written = file.write_at(&[1; 1000], 0).await.unwrap();
            let read = file.read_at(&mut [0; 1000], 0).await.unwrap();
            assert!((1..=1000).contains(&written) && (1..=written).contains(&read), "{written} {read}");
            file.write_all_at(&[2; 1000], 0).await.unwrap();
            assert_eq!(fs::read("/file").await.unwrap(), [2; 1000]);
            u32::from(written < 1000) + u32::from(read < written)
        });
    }
    assert!((30..70).contains(&shorts), "{shorts} of 100");
}

/// As on Linux: who goes on after that loses what it thinks is safe.
#[test]
fn a_sync_that_failed_is_not_made_up_for_by_the_next() {
    let lost = |seed| {
        let sim = Sim::new(seed);
        sim.host("db");
        let controls = sim.controls();
        sim.run(async move {
            let disk = controls.disk("db");
            let on_db = disk.clone();
            let work = controls.on("db", async move {
                let mut file = File::create("/file").await.unwrap();
                fs::sync_dir("/").await.unwrap();
                file.write_all(b"text").await.unwrap();
                on_db.fail_next(DiskWork::Sync, DiskFault::Io);
                assert!(file.sync_all().await.is_err());
                file.sync_all().await.unwrap();
                assert_eq!(fs::read("/file").await.unwrap(), b"text");
            });
            work.await;
            controls.crash("db");
            disk.read("/file").unwrap() != b"text"
        })
    };
    let lost = (0..100).filter(|seed| lost(*seed)).count();
    assert!((20..80).contains(&lost), "{lost} of 100");
}

#[test]
fn a_disk_is_full_and_has_room_again() {
    on(1, Disk::new().capacity(1000), async |disk| {
        fs::write("/a", vec![1; 600]).await.unwrap();
        let error = fs::write("/b", vec![2; 600]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert!(error.to_string().ends_with("; make room there"), "{error}");
        let file = OpenOptions::new().read(true).write(true).open("/a").await.unwrap();
        assert_eq!(file.set_len(1001).await.unwrap_err().kind(), ErrorKind::StorageFull);
        // Over itself needs no room; and what is given back can be taken, once nobody has it open.
        file.write_all_at(&[3; 600], 400).await.unwrap();
        fs::remove_file("/a").await.unwrap();
        fs::write("/b", vec![2; 600]).await.unwrap_err();
        file.set_len(300).await.unwrap();
        fs::write("/b", vec![2; 600]).await.unwrap();
        drop(file);
        fs::write("/c", vec![2; 400]).await.unwrap();
        // Open twice: the room is free when both are closed.
        let twice = [File::open("/c").await.unwrap(), File::open("/c").await.unwrap()];
        fs::remove_file("/c").await.unwrap();
        let [one, two] = twice;
        drop(one);
        fs::write("/c", "x").await.unwrap_err();
        drop(two);
        fs::write("/c", vec![2; 400]).await.unwrap();
        fs::rename("/c", "/b").await.unwrap();
        fs::write("/c", vec![2; 600]).await.unwrap();
        fs::hard_link("/c", "/d").await.unwrap();
        fs::remove_file("/c").await.unwrap();
        fs::write("/e", "x").await.unwrap_err();
        fs::remove_file("/d").await.unwrap();
        let file = OpenOptions::new().write(true).open("/b").await.unwrap();
        disk.wipe();
        file.set_len(0).await.unwrap();
        fs::write("/b", vec![2; 1000]).await.unwrap();
        file.write_all_at(b"x", 0).await.unwrap_err();
    });
}

#[test]
fn descriptors_run_out_and_come_back() {
    on(1, Disk::new().descriptors(2), async |_| {
        let one = File::create("/one").await.unwrap();
        let _two = File::create("/two").await.unwrap();
        let error = File::create("/three").await.unwrap_err();
        assert!(error.to_string().starts_with("opening /three failed: "), "{error}");
        assert!(fs::read("/one").await.is_err() && !fs::exists("/three").await.unwrap());
        drop(one);
        assert!(File::open("/nowhere").await.is_err());
        File::create("/three").await.unwrap();
        File::create("/four").await.unwrap();
    });
}

#[test]
fn hosts_do_not_see_each_other() {
    let sim = Sim::new(1);
    sim.host("a");
    sim.host("b");
    let controls = sim.controls();
    sim.run(async move {
        controls.on("a", async { fs::write("file", "a").await.unwrap() }).await;
        let seen = controls.on("b", async { fs::read("/file").await.unwrap_err().kind() }).await;
        assert_eq!(seen, ErrorKind::NotFound);
        // Relative paths count from the root.
        assert_eq!(controls.disk("a").read("/file").unwrap(), b"a");
        assert!(controls.disk("a").write("/file/below", "x").is_err() && controls.disk("a").read("/").is_err());
    });
}

#[test]
#[should_panic(expected = "there is no host \"c\"; there are \"a\"")]
fn an_unknown_host_is_named() {
    let sim = Sim::new(1);
    sim.host("a");
    sim.disk("c");
}

#[test]
#[should_panic(expected = "the file /a/b cannot be put on a simulated disk")]
fn a_file_in_the_way_is_named() {
    let sim = Sim::new(1);
    sim.host("a").disk(Disk::new().file("/a", "x").file("/a/b", "y"));
}

#[test]
fn what_only_the_system_has_is_an_error_that_names_the_call() {
    on(1, Disk::new(), async |_| {
        fs::write("/file", "text").await.unwrap();
        let refused = |error: io::Error, call: &str| {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains(&format!("`{call}` is only for the files of the system")), "{error}");
        };
        refused(fs::read_link("/file").await.unwrap_err(), "read_link");
        #[cfg(unix)]
        refused(fs::unix::symlink("/file", "/link").await.unwrap_err(), "unix::symlink");
        let mut options = OpenOptions::new();
        options.read(true).as_std_mut();
        refused(options.open("/file").await.unwrap_err(), "OpenOptions::as_std_mut");
        let options = OpenOptions::from(std::fs::OpenOptions::new());
        refused(options.open("/file").await.unwrap_err(), "OpenOptions::from");
        let file = File::open("/file").await.unwrap();
        refused(file.as_std().unwrap_err(), "File::as_std");
        let known = file.metadata().await.unwrap();
        refused(known.accessed().unwrap_err(), "Metadata::accessed");
        assert!(known.as_std().is_none() && known.file_type().as_std().is_none());
        let permissions = std::fs::metadata(std::env::current_exe().unwrap()).unwrap().permissions();
        let error = fs::set_permissions("/file", permissions).await.unwrap_err();
        refused(error, "set_permissions with the system's permissions");
        // The other way round: a file of the system, in a simulation.
        let path = std::env::current_exe().unwrap();
        let file = File::from(std::fs::File::open(path).unwrap());
        assert!(file.as_std().is_ok() && file.metadata().await.unwrap().len() > 1000);
        let error = file.set_permissions(known.permissions()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    });
}

#[cfg(unix)]
#[test]
#[should_panic(expected = "`File::as_fd` is only for the files of the system")]
fn a_descriptor_is_refused_at_the_line_of_the_call() {
    on(1, Disk::new(), async |_| {
        let file = File::create("/file").await.unwrap();
        std::os::fd::AsFd::as_fd(&file);
    });
}

#[test]
fn who_may_not_write_is_told() {
    on(1, Disk::new(), async |_| {
        fs::create_dir("/dir").await.unwrap();
        fs::write("/dir/file", "text").await.unwrap();
        let mut permissions = fs::metadata("/dir/file").await.unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions("/dir/file", permissions.clone()).await.unwrap();
        assert_eq!(fs::write("/dir/file", "").await.unwrap_err().kind(), ErrorKind::PermissionDenied);
        fs::set_permissions("/dir", permissions).await.unwrap();
        assert_eq!(fs::write("/dir/new", "").await.unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(fs::remove_file("/dir/file").await.unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(fs::rename("/dir/file", "/file").await.unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(fs::read("/dir/file").await.unwrap(), b"text");
    });
}

#[test]
fn a_latency_by_chance_is_seldom_long() {
    let slow: usize = (0..200)
        .map(|seed| {
            let disk = Disk::new().latency(DiskWork::Sync, Latency::Bimodal(MS, MS * 1000, 0.1));
            on(seed, disk, async |_| {
                let file = File::create("/file").await.unwrap();
                file.sync_all().await.unwrap();
                usize::from(Controls::current().elapsed() >= MS * 1000)
            })
        })
        .sum();
    assert!((5..45).contains(&slow), "{slow} of 200");
}
