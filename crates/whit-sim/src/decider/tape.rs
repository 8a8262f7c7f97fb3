//! `Tape`: every choice of a run as bytes, one track for each domain, in which 0 is the tame choice.
//!
//! A track for each domain, not one for all: cutting a piece out of the schedule then leaves the network's choices alone, so a
//! failing run keeps failing under many more cuts. What is read behind the end of a track is 0.

use std::fmt;
use std::str::FromStr;

use super::{CHOICES, Choice};

/// Every choice of a run. To be replayed, shrunk, printed, or made up by a fuzzer.
///
/// ```
/// use whit_sim::Tape;
///
/// let tape: Tape = "S0103N00".parse().unwrap();
/// assert_eq!(tape.to_string(), "S0103N00");
/// assert_eq!(tape.len(), 3);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tape {
    pub(crate) tracks: [Vec<u8>; CHOICES],
}

/// Schedule, network, disk, faults, the user's own, pre-emption. None of them is a hexadecimal digit.
const NAMES: [u8; CHOICES] = *b"SNKXUP";

impl Tape {
    /// A tape from any bytes, for fuzzers: they are dealt to the tracks in turn, and every tape is a valid run.
    pub fn from_bytes(bytes: &[u8]) -> Tape {
        let mut tape = Tape::default();
        bytes.iter().enumerate().for_each(|(at, byte)| tape.tracks[at % CHOICES].push(*byte));
        tape
    }

    /// Bytes that [`from_bytes`](Tape::from_bytes) makes the same run of: for a fuzzer to begin with, out of a run that is known.
    ///
    /// Where one track has more choices than another, this has zeros for the other.
    pub fn to_bytes(&self) -> Vec<u8> {
        let longest = self.tracks.iter().map(Vec::len).max().unwrap_or(0);
        let choice = |at: usize| self.tracks.iter().map(move |track| track.get(at).copied().unwrap_or(0));
        (0..longest).flat_map(choice).collect()
    }

    /// How many bytes there are, on all tracks.
    pub fn len(&self) -> usize {
        self.tracks.iter().map(Vec::len).sum()
    }

    /// Whether there is none: every choice is tame.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes are not 0: what is not tame about the run.
    pub fn wild(&self) -> usize {
        self.tracks.iter().flatten().filter(|byte| **byte != 0).count()
    }

    /// Without what is 0 at the ends, which reads the same.
    pub(crate) fn trimmed(mut self) -> Tape {
        for track in &mut self.tracks {
            let length = track.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            track.truncate(length);
        }
        self
    }

    pub(crate) fn push(&mut self, of: Choice, value: u32, width: usize) {
        self.tracks[of as usize].extend_from_slice(&value.to_be_bytes()[4 - width..]);
    }
}

/// Where a replay has come to on each track.
#[derive(Debug)]
pub(crate) struct Head {
    tape: Tape,
    at: [usize; CHOICES],
}

impl Head {
    pub(crate) fn new(tape: Tape) -> Head {
        Head { tape, at: [0; CHOICES] }
    }

    pub(crate) fn next(&mut self, of: Choice, width: usize) -> u32 {
        let (track, at) = (&self.tape.tracks[of as usize], &mut self.at[of as usize]);
        let value = (*at..*at + width).fold(0, |value, at| value << 8 | u32::from(track.get(at).copied().unwrap_or(0)));
        *at += width;
        value
    }
}

/// A letter for each track that is not empty, and its bytes in hexadecimal.
impl fmt::Display for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, track) in NAMES.iter().zip(&self.tracks).filter(|(_, track)| !track.is_empty()) {
            write!(f, "{}", char::from(*name))?;
            track.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tape({self})")
    }
}

/// What was to be a tape is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapeError {
    at: usize,
}

impl fmt::Display for TapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a tape of choices cannot be read at its character {}: it is letters out of `SNKXUP`, each with pairs of hexadecimal \
             digits behind it; give it as the failing run printed it",
            self.at + 1
        )
    }
}

impl std::error::Error for TapeError {}

impl FromStr for Tape {
    type Err = TapeError;

    fn from_str(text: &str) -> Result<Tape, TapeError> {
        let (mut tape, mut track, mut at) = (Tape::default(), None, 0);
        let bytes = text.trim().as_bytes();
        while at < bytes.len() {
            if let Some(named) = NAMES.iter().position(|name| *name == bytes[at]) {
                track = Some(named);
                at += 1;
                continue;
            }
            let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
            let (Some(track), Some(high), Some(low)) = (track, digit(at), digit(at + 1)) else {
                return Err(TapeError { at });
            };
            tape.tracks[track].push((high << 4 | low) as u8);
            at += 2;
        }
        Ok(tape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let mut tape = Tape::from_bytes(&[1, 2, 3, 4, 5, 0xAB, 0, 0xFF]);
        tape.push(Choice::Schedule, 0x0102_0304, 2);
        assert_eq!(tape.to_string(), "S01000304N02ffK03X04U05Pab");
        assert_eq!(tape.to_string().parse(), Ok(tape.clone()));
        assert_eq!((tape.len(), tape.wild()), (10, 9));
        assert_eq!("".parse(), Ok(Tape::default()));
        let again = Tape::from_bytes(&tape.to_bytes());
        assert_eq!((again.len(), again.trimmed()), (24, tape.clone().trimmed()));
        for (bad, at) in [("01", 1), ("S0", 2), ("S0g", 2), ("Sé", 2), ("S01 02", 4)] {
            let error = bad.parse::<Tape>().unwrap_err();
            assert!(error.to_string().contains(&format!("character {at}:")), "{error}");
        }
    }

    #[test]
    fn behind_the_end_all_is_tame() {
        let mut head = Head::new(Tape::from_bytes(&[7]));
        assert_eq!(head.next(Choice::Schedule, 2), 0x0700);
        assert_eq!(head.next(Choice::Schedule, 4), 0);
        assert_eq!(head.next(Choice::App, 1), 0);
    }
}
