//! The same random operations on the files of the system and on a simulated disk: the same answers, and the same kinds of errors.
#![cfg(target_os = "linux")]

use std::io;
use std::path::{Path, PathBuf};

use futures_lite::StreamExt;
use whit::fs::{self, OpenOptions};
use whit::prelude::*;
use whit_sim::Sim;

const SEEDS: u64 = 100;
const OPERATIONS: usize = 120;

/// A plain generator, so that both runs get the same operations whatever they draw otherwise.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        // Knuth's.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    /// Few names, so that they meet; deep enough to go into files, out of directories, and round about.
    fn path(&mut self, folder: &Path) -> PathBuf {
        let mut path = folder.to_owned();
        for _ in 0..self.below(4) {
            path.push(["a", "b", "c", "./a", "a/../b"][self.below(5) as usize]);
        }
        path
    }
}

/// One operation: what was asked, and what came of it.
async fn operation(random: &mut Random, folder: &Path) -> String {
    let (one, two) = (random.path(folder), random.path(folder));
    let (size, at) = (random.below(3000), random.below(3000));
    let bytes = vec![random.below(255) as u8 + 1; size as usize];
    let shown = |path: &Path| path.strip_prefix(folder).unwrap_or(Path::new("?")).display().to_string();
    let (name, outcome) = match random.below(18) {
        0 | 1 => ("write", fs::write(&one, bytes).await.map(drop).map(|()| String::new())),
        2 => ("read", fs::read(&one).await.map(|bytes| format!("{bytes:?}"))),
        3 => ("create_dir", fs::create_dir(&one).await.map(|()| String::new())),
        4 => ("create_dir_all", fs::create_dir_all(&one).await.map(|()| String::new())),
        5 => ("remove_dir", fs::remove_dir(&one).await.map(|()| String::new())),
        6 => ("remove_file", fs::remove_file(&one).await.map(|()| String::new())),
        7..=9 => ("rename", fs::rename(&one, &two).await.map(|()| String::new())),
        10 => ("hard_link", fs::hard_link(&one, &two).await.map(|()| String::new())),
        11 => ("copy", fs::copy(&one, &two).await.map(|length| length.to_string())),
        12 => ("list", list(&one).await),
        13 => ("metadata", fs::metadata(&one).await.map(|known| facts(&known))),
        14 => ("canonicalize", canonical(&one, folder).await),
        15 => ("exists", fs::exists(&one).await.map(|there| there.to_string())),
        16 => ("append", append(&one, &bytes).await),
        _ => ("patch", patch(&one, &bytes, at).await),
    };
    let outcome = outcome.unwrap_or_else(|error| format!("{:?}", error.kind()));
    format!("{name} {} {} ({size} at {at}): {outcome}", shown(&one), shown(&two))
}

fn facts(known: &fs::Metadata) -> String {
    if known.is_dir() { "a directory".to_owned() } else { format!("a file of {}", known.len()) }
}

async fn list(path: &Path) -> io::Result<String> {
    let mut entries = Vec::new();
    let mut stream = fs::read_dir(path).await?;
    while let Some(entry) = stream.next().await {
        let entry = entry?;
        entries.push(format!("{} {}", entry.file_name().display(), facts(&entry.metadata().await?)));
    }
    entries.sort();
    Ok(entries.join(", "))
}

async fn canonical(path: &Path, folder: &Path) -> io::Result<String> {
    let (path, folder) = (fs::canonicalize(path).await?, fs::canonicalize(folder).await?);
    Ok(path.strip_prefix(folder).map_or("outside".to_owned(), |path| path.display().to_string()))
}

async fn append(path: &Path, bytes: &[u8]) -> io::Result<String> {
    let mut file = OpenOptions::new().read(true).append(true).create(bytes.len().is_multiple_of(2)).open(path).await?;
    file.write_all(bytes).await?;
    let end = file.seek(io::SeekFrom::Current(0)).await?;
    file.seek(io::SeekFrom::Start(end / 2)).await?;
    let mut rest = Vec::new();
    file.read_to_end(&mut rest).await?;
    Ok(format!("{end} {rest:?}"))
}

async fn patch(path: &Path, bytes: &[u8], at: u64) -> io::Result<String> {
    let mut options = OpenOptions::new();
    match bytes.len() % 3 {
        0 => options.create_new(true),
        1 => options.truncate(true),
        _ => &mut options,
    };
    let mut file = options.read(true).write(true).open(path).await?;
    file.seek(io::SeekFrom::Start(at)).await?;
    file.write_all(bytes).await?;
    file.set_len(at + bytes.len() as u64 / 2).await?;
    let back = file.seek(io::SeekFrom::End(-(bytes.len() as i64))).await.map_err(|error| error.kind());
    let mut some = [0; 10];
    let read = file.read(&mut some).await?;
    file.write_all(b"!").await?;
    file.flush().await?;
    Ok(format!("{back:?} {:?} {:?}", &some[..read], file.metadata().await?.len()))
}

async fn run(seed: u64, folder: &Path) -> Vec<String> {
    let mut random = Random(seed);
    let mut log = Vec::new();
    for _ in 0..OPERATIONS {
        log.push(operation(&mut random, folder).await);
    }
    log
}

#[test]
fn a_simulated_disk_answers_as_the_system() {
    let mut kinds = std::collections::BTreeMap::new();
    for seed in 0..SEEDS {
        let folder = std::env::temp_dir().join(format!("whit-sim-disk-{}", std::process::id()));
        // One deeper, as the operations may replace what they are given.
        std::fs::create_dir_all(folder.join("in")).unwrap();
        let theirs = futures_lite::future::block_on(run(seed, &folder.join("in")));
        std::fs::remove_dir_all(&folder).unwrap();
        let ours = Sim::new(seed).run(async {
            fs::create_dir_all("/folder/in").await.unwrap();
            run(seed, Path::new("/folder/in")).await
        });
        let steps = ours.iter().zip(&theirs).take_while(|(ours, theirs)| ours == theirs).count();
        if steps < OPERATIONS {
            let before: Vec<String> = theirs[..steps].iter().map(|step| step.chars().take(100).collect()).collect();
            panic!("seed {seed}: {}\nand not:   {}\nafter {before:#?}", ours[steps], theirs[steps]);
        }
        for step in &theirs {
            let outcome = step.rsplit("): ").next().unwrap_or_default();
            let is_kind = outcome.len() > 5 && outcome.chars().all(char::is_alphabetic);
            *kinds.entry(if is_kind { outcome } else { "fine" }.to_owned()).or_insert(0) += 1;
        }
    }
    // Every kind was met, and there was enough to do.
    println!("{kinds:?}");
    let all = ["AlreadyExists", "DirectoryNotEmpty", "InvalidInput", "IsADirectory", "NotADirectory", "NotFound"];
    assert!(all.iter().chain(&["PermissionDenied"]).all(|kind| kinds.contains_key(*kind)), "{kinds:?}");
    assert!(kinds["fine"] > SEEDS * OPERATIONS as u64 / 5, "{kinds:?}");
}
