//! One run: rounds over all rows and contenders, each sample a process, contenders one after the other.

mod machine;
mod measured;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

pub(crate) use measured::{Measured, Ratio};

use crate::plan::{self, Row};
use crate::sample::Sample;
use machine::Others;

/// A sample that takes longer than this is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that a report shows; also the form of `report.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) quick: bool,
    pub(crate) rounds: usize,
    pub(crate) machine: String,
    /// When, in UTC.
    #[serde(default)]
    pub(crate) date: String,
    /// Of the peers and of the compiler.
    #[serde(default)]
    pub(crate) versions: String,
    /// What was left out, and what was not as it should be.
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    pub(crate) rows: Vec<Measured>,
}

/// Runs the rows that are wanted.
pub(crate) fn run(only: &[String], quick: bool, rounds: usize, baseline: Option<&Path>) -> Result<Session, String> {
    let baseline = baseline.map(read).transpose()?;
    if rounds == 0 {
        return Err("0 rounds were asked for, which measure nothing; ask for at least 1, better 7".into());
    }
    let (rows, mut notes) = wanted(only)?;
    let this = std::env::current_exe().map_err(|error| format!("where this program stands is not known: {error}"))?;
    let mut measured: Vec<Vec<_>> =
        rows.iter().map(|row| row.lines.iter().map(|line| Measured::of(row, line)).collect()).collect();
    let at_most = |caps: (usize, usize)| rounds.min(if quick { caps.0 } else { caps.1 });
    let samples = rows.iter().flat_map(|row| {
        row.contenders.iter().map(|contender| at_most(row.rounds_max).min(at_most(contender.rounds_max)))
    });
    let bar = ProgressBar::new(samples.sum::<usize>() as u64).with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} {msg:32} {eta} left").expect("the template is right"),
    );
    for round in 0..rounds {
        for (row, lines) in rows.iter().zip(&mut measured).filter(|(row, _)| round < at_most(row.rounds_max)) {
            let others = Others::begin();
            for contender in row.contenders.iter().filter(|contender| round < at_most(contender.rounds_max)) {
                bar.set_message(format!("{}, {}", row.name, contender.name));
                let taken = sample(&this, &row.name, contender.name, quick);
                for line in &mut *lines {
                    line.add(contender.name, taken.as_ref().map_err(String::as_str));
                }
                for note in taken.into_iter().flat_map(|sample| sample.notes) {
                    if !notes.contains(&note) {
                        notes.push(note);
                    }
                }
                bar.inc(1);
            }
            let disturbed = usize::from(others.were_busy());
            lines.iter_mut().for_each(|line| line.disturbed += disturbed);
        }
    }
    bar.finish_and_clear();
    let mut measured: Vec<_> = measured.into_iter().flatten().collect();
    measured.iter_mut().for_each(|line| line.conclude(baseline.as_ref()));
    // Rows of a group stand together, in the order in which the groups come first.
    let groups: Vec<_> = measured.iter().map(|line| line.group.clone()).collect();
    measured.sort_by_key(|line| groups.iter().position(|group| *group == line.group));
    let (machine, date, versions) = (machine::machine(), machine::date(), machine::versions());
    Ok(Session { quick, rounds, machine, date, versions, notes, rows: measured })
}

/// The rows that are asked for and can be run, and a sentence for each tool that is missing for some.
fn wanted(only: &[String]) -> Result<(Vec<Row>, Vec<String>), String> {
    let mut rows = plan::rows();
    if let Some(missing) = only.iter().find(|part| !rows.iter().any(|row| row.name.contains(&***part))) {
        return Err(plan::unknown(missing));
    }
    rows.retain(|row| only.is_empty() || only.iter().any(|part| row.name.contains(&**part)));
    let mut notes = Vec::new();
    let mut is_missing = |tool: plan::Tool| {
        let missing = tool.missing();
        if let Some(why) = missing.filter(|why| !notes.iter().any(|note| note == why)) {
            eprintln!("{why}");
            notes.push(why.to_owned());
        }
        missing.is_some()
    };
    rows.retain(|row| !row.needs.is_some_and(&mut is_missing));
    for row in &mut rows {
        row.contenders.retain(|contender| !contender.needs.iter().any(|tool| is_missing(*tool)));
    }
    Ok((rows, notes))
}

/// An earlier run.
pub(crate) fn read(file: &Path) -> Result<Session, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("the report {} cannot be read: {error}", file.display()))?;
    serde_json::from_str(&text)
        .map_err(|error| format!("{} is no report of ours: {error}; give a report.json", file.display()))
}

fn sample(this: &Path, row: &str, contender: &str, quick: bool) -> Result<Sample, String> {
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
    Sample::parse(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        let said = errors.lines().find_map(|line| line.strip_prefix("bench: ")).map(str::to_owned);
        said.unwrap_or_else(|| {
            let first = errors.lines().find(|line| !line.trim().is_empty()).unwrap_or("without a word");
            format!("ended with {}: {first}", output.status)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rows_and_of_lines_are_their_own() {
        let rows = plan::rows();
        for (at, row) in rows.iter().enumerate() {
            assert!(rows[..at].iter().all(|other| other.name != row.name), "`{}` stands there twice", row.name);
            assert_eq!(row.contenders[0].name, "whit", "{}", row.name);
            for line in &row.lines {
                let known = |peer: &str| peer == "best" || row.contenders.iter().any(|one| one.name == peer);
                assert!(line.bars.iter().all(|(peer, _)| known(peer)), "a bar of `{}` is against nobody", row.name);
            }
        }
    }

    #[test]
    fn a_row_that_nobody_knows_is_a_sentence() {
        let error = wanted(&["nonsense".to_owned()]).err().expect("there is no such row");
        assert!(error.contains("`nonsense`") && error.contains("bench rows"), "{error}");
    }
}
