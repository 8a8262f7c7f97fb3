//! What one process found out about one contender in one row: a line of JSON between the sample and the session.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Values by metric; a row with a single one calls it by the empty name. Every value is better if it is lower.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) values: BTreeMap<String, f64>,
    /// Latencies in nanoseconds at [`QUANTILES`]; empty for rows that have no curve.
    pub(crate) curve: Vec<f64>,
    /// Sentences about what was not as it should be.
    pub(crate) notes: Vec<String>,
}

/// Where a latency curve is looked at.
pub(crate) const QUANTILES: [f64; 7] = [0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999];

impl Sample {
    /// A row with a single value.
    pub(crate) fn one(value: f64) -> Sample {
        Sample::of([("", value)])
    }

    pub(crate) fn of<const N: usize>(values: [(&str, f64); N]) -> Sample {
        let values = values.into_iter().map(|(metric, value)| (metric.to_owned(), value)).collect();
        Sample { values, ..Sample::default() }
    }

    pub(crate) fn noting(mut self, notes: Vec<String>) -> Sample {
        self.notes.extend(notes);
        self
    }

    /// To the session.
    pub(crate) fn print(mut self) -> Result<(), String> {
        // JSON knows no NaN; a value that is missing is a gap.
        self.values.retain(|_, value| value.is_finite());
        let text =
            serde_json::to_string(&self).map_err(|error| format!("the sample cannot be written down: {error}"))?;
        println!("{text}");
        Ok(())
    }

    /// From the last line that the process printed.
    pub(crate) fn parse(text: &str) -> Option<Sample> {
        serde_json::from_str(text.lines().last()?).ok()
    }
}
