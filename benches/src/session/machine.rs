//! The machine: what it is, and whether others used it meanwhile.

use std::time::Instant;

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
