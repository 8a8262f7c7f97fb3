//! What a crash leaves on a disk: what was synced always, of the rest anything that a disk could have.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use whit::fs;
use whit::prelude::*;
use whit_sim::{Controls, Disk, DiskWork, Latency, Sim};

const SEEDS: u64 = 1000;
const MS: Duration = Duration::from_millis(1);

/// A disk whose jobs take so long that a crash comes between any two of them.
fn slow() -> Disk {
    let quick = Latency::Uniform(Duration::ZERO, MS);
    Disk::new()
        .latency(DiskWork::Names, quick)
        .latency(DiskWork::Write, quick)
        .latency(DiskWork::Sync, Latency::Exponential(MS, MS))
}

/// Runs a program that counts what it acknowledges, crashes its host once or twice in the middle of it, and gives what it had
/// acknowledged, and the disk, to `look`.
fn crash_in_the_middle<F, R>(seed: u64, program: fn(Arc<AtomicU64>) -> F, look: fn(&Controls, u64) -> R) -> R
where
    F: Future<Output = io::Result<()>> + 'static,
{
    let sim = Sim::new(seed);
    let acknowledged = Arc::new(AtomicU64::new(0));
    let inner = acknowledged.clone();
    sim.host("db").disk(slow()).start(move || {
        let program = program(inner.clone());
        async { program.await.unwrap() }
    });
    let controls = sim.controls();
    sim.run(async move {
        for _ in 0..=controls.choose(2) {
            whit::sleep(MS * (1 + controls.choose(60)) / 2).await;
            controls.crash("db");
            controls.wait_all_blocked().await;
            look(&controls, acknowledged.load(Relaxed));
            controls.restart("db");
        }
        whit::sleep(MS * 10).await;
        controls.crash("db");
        look(&controls, acknowledged.load(Relaxed))
    })
}

// A log: records of 100 bytes, appended and synced, and then acknowledged.

fn record(number: u64) -> Vec<u8> {
    let mut record = vec![number as u8 | 1; 92];
    record.extend(number.to_le_bytes());
    record
}

/// How many whole records stand at the front.
fn records(bytes: &[u8]) -> u64 {
    bytes.chunks(100).zip(0..).take_while(|(bytes, number)| *bytes == record(*number)).count() as u64
}

async fn append(acknowledged: Arc<AtomicU64>, syncs: bool) -> io::Result<()> {
    let mut log = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open("/log").await?;
    fs::sync_dir("/").await?;
    let mut bytes = Vec::new();
    log.read_to_end(&mut bytes).await?;
    // What is torn behind the whole records is written over.
    let mut next = records(&bytes);
    log.set_len(next * 100).await?;
    log.seek(io::SeekFrom::Start(next * 100)).await?;
    loop {
        log.write_all(&record(next)).await?;
        if syncs {
            log.sync_data().await?;
        } else {
            log.flush().await?;
        }
        next += 1;
        acknowledged.fetch_max(next, Relaxed);
    }
}

fn records_left(controls: &Controls) -> u64 {
    controls.disk("db").read("/log").map_or(0, |bytes| records(&bytes))
}

#[test]
fn what_was_synced_is_never_lost() {
    let mut most = 0;
    for seed in 0..SEEDS {
        most = most.max(crash_in_the_middle(
            seed,
            |acknowledged| append(acknowledged, true),
            |controls, acknowledged| {
                let left = records_left(controls);
                assert!(left >= acknowledged, "{left} of {acknowledged} records are left");
                acknowledged
            },
        ));
    }
    assert!(most > 5, "the program came to {most} records only");
}

#[test]
fn what_was_not_synced_is_lost_in_some_seed_and_kept_in_another() {
    let lost = |seed| {
        crash_in_the_middle(
            seed,
            |acknowledged| append(acknowledged, false),
            |controls, acknowledged| records_left(controls) < acknowledged,
        )
    };
    let lost = (0..SEEDS / 10).filter(|seed| lost(*seed)).count() as u64;
    assert!((SEEDS / 50..SEEDS / 10 - 5).contains(&lost), "{lost} of {}", SEEDS / 10);
}

// A file that is replaced: written beside it, synced, renamed, and its directory synced.

fn version(number: u64) -> Vec<u8> {
    let mut bytes = vec![number as u8; 2000 + (number % 7) as usize * 300];
    bytes.extend(number.to_le_bytes());
    bytes
}

/// Which version it is, if it is whole. No version is 0.
fn whole(bytes: &[u8]) -> Option<u64> {
    let number = u64::from_le_bytes(*bytes.last_chunk()?);
    (version(number) == bytes).then_some(number)
}

async fn replace(acknowledged: Arc<AtomicU64>, syncs_file: bool, syncs_directory: bool) -> io::Result<()> {
    fs::create_dir_all("/data").await?;
    fs::sync_dir("/").await?;
    let mut number = fs::read("/data/state").await.ok().and_then(|bytes| whole(&bytes)).unwrap_or_default();
    loop {
        number += 1;
        let mut file = fs::File::create("/data/new").await?;
        file.write_all(&version(number)).await?;
        if syncs_file {
            file.sync_all().await?;
        } else {
            file.close().await?;
        }
        fs::rename("/data/new", "/data/state").await?;
        if syncs_directory {
            fs::sync_dir("/data").await?;
        }
        acknowledged.fetch_max(number, Relaxed);
    }
}

/// What became of the acknowledged version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    /// An older one is there, or none.
    Lost,
    Torn,
}

fn fate(controls: &Controls, acknowledged: u64) -> Fate {
    match controls.disk("db").read("/data/state").map(|bytes| whole(&bytes)) {
        Ok(Some(number)) if number >= acknowledged => Fate::Kept,
        Err(_) if acknowledged == 0 => Fate::Kept,
        Ok(Some(_)) | Err(_) => Fate::Lost,
        Ok(None) => Fate::Torn,
    }
}

#[test]
fn a_file_that_is_replaced_by_the_book_is_always_whole() {
    for seed in 0..SEEDS {
        crash_in_the_middle(
            seed,
            |acknowledged| replace(acknowledged, true, true),
            |controls, acknowledged| {
                assert_eq!(fate(controls, acknowledged), Fate::Kept, "acknowledged: {acknowledged}");
            },
        );
    }
}

#[test]
fn a_missing_sync_of_the_directory_loses_the_file_in_some_seed() {
    let fates =
        (0..SEEDS).map(|seed| crash_in_the_middle(seed, |acknowledged| replace(acknowledged, true, false), fate));
    let fates: Vec<_> = fates.collect();
    let first = fates.iter().position(|fate| *fate == Fate::Lost);
    println!("the first seed that loses it: {first:?}");
    assert!(first.is_some_and(|first| first < 20));
    // Its bytes were synced: torn it never is.
    assert!(fates.contains(&Fate::Kept) && !fates.contains(&Fate::Torn));
}

#[test]
fn a_directory_can_be_synced_as_a_file() {
    let left = |seed, syncs: bool| {
        let sim = Sim::new(seed);
        sim.host("db");
        let controls = sim.controls();
        sim.run(async move {
            let work = controls.on("db", async move {
                fs::write("/file", "").await.unwrap();
                if syncs {
                    fs::File::open("/").await.unwrap().sync_all().await.unwrap();
                }
            });
            work.await;
            controls.crash("db");
            controls.disk("db").read("/file").is_ok()
        })
    };
    assert!((0..100).all(|seed| left(seed, true)));
    assert!((0..100).any(|seed| !left(seed, false)));
}

#[test]
fn a_missing_sync_of_the_file_tears_it_in_some_seed() {
    let torn = |seed| crash_in_the_middle(seed, |acknowledged| replace(acknowledged, false, true), fate) == Fate::Torn;
    let first = (0..SEEDS).find(|seed| torn(*seed));
    println!("the first seed that tears it: {first:?}");
    assert!(first.is_some_and(|first| first < 20));
}

// Sectors: each is as one of the writes left it that came since the last sync, or as that sync left it.

#[test]
fn sectors_are_never_torn_and_each_is_as_it_could_be() {
    const SECTORS: usize = 16;
    let (mut mixed, mut holes) = (0, 0);
    for seed in 0..SEEDS {
        let sim = Sim::new(seed);
        sim.host("db");
        let controls = sim.controls();
        let (could_be, bytes) = sim.run(async move {
            let on = controls.clone();
            let written = controls.on("db", async move {
                let file = fs::File::create("/file").await.unwrap();
                fs::sync_dir("/").await.unwrap();
                let mut could_be = vec![vec![0u8]; SECTORS];
                let mut now = [0u8; SECTORS];
                for write in 1..=20u8 {
                    let from = on.choose(SECTORS as u32) as usize;
                    let to = from + 1 + on.choose((SECTORS - from) as u32) as usize;
                    file.write_all_at(&vec![write; (to - from) * 512], from as u64 * 512).await.unwrap();
                    for sector in from..to {
                        now[sector] = write;
                        could_be[sector].push(write);
                    }
                    if on.chance(0.2) {
                        file.sync_data().await.unwrap();
                        could_be = now.iter().map(|write| vec![*write]).collect();
                    }
                }
                could_be
            });
            let could_be = written.await;
            controls.crash("db");
            (could_be, controls.disk("db").read("/file").unwrap())
        });
        assert!(bytes.len() % 512 == 0 && bytes.len() <= SECTORS * 512);
        for (at, could_be) in could_be.iter().enumerate() {
            let Some(sector) = bytes.get(at * 512..at * 512 + 512) else {
                assert!(could_be.contains(&0), "seed {seed}: sector {at} is cut off, and could be {could_be:?}");
                continue;
            };
            let write = sector[0];
            assert!(sector.iter().all(|byte| *byte == write), "seed {seed}: sector {at} is torn");
            assert!(could_be.contains(&write), "seed {seed}: sector {at} is {write} and could be {could_be:?}");
            mixed += usize::from(could_be.last() != Some(&write));
            holes += usize::from(write == 0 && could_be.len() > 1);
        }
    }
    assert!(mixed > 1000 && holes > 20, "{mixed} sectors are old, {holes} are holes");
}

#[test]
fn names_that_depend_on_others_come_with_them() {
    // A directory is moved in and out of another, and one of three directories is synced: what was synced is there once.
    for seed in 0..SEEDS {
        let sim = Sim::new(seed);
        sim.host("db");
        let controls = sim.controls();
        sim.run(async move {
            let on = controls.clone();
            let work = controls.on("db", async move {
                for directory in ["/p/a", "/q", "/r/b"] {
                    fs::create_dir_all(directory).await.unwrap();
                }
                let file = fs::File::create("/p/a/file").await.unwrap();
                file.sync_all().await.unwrap();
                for directory in ["/", "/p", "/r", "/p/a"] {
                    fs::sync_dir(directory).await.unwrap();
                }
                let now_and_then = async |directories: &[&str]| {
                    for directory in directories {
                        if on.choose(3) == 0 {
                            fs::sync_dir(directory).await.unwrap();
                        }
                    }
                };
                fs::rename("/p/a", "/r/b/a").await.unwrap();
                now_and_then(&["/p", "/q", "/r", "/r/b"]).await;
                fs::rename("/r/b/a", "/q/a").await.unwrap();
                now_and_then(&["/p", "/q", "/r", "/r/b"]).await;
                fs::rename("/r/b", "/q/a/b").await.unwrap();
                now_and_then(&["/p", "/q", "/r", "/q/a"]).await;
            });
            work.await;
            controls.crash("db");
            let there = |path: &&str| controls.disk("db").read(path).is_ok();
            let places = ["/p/a/file", "/r/b/a/file", "/q/a/file"].iter().filter(|path| there(path)).count();
            assert_eq!(places, 1);
        });
    }
}

#[test]
fn a_directory_is_as_it_once_was_since_its_sync() {
    let (mut older, mut latest) = (0, 0);
    for seed in 0..SEEDS {
        let sim = Sim::new(seed);
        sim.host("db");
        let controls = sim.controls();
        let is_latest = sim.run(async move {
            let on = controls.clone();
            // What could be there: the names with the numbers that are in the files, at each moment since the last sync.
            let work = controls.on("db", async move {
                fs::create_dir("/dir").await.unwrap();
                fs::sync_dir("/").await.unwrap();
                let mut now = BTreeMap::new();
                let mut could_be = vec![now.clone()];
                for number in 0..30u32 {
                    let (one, two) = (on.choose(4), on.choose(4));
                    let path = |name: u32| format!("/dir/{name}");
                    match on.choose(5) {
                        0 | 1 => {
                            let file = fs::File::create("/new").await.unwrap();
                            file.write_all_at(&number.to_le_bytes(), 0).await.unwrap();
                            file.sync_all().await.unwrap();
                            fs::rename("/new", path(one)).await.unwrap();
                            now.insert(one, number);
                        }
                        2 if now.contains_key(&one) && one != two && now.get(&one) != now.get(&two) => {
                            fs::rename(path(one), path(two)).await.unwrap();
                            now.insert(two, now[&one]);
                            now.remove(&one);
                        }
                        3 if now.contains_key(&one) => {
                            fs::remove_file(path(one)).await.unwrap();
                            now.remove(&one);
                        }
                        4 if now.contains_key(&one) && !now.contains_key(&two) => {
                            fs::hard_link(path(one), path(two)).await.unwrap();
                            now.insert(two, now[&one]);
                        }
                        _ => continue,
                    }
                    if on.chance(0.15) {
                        fs::sync_dir("/dir").await.unwrap();
                        could_be.clear();
                    }
                    could_be.push(now.clone());
                }
                could_be
            });
            let could_be = work.await;
            controls.crash("db");
            let number = |bytes: Vec<u8>| u32::from_le_bytes(bytes.try_into().unwrap());
            let read = |name: u32| controls.disk("db").read(format!("/dir/{name}")).ok();
            let is = (0..4).filter_map(|name| Some((name, number(read(name)?)))).collect();
            assert!(could_be.contains(&is), "seed {seed}: it is {is:?} and could be {could_be:?}");
            could_be.last() == Some(&is)
        });
        if is_latest { latest += 1 } else { older += 1 }
    }
    assert!(older > SEEDS / 4 && latest > SEEDS / 4, "{older} are older, {latest} are the latest");
}

#[test]
fn a_dying_program_writes_nothing() {
    for seed in 0..20 {
        let sim = Sim::new(seed);
        sim.host("db").disk(Disk::new().latency(DiskWork::Write, MS));
        let controls = sim.controls();
        sim.run(async move {
            let program = controls.on("db", async {
                let mut file = fs::File::create("/file").await.unwrap();
                fs::sync_dir("/").await.unwrap();
                file.write_all(b"written behind").await.unwrap();
                // Not reached: the file is dropped by the crash, with what was accepted.
                std::future::pending::<()>().await;
            });
            program.detach();
            whit::sleep(MS / 2).await;
            controls.crash("db");
            controls.wait_all_blocked().await;
            whit::sleep(MS * 10).await;
            assert_eq!(controls.disk("db").read("/file").unwrap(), b"");
        });
    }
}

#[test]
fn a_program_that_ends_loses_nothing_and_a_disk_outlives_it() {
    let sim = Sim::new(1);
    sim.host("db").disk(Disk::new().latency(DiskWork::Write, MS).file("/etc/conf", "x = 1")).start(|| async {
        let mut file = fs::OpenOptions::new().append(true).create(true).open("/file").await.unwrap();
        // Dropped with bytes on their way: the system goes on when the program has ended.
        file.write_all(b"once more\n").await.unwrap();
    });
    let controls = sim.controls();
    sim.run(async move {
        let disk = controls.disk("db");
        for times in 1..=3 {
            whit::sleep(MS * 5).await;
            assert!(!controls.is_up("db"));
            assert_eq!(disk.read("/file").unwrap(), b"once more\n".repeat(times));
            controls.restart("db");
        }
        controls.crash("db");
        disk.write("/etc/conf", "x = 2").unwrap();
        assert_eq!(disk.read("/etc/conf").unwrap(), b"x = 2");
        disk.wipe();
        assert_eq!(disk.read("/file").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(disk.read(Path::new("/etc/conf")).unwrap(), b"x = 1");
    });
}

#[test]
fn equal_seeds_have_equal_disks() {
    let run = |seed| {
        crash_in_the_middle(
            seed,
            |acknowledged| append(acknowledged, false),
            |controls, acknowledged| (controls.hash(), acknowledged, controls.disk("db").read("/log").ok()),
        )
    };
    for seed in 0..50 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
    assert_ne!(run(0), run(1));
}
