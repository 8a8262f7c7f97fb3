//! Latencies in buckets of about one per cent, so that a message costs one increment and the memory is fixed.

/// Buckets for each doubling.
const STEPS: usize = 64;

pub(crate) struct Histogram {
    counts: Vec<u32>,
    total: u64,
}

impl Histogram {
    pub(crate) fn new() -> Histogram {
        Histogram { counts: vec![0; STEPS * 64], total: 0 }
    }

    pub(crate) fn add(&mut self, nanos: u64) {
        self.counts[bucket(nanos)] += 1;
        self.total += 1;
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The value that this part of all stays below or at; NaN if there is none.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let wanted = (part * self.total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (at, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted {
                return middle(at);
            }
        }
        f64::NAN
    }
}

/// Below `STEPS` each value has its own; above, the highest bits tell the doubling, and the next six the step.
fn bucket(nanos: u64) -> usize {
    let nanos = nanos.max(1);
    let doubling = (nanos.ilog2() as usize).saturating_sub(STEPS.ilog2() as usize);
    doubling * STEPS + (nanos >> doubling) as usize
}

fn middle(at: usize) -> f64 {
    if at < 2 * STEPS {
        return at as f64;
    }
    let doubling = at / STEPS - 1;
    let step = (at - doubling * STEPS) as f64;
    (step + 0.5) * 2f64.powi(doubling as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_bucket() {
        let mut histogram = Histogram::new();
        (1..=100_000).for_each(|nanos| histogram.add(nanos * 10));
        for part in [0.5, 0.9, 0.99, 0.999, 1.0] {
            let (exact, found) = (part * 1_000_000.0, histogram.quantile(part));
            assert!((found / exact - 1.0).abs() < 0.016, "{part}: {found} for {exact}");
        }
    }

    #[test]
    fn small_ones_are_exact_and_none_is_no_number() {
        let mut histogram = Histogram::new();
        assert!(histogram.quantile(0.5).is_nan());
        histogram.add(7);
        assert_eq!((histogram.quantile(0.5), histogram.total()), (7.0, 1));
        assert!(bucket(u64::MAX) < STEPS * 64);
    }
}
