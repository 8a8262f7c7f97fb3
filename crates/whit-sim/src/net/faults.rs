//! Faults of sockets: what a kernel may do at any time, and seldom does.

/// What may go wrong with the sockets of a host. All probabilities are 0 at first, and then nothing is drawn.
///
/// ```
/// use whit_sim::NetFaults;
///
/// let faults = NetFaults::new().short_reads(0.5).spurious(0.1);
/// # drop(faults);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[must_use = "faults do nothing until a host gets them"]
pub struct NetFaults(pub(super) Faults);

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Faults {
    pub(super) out_of_descriptors: f64,
    pub(super) descriptors: Option<usize>,
    pub(super) short_reads: f64,
    pub(super) short_writes: f64,
    pub(super) spurious: f64,
    pub(super) unresolved: f64,
}

impl NetFaults {
    /// None.
    pub fn new() -> NetFaults {
        NetFaults::default()
    }

    /// How likely connecting, listening, binding or accepting fails for want of a descriptor.
    pub fn out_of_descriptors(mut self, probability: f64) -> Self {
        self.0.out_of_descriptors = probability;
        self
    }

    /// How many sockets the host may have open at a time: the next one fails for want of a descriptor.
    pub fn descriptors(mut self, limit: usize) -> Self {
        self.0.descriptors = Some(limit);
        self
    }

    /// How likely a read of a stream gives less than there is.
    pub fn short_reads(mut self, probability: f64) -> Self {
        self.0.short_reads = probability;
        self
    }

    /// How likely a write to a stream takes less than there is room for.
    pub fn short_writes(mut self, probability: f64) -> Self {
        self.0.short_writes = probability;
        self
    }

    /// How likely a poll of a socket wakes its task and has nothing for it. At most 0.9, so that there is progress.
    pub fn spurious(mut self, probability: f64) -> Self {
        self.0.spurious = probability.min(0.9);
        self
    }

    /// How likely the look-up of a name fails for the moment.
    pub fn unresolved(mut self, probability: f64) -> Self {
        self.0.unresolved = probability;
        self
    }
}
