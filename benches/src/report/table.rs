//! The tables, before they are text: lines in groups, and lines of the same row together.

use crate::session::{Measured, Session};

/// A table.
pub(super) struct Group<'s> {
    pub(super) name: &'s str,
    pub(super) rows: Vec<Entry<'s>>,
    pub(super) peers: Vec<&'s str>,
    /// Whether there is an earlier run to compare with.
    pub(super) before: bool,
}

/// A row of it: one line, or one for each metric.
pub(super) struct Entry<'s> {
    pub(super) name: &'s str,
    pub(super) what: &'s str,
    pub(super) lines: Vec<&'s Measured>,
}

/// How tables and charts call a metric.
pub(super) fn metric(name: &str) -> &str {
    match name {
        "time" => "time",
        "cpu" => "processor time",
        "p50" => "median latency",
        "p99" => "99th percentile",
        other => other,
    }
}

pub(super) fn groups(session: &Session) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for line in &session.rows {
        if groups.last().is_none_or(|group| group.name != line.group) {
            groups.push(Group { name: &line.group, rows: Vec::new(), peers: Vec::new(), before: false });
        }
        let group = groups.last_mut().expect("it was just put there");
        match group.rows.last_mut().filter(|entry| entry.name == line.name) {
            Some(entry) => entry.lines.push(line),
            None => group.rows.push(Entry { name: &line.name, what: &line.what, lines: vec![line] }),
        }
        group.before |= line.before.is_some();
        for ratio in &line.ratios {
            if !group.peers.contains(&&*ratio.peer) {
                group.peers.push(&ratio.peer);
            }
        }
    }
    groups.iter_mut().for_each(|group| group.peers.sort_by_key(|peer| rank(peer)));
    groups
}

/// Those that everybody knows first, and the limits last.
pub(super) fn rank(peer: &str) -> usize {
    const KNOWN: [&str; 20] = [
        "whit",
        "tokio",
        "smol",
        "smol static",
        "monoio",
        "compio",
        "glommio",
        "futures",
        "flume",
        "kanal",
        "event-listener",
        "atomic-waker",
        "rayon",
        "asyncio",
        "uvloop",
        "",
        "std",
        "bare",
        "epoll",
        "epoll own",
    ];
    KNOWN.iter().position(|known| *known == peer).unwrap_or(15)
}

impl Group<'_> {
    /// The metrics of its rows; empty if each has a single one.
    pub(super) fn metrics(&self) -> Vec<&str> {
        let most = self.rows.iter().max_by_key(|entry| entry.lines.len());
        most.into_iter()
            .flat_map(|entry| &entry.lines)
            .map(|line| &*line.metric)
            .filter(|metric| !metric.is_empty())
            .collect()
    }
}

impl Entry<'_> {
    /// What went wrong, and whether something else was busy for most of the time.
    pub(super) fn notes(&self, rounds: usize) -> (Vec<&str>, bool) {
        let mut failures: Vec<&str> = self.lines.iter().flat_map(|line| &line.failures).map(String::as_str).collect();
        failures.dedup();
        let line = self.lines[0];
        let taken = line.samples.get("whit").map_or(rounds, Vec::len);
        (failures, 2 * line.disturbed > taken)
    }

    pub(super) fn verdicts(&self) -> Vec<(String, bool)> {
        self.lines.iter().flat_map(|line| line.verdicts()).collect()
    }
}

/// How many of the things asked for are so, and how many there are.
pub(super) fn score(session: &Session) -> (usize, usize) {
    let verdicts: Vec<_> = session.rows.iter().flat_map(|line| line.verdicts()).collect();
    (verdicts.iter().filter(|(_, good)| *good).count(), verdicts.len())
}

pub(super) const READ_ME: &str =
    "Time of the peer by time of whit, in the same round: above 1, whit is ahead. Median of the rounds.";

pub(super) const DISTURBED: &str = "†: something else kept the machine busy for more than half of the rounds.";

/// Rounds, machine and versions in one sentence.
pub(super) fn about(session: &Session) -> String {
    let kind = if session.quick { "short samples" } else { "full samples" };
    let versions = if session.versions.is_empty() { String::new() } else { format!("; {}", session.versions) };
    let date = if session.date.is_empty() { String::new() } else { format!("{}, ", session.date) };
    format!("{date}{} rounds of {kind}; {}{versions}.", session.rounds, session.machine)
}

/// Whether whit is behind, by more than what the digits shown would hide.
pub(super) fn is_behind(ratio: f64) -> bool {
    ratio < 0.995
}

/// Two digits behind the point where they mean something.
pub(super) fn number(ratio: f64) -> String {
    if ratio >= 100.0 { format!("{ratio:.0}") } else { format!("{ratio:.2}") }
}
