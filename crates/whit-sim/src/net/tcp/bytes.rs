//! Copies out of a ring of bytes, piece by piece instead of byte by byte.

use std::collections::VecDeque;

/// Fills `to` with what stands in `from` at `at` and behind it.
pub(super) fn copy(from: &VecDeque<u8>, at: usize, to: &mut [u8]) {
    let (front, back) = from.as_slices();
    let first = front.get(at..).unwrap_or_default();
    let len = first.len().min(to.len());
    let (one, two) = to.split_at_mut(len);
    one.copy_from_slice(&first[..len]);
    let at = at.saturating_sub(front.len());
    two.copy_from_slice(&back[at..at + two.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn across_the_seam() {
        let mut ring: VecDeque<u8> = VecDeque::with_capacity(8);
        ring.extend(0..8);
        ring.drain(..5);
        ring.extend(8..12);
        assert!(!ring.as_slices().1.is_empty(), "it wraps");
        for at in 0..ring.len() {
            for len in 0..=ring.len() - at {
                let mut copied = vec![0; len];
                copy(&ring, at, &mut copied);
                assert!(copied.iter().copied().eq((5..12).skip(at).take(len)), "{len} at {at}");
            }
        }
    }
}
