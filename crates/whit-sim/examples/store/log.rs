//! What a node has promised to remember: a file of lines, each with a sum over it, and the table that they make.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use whit::fs::{self, File, OpenOptions};
use whit::prelude::*;

/// One write: the leader's number for it, and the client's, by which a repeated request is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) version: u64,
    pub(crate) request: u64,
    pub(crate) key: String,
    pub(crate) value: String,
}

impl Entry {
    /// One line: words without spaces, as in the requests.
    pub(crate) fn to_line(&self) -> String {
        format!("{} {} {} {}", self.version, self.request, self.key, self.value)
    }

    pub(crate) fn from_words(words: &[&str]) -> Option<Entry> {
        let [version, request, key, value] = words else { return None };
        Some(Entry {
            version: version.parse().ok()?,
            request: request.parse().ok()?,
            key: (*key).to_owned(),
            value: (*value).to_owned(),
        })
    }
}

/// The file, and all that is in it.
pub(crate) struct Log {
    file: File,
    // The newest write of each key.
    table: BTreeMap<String, Entry>,
    // Every write by its request: few enough to be kept.
    requests: BTreeMap<u64, Entry>,
    versions: BTreeSet<u64>,
}

impl Log {
    /// Reads what an earlier life has left. A crash may have torn the last lines: what has no right sum is cut off.
    pub(crate) async fn open(folder: &Path) -> io::Result<Log> {
        let path = folder.join("log");
        fs::create_dir_all(folder).await?;
        let bytes = match fs::read(&path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let file = OpenOptions::new().create(true).append(true).open(&path).await?;
        let (entries, length) = whole_lines(&bytes);
        file.set_len(length as u64).await?;
        file.sync_all().await?;
        // The names too: a file whose folder was not synced may be gone after a crash.
        fs::sync_dir(folder).await?;
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::sync_dir(parent).await?;
        }
        let mut log = Log { file, table: BTreeMap::new(), requests: BTreeMap::new(), versions: BTreeSet::new() };
        entries.into_iter().for_each(|entry| log.remember(entry));
        Ok(log)
    }

    /// Writes an entry, and returns once it will survive a crash. One that is known is no work.
    pub(crate) async fn append(&mut self, entry: Entry) -> io::Result<()> {
        if self.versions.contains(&entry.version) {
            return Ok(());
        }
        let line = entry.to_line();
        self.file.write_all(format!("{:016x} {line}\n", sum(&line)).as_bytes()).await?;
        self.file.flush().await?;
        self.file.sync_data().await?;
        self.remember(entry);
        Ok(())
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.table.get(key)
    }

    pub(crate) fn by_request(&self, request: u64) -> Option<&Entry> {
        self.requests.get(&request)
    }

    pub(crate) fn next_version(&self) -> u64 {
        self.versions.last().map_or(1, |last| last + 1)
    }

    fn remember(&mut self, entry: Entry) {
        self.versions.insert(entry.version);
        self.requests.insert(entry.request, entry.clone());
        let newest = self.table.entry(entry.key.clone()).or_default();
        if entry.version > newest.version {
            *newest = entry;
        }
    }
}

/// The entries of a log up to its first line that is not whole, and how many bytes those are.
fn whole_lines(bytes: &[u8]) -> (Vec<Entry>, usize) {
    let (mut entries, mut length) = (Vec::new(), 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(entry) = whole(line) else { break };
        entries.push(entry);
        length += line.len();
    }
    (entries, length)
}

fn whole(line: &[u8]) -> Option<Entry> {
    let (written, line) = std::str::from_utf8(line).ok()?.strip_suffix('\n')?.split_once(' ')?;
    if u64::from_str_radix(written, 16) != Ok(sum(line)) {
        return None;
    }
    Entry::from_words(&line.split(' ').collect::<Vec<_>>())
}

/// FNV-1a, after Fowler, Noll and Vo: not against malice, but against torn lines.
fn sum(line: &str) -> u64 {
    line.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
