//! The machine: what it is, whether others used it meanwhile, and what was compared on it.

use std::process::Command;
use std::time::{Instant, SystemTime};

/// Whether others used the processors meanwhile: busy time of the machine, less our own children's.
pub(super) struct Others {
    busy: f64,
    ours: f64,
    began: Instant,
}

impl Others {
    pub(super) fn begin() -> Others {
        let (busy, ours) = Others::now();
        Others { busy, ours, began: Instant::now() }
    }

    pub(super) fn were_busy(&self) -> bool {
        let (busy, ours) = Others::now();
        let others = (busy - self.busy) - (ours - self.ours);
        let all =
            self.began.elapsed().as_secs_f64() * std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64);
        others > 0.25 * all
    }

    /// In seconds, from the system's tables; zero where there are none.
    fn now() -> (f64, f64) {
        let fields = |file: &str, from: usize, wanted: &[usize]| -> f64 {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let line = text.lines().next().unwrap_or_default();
            let line = line.rsplit(')').next().unwrap_or_default();
            let numbers: Vec<f64> =
                line.split_whitespace().skip(from).map(|word| word.parse().unwrap_or(0.0)).collect();
            wanted.iter().filter_map(|at| numbers.get(*at)).sum::<f64>() / 100.0
        };
        // user, nice, system, and what the host took; and of ourselves utime, stime, cutime, cstime.
        (fields("/proc/stat", 1, &[0, 1, 2, 5, 6, 7]), fields("/proc/self/stat", 0, &[11, 12, 13, 14]))
    }
}

pub(super) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, |n| n.get());
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1)).unwrap_or("").trim();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores, {model}, {} {}", std::env::consts::OS, kernel.trim())
}

/// Today in UTC, as `2026-01-31`.
pub(super) fn date() -> String {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    civil((seconds / 86_400) as i64)
}

/// The date of a day after 1970-01-01. Years are counted from March, so that the leap day is the last.
fn civil(day: i64) -> String {
    let day = day + 719_468;
    let (era, in_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let (date, month) = (in_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    format!("{:04}-{month:02}-{date:02}", era * 400 + year + i64::from(month <= 2))
}

/// The peers, in the versions that this program was built with, and the compiler that is there now.
pub(super) fn versions() -> String {
    const LOCK: &str = include_str!("../../../Cargo.lock");
    const PEERS: [&str; 17] = [
        "tokio",
        "async-executor",
        "async-io",
        "async-lock",
        "async-channel",
        "async-broadcast",
        "blocking",
        "event-listener",
        "monoio",
        "compio",
        "glommio",
        "futures",
        "flume",
        "kanal",
        "rayon",
        "hyper",
        "smol-hyper",
    ];
    // A crate that others use in an older version stands there twice; ours is the newest, and the last.
    let version = |peer: &&str| {
        let start = format!("\nname = \"{peer}\"\nversion = \"");
        let at = LOCK.split("[[package]]").filter_map(|package| package.strip_prefix(&start)).last()?;
        Some(format!("{peer} {}", at.split('"').next()?))
    };
    let mut versions: Vec<_> = PEERS.iter().filter_map(version).collect();
    if let Ok(output) = Command::new("rustc").arg("--version").output() {
        let text = String::from_utf8_lossy(&output.stdout);
        versions.extend(text.split(' ').nth(1).map(|version| format!("Rust {version}")));
    }
    versions.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        let days = [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_782, "2026-11-25")];
        days.into_iter().for_each(|(day, date)| assert_eq!(civil(day), date));
    }

    #[test]
    fn versions_are_found() {
        let versions = versions();
        assert!(versions.contains("tokio 1.") && versions.contains("flume 0.12"), "{versions}");
    }
}
