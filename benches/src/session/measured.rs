//! One line of the table while it is measured, and what comes out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Session;
use crate::meter::median;
use crate::plan::{Line, Row};
use crate::sample::Sample;

/// Not peers but what the work takes at least; they are never the best of all.
pub(crate) const LIMITS: [&str; 4] = ["std", "bare", "epoll", "epoll own"];

/// One line, measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) what: String,
    /// Which value of the row; empty if there is only one.
    #[serde(default)]
    pub(crate) metric: String,
    /// By contender, what each round gave, with gaps where it gave nothing. Compared, and never shown as they are.
    pub(crate) samples: BTreeMap<String, Vec<Option<f64>>>,
    pub(crate) ratios: Vec<Ratio>,
    pub(crate) bars: Vec<(String, f64)>,
    /// What whit's own value may be at most, the unit, and whether it is so.
    #[serde(default)]
    pub(crate) at_most: Option<(f64, String, bool)>,
    /// Rounds during which something else kept the machine busy.
    pub(crate) disturbed: usize,
    /// whit then, by whit now, if there was a baseline.
    pub(crate) before: Option<Ratio>,
    pub(crate) failures: Vec<String>,
    /// By contender, the latencies of each round at [`QUANTILES`](crate::sample::QUANTILES).
    #[serde(default)]
    pub(crate) curves: BTreeMap<String, Vec<Vec<f64>>>,
}

/// A peer's value by whit's, round by round: above 1, whit is ahead.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ratio {
    pub(crate) peer: String,
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Measured {
    pub(super) fn of(row: &Row, line: &Line) -> Measured {
        Measured {
            group: line.group.into(),
            name: row.name.clone(),
            what: line.what.clone(),
            metric: line.metric.into(),
            samples: BTreeMap::new(),
            ratios: Vec::new(),
            bars: line.bars.iter().map(|(peer, bar)| ((*peer).to_owned(), *bar)).collect(),
            at_most: line.at_most.map(|(most, unit)| (most, unit.to_owned(), false)),
            disturbed: 0,
            before: None,
            failures: Vec::new(),
            curves: BTreeMap::new(),
        }
    }

    /// A gap keeps the rounds in line.
    pub(super) fn add(&mut self, contender: &str, sample: Result<&Sample, &str>) {
        let value = sample.ok().and_then(|sample| sample.values.get(&self.metric)).copied();
        self.samples.entry(contender.to_owned()).or_default().push(value);
        match sample {
            Ok(sample) if self.metric == "time" && !sample.curve.is_empty() => {
                self.curves.entry(contender.to_owned()).or_default().push(sample.curve.clone());
            }
            Ok(_) => (),
            Err(error) => self.fail(contender, error),
        }
    }

    /// One sentence for all that failed for the same reason.
    fn fail(&mut self, contender: &str, error: &str) {
        let same = self.failures.iter_mut().find(|known| known.split_once(": ").is_some_and(|(_, why)| why == error));
        let Some(known) = same else { return self.failures.push(format!("{contender}: {error}")) };
        let names = known.split_once(": ").map_or("", |(names, _)| names);
        if !names.split(", ").any(|name| name == contender) {
            *known = format!("{names}, {contender}: {error}");
        }
    }

    pub(super) fn conclude(&mut self, baseline: Option<&Session>) {
        let Some(ours) = self.samples.get("whit") else { return };
        let peers = self.samples.iter().filter(|(name, _)| *name != "whit");
        self.ratios = peers.filter_map(|(peer, theirs)| Ratio::of(peer, theirs, ours)).collect();
        let then = baseline
            .and_then(|then| then.rows.iter().find(|row| (&row.name, &row.metric) == (&self.name, &self.metric)));
        self.before = then.and_then(|row| Ratio::of("whit before", row.samples.get("whit")?, ours));
        if let Some((most, _, good)) = &mut self.at_most {
            let mut values: Vec<_> = ours.iter().flatten().copied().collect();
            *good = median(&mut values) <= *most;
        }
    }

    /// The peer that came closest, or is ahead.
    pub(crate) fn best(&self) -> Option<&Ratio> {
        let peers = self.ratios.iter().filter(|ratio| !LIMITS.contains(&&*ratio.peer));
        peers.min_by(|a, b| a.median.total_cmp(&b.median))
    }

    /// What is asked of this line, and whether it is so.
    pub(crate) fn verdicts(&self) -> Vec<(String, bool)> {
        let metric = if self.metric.is_empty() { String::new() } else { format!("{} ", self.metric) };
        let judge = |(peer, bar): &(String, f64)| {
            let ratio = match &**peer {
                "best" => self.best(),
                peer => self.ratios.iter().find(|ratio| ratio.peer == peer),
            };
            ratio.map(|ratio| (format!("{metric}{peer} ≥ {bar}"), ratio.median >= *bar))
        };
        let itself = self.at_most.iter().map(|(most, unit, good)| (format!("{metric}≤ {most} {unit}"), *good));
        self.bars.iter().filter_map(judge).chain(itself).collect()
    }
}

impl Ratio {
    fn of(peer: &str, theirs: &[Option<f64>], ours: &[Option<f64>]) -> Option<Ratio> {
        let both = theirs.iter().zip(ours).filter_map(|(theirs, ours)| Some((*theirs)? / (*ours)?));
        let mut each: Vec<_> = both.filter(|ratio| ratio.is_finite()).collect();
        let middle = median(&mut each);
        let (least, most) = (*each.first()?, *each.last()?);
        Some(Ratio { peer: peer.to_owned(), median: middle, least, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_failed_for_the_same_reason_is_told_once() {
        let row = crate::plan::rows().remove(0);
        let mut line = Measured::of(&row, &row.lines[0]);
        let fail = |line: &mut Measured, who, why| line.add(who, Err(why));
        fail(&mut line, "tokio", "needs 9: raise it");
        fail(&mut line, "smol", "needs 9: raise it");
        fail(&mut line, "smol", "needs 9: raise it");
        fail(&mut line, "smol", "something else");
        assert_eq!(line.failures, ["tokio, smol: needs 9: raise it", "smol: something else"]);
        assert_eq!(line.samples["smol"], [None, None, None], "each is a gap");
    }

    #[test]
    fn a_ratio_is_taken_round_by_round_and_over_gaps() {
        let theirs = [Some(2.0), None, Some(9.0), Some(4.0)];
        let ours = [Some(1.0), Some(1.0), Some(3.0), None, Some(1.0)];
        let ratio = Ratio::of("peer", &theirs, &ours).expect("two rounds have both");
        assert_eq!((ratio.least, ratio.median, ratio.most), (2.0, 3.0, 3.0));
        assert!(Ratio::of("peer", &[None], &ours).is_none());
    }
}
