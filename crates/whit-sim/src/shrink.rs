//! Making a failing tape tamer: pieces are cut out and set to 0 while the run still fails.

use crate::decider::{CHOICES, Tape};

/// A tape that still fails, and what it took.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The tape.
    pub tape: Tape,
    /// How many runs were tried.
    pub runs: u32,
}

/// Shrinks `tape` in at most `budget` runs. `fails` runs one, and answers with the choices that were made if it failed alike.
pub(crate) fn shrink(tape: Tape, budget: u32, fails: impl FnMut(&Tape) -> Option<Tape>) -> Shrunk {
    let mut search = Search { best: tape.trimmed(), runs: 0, budget, fails };
    // All of a domain at once: most failures need only one or two of them.
    for track in 0..CHOICES {
        search.attempt(|tape| tape.tracks[track].clear());
    }
    loop {
        let before = search.measure();
        for track in 0..CHOICES {
            search.pieces(track, |track, from, to| drop(track.drain(from..to)));
            search.pieces(track, |track, from, to| track[from..to].fill(0));
            search.lower(track);
        }
        if search.measure() == before || search.is_over() {
            return Shrunk { tape: search.best, runs: search.runs };
        }
    }
}

struct Search<F> {
    best: Tape,
    runs: u32,
    budget: u32,
    fails: F,
}

impl<F: FnMut(&Tape) -> Option<Tape>> Search<F> {
    /// What is not tame counts first.
    fn measure(&self) -> (usize, usize) {
        measure(&self.best)
    }

    fn is_over(&self) -> bool {
        self.runs >= self.budget
    }

    /// Takes a change over if the run still fails and the tape is tamer for it.
    fn attempt(&mut self, change: impl FnOnce(&mut Tape)) -> bool {
        let mut tape = self.best.clone();
        change(&mut tape);
        let tape = tape.trimmed();
        if self.is_over() || tape == self.best {
            return false;
        }
        self.runs += 1;
        // What was read counts, not what was there to be read.
        match (self.fails)(&tape).map(Tape::trimmed) {
            Some(made) if measure(&made) < self.measure() => {
                self.best = made;
                true
            }
            _ => false,
        }
    }

    /// Tries a change with ever smaller pieces of a track, from its end: what comes late depends on what came before.
    fn pieces(&mut self, track: usize, change: impl Fn(&mut Vec<u8>, usize, usize)) {
        let mut size = self.best.tracks[track].len();
        while size > 0 && !self.is_over() {
            let mut to = self.best.tracks[track].len();
            while to > 0 {
                let from = to.saturating_sub(size);
                self.attempt(|tape| change(&mut tape.tracks[track], from, to));
                // It may have become shorter than where the next piece begins.
                to = from.min(self.best.tracks[track].len());
            }
            size /= 2;
        }
    }

    /// Tries smaller numbers.
    fn lower(&mut self, track: usize) {
        for at in 0..self.best.tracks[track].len() {
            while self.best.tracks[track].get(at).is_some_and(|byte| *byte > 1) {
                if !self.attempt(|tape| tape.tracks[track][at] /= 2) {
                    break;
                }
            }
        }
    }
}

/// Less is tamer. The sum stands for all the bytes: of two tapes with as many choices that are not tame, the lower is.
fn measure(tape: &Tape) -> (usize, usize) {
    let sum: usize = tape.tracks.iter().flatten().map(|byte| usize::from(*byte)).sum();
    (tape.wild(), tape.len() * 256 + sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if, on the first track, a byte above 9 comes behind one above 99.
    fn fails(tape: &Tape) -> Option<Tape> {
        let track = &tape.tracks[0];
        let first = track.iter().position(|byte| *byte > 99)?;
        track[first + 1..].iter().any(|byte| *byte > 9).then(|| tape.clone())
    }

    #[test]
    fn down_to_what_is_needed() {
        let bytes: Vec<u8> = (0..500).map(|n: u32| (n * 97 % 251) as u8).collect();
        let tape = Tape::from_bytes(&bytes);
        assert!(fails(&tape).is_some());
        let shrunk = shrink(tape, 10_000, fails);
        let [first, second] = shrunk.tape.tracks[0][..] else { panic!("{:?}", shrunk.tape) };
        assert!((100..200).contains(&first) && (10..20).contains(&second), "{:?}", shrunk.tape);
        assert_eq!(shrunk.tape.len(), 2);
        assert!(shrunk.runs < 300, "{}", shrunk.runs);
    }

    #[test]
    fn within_the_budget() {
        let tape = Tape::from_bytes(&[200; 1000]);
        let mut runs = 0;
        let shrunk = shrink(tape, 20, |tape| {
            runs += 1;
            fails(tape)
        });
        assert_eq!((runs, shrunk.runs), (20, 20));
        assert!(fails(&shrunk.tape).is_some());
    }
}
