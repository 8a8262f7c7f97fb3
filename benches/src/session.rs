//! One run: rounds over all rows and contenders, each sample a process, contenders one after the other.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use crate::meter::median;
use crate::plan::{self, Row};

/// A sample that takes longer than this is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that a report shows; also the form of `report.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) quick: bool,
    pub(crate) rounds: usize,
    pub(crate) machine: String,
    pub(crate) rows: Vec<Measured>,
}

/// One row, measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) what: String,
    /// By contender, what each round gave. Compared, and never shown as they are.
    pub(crate) samples: BTreeMap<String, Vec<f64>>,
    pub(crate) ratios: Vec<Ratio>,
    pub(crate) bars: Vec<(String, f64)>,
    /// Rounds during which something else kept the machine busy.
    pub(crate) disturbed: usize,
    /// whit then, by whit now, if there was a baseline.
    pub(crate) before: Option<Ratio>,
    pub(crate) failures: Vec<String>,
}

/// A peer's value by whit's, round by round: above 1, whit is ahead.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ratio {
    pub(crate) peer: String,
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

/// Runs the rows that are wanted.
pub(crate) fn run(only: &[String], quick: bool, rounds: usize, baseline: Option<&Path>) -> Result<Session, String> {
    let baseline = baseline.map(read).transpose()?;
    let rows = wanted(only)?;
    if rounds == 0 {
        return Err("0 rounds were asked for, which measure nothing; ask for at least 1, better 7".into());
    }
    let this = std::env::current_exe().map_err(|error| format!("where this program stands is not known: {error}"))?;
    let mut measured: Vec<_> = rows.iter().map(Measured::of).collect();
    let samples: usize = rows.iter().map(|row| row.contenders.len()).sum();
    let bar = ProgressBar::new((rounds * samples) as u64).with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} {msg:32} {eta} left").expect("the template is right"),
    );
    for _ in 0..rounds {
        for (row, measured) in rows.iter().zip(&mut measured) {
            let others = Others::begin();
            for (contender, _) in &row.contenders {
                bar.set_message(format!("{}, {contender}", row.name));
                let value = sample(&this, row.name, contender, quick);
                measured.add(contender, value);
                bar.inc(1);
            }
            measured.disturbed += usize::from(others.were_busy());
        }
    }
    bar.finish_and_clear();
    for measured in &mut measured {
        measured.conclude(baseline.as_ref());
    }
    Ok(Session { quick, rounds, machine: machine(), rows: measured })
}

fn wanted(only: &[String]) -> Result<Vec<Row>, String> {
    let rows = plan::rows();
    if let Some(missing) = only.iter().find(|part| !rows.iter().any(|row| row.name.contains(&***part))) {
        return Err(plan::unknown(missing));
    }
    Ok(rows.into_iter().filter(|row| only.is_empty() || only.iter().any(|part| row.name.contains(&**part))).collect())
}

fn read(file: &Path) -> Result<Session, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("the baseline {} cannot be read: {error}", file.display()))?;
    serde_json::from_str(&text)
        .map_err(|error| format!("the baseline {} is no report of ours: {error}; give a report.json", file.display()))
}

fn sample(this: &Path, row: &str, contender: &str, quick: bool) -> Result<f64, String> {
    let mut command = Command::new(this);
    command.args(quick.then_some("--quick")).args(["sample", row, contender]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().map_err(|error| format!("a process for the sample could not be started: {error}"))?;
    let began = Instant::now();
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if began.elapsed() > PATIENCE {
            drop((child.kill(), child.wait()));
            return Err(format!("gave no value within {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| {
        let errors = String::from_utf8_lossy(&output.stderr);
        let first = errors.lines().find(|line| !line.trim().is_empty()).unwrap_or("without a word").to_owned();
        format!("ended with {}: {first}", output.status)
    })
}

impl Measured {
    fn of(row: &Row) -> Measured {
        Measured {
            group: row.group.into(),
            name: row.name.into(),
            what: row.what.into(),
            samples: BTreeMap::new(),
            ratios: Vec::new(),
            bars: row.bars.iter().map(|(peer, bar)| ((*peer).to_owned(), *bar)).collect(),
            disturbed: 0,
            before: None,
            failures: Vec::new(),
        }
    }

    fn add(&mut self, contender: &str, value: Result<f64, String>) {
        // A gap keeps the rounds in line.
        let value = value.unwrap_or_else(|error| {
            let text = format!("{contender} {error}");
            if !self.failures.contains(&text) {
                self.failures.push(text);
            }
            f64::NAN
        });
        self.samples.entry(contender.to_owned()).or_default().push(value);
    }

    fn conclude(&mut self, baseline: Option<&Session>) {
        let Some(ours) = self.samples.get("whit") else { return };
        let peers = self.samples.iter().filter(|(name, _)| *name != "whit");
        self.ratios = peers.filter_map(|(peer, theirs)| Ratio::of(peer, theirs, ours)).collect();
        let then = baseline.and_then(|session| session.rows.iter().find(|row| row.name == self.name));
        self.before = then.and_then(|row| Ratio::of("whit before", row.samples.get("whit")?, ours));
    }

    /// The peer that came closest, or is ahead.
    pub(crate) fn best(&self) -> Option<&Ratio> {
        self.ratios.iter().filter(|ratio| ratio.peer != "std").min_by(|a, b| a.median.total_cmp(&b.median))
    }

    /// What is asked of this row, and whether it is so.
    pub(crate) fn verdicts(&self) -> Vec<(String, bool)> {
        let judge = |(peer, bar): &(String, f64)| {
            let ratio = match &**peer {
                "best" => self.best(),
                peer => self.ratios.iter().find(|ratio| ratio.peer == peer),
            };
            ratio.map(|ratio| (format!("{peer} ≥ {bar}"), ratio.median >= *bar))
        };
        self.bars.iter().filter_map(judge).collect()
    }
}

impl Ratio {
    fn of(peer: &str, theirs: &[f64], ours: &[f64]) -> Option<Ratio> {
        let mut each: Vec<_> = theirs.iter().zip(ours).map(|(a, b)| a / b).filter(|ratio| ratio.is_finite()).collect();
        let middle = median(&mut each);
        let (least, most) = (*each.first()?, *each.last()?);
        Some(Ratio { peer: peer.to_owned(), median: middle, least, most })
    }
}

/// Whether others used the processors meanwhile: busy time of the machine, less our own children's.
struct Others {
    busy: f64,
    ours: f64,
    began: Instant,
}

impl Others {
    fn begin() -> Others {
        let (busy, ours) = Others::now();
        Others { busy, ours, began: Instant::now() }
    }

    fn were_busy(&self) -> bool {
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

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, |n| n.get());
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1)).unwrap_or("").trim();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores, {model}, {} {}", std::env::consts::OS, kernel.trim())
}
