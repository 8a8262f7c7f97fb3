//! What goes through the socket: frames of a length in four bytes, the biggest first, and so many bytes.
//!
//! A request is the length of a name in one byte, the name, and the arguments. An answer is a byte that says what it is, and the
//! result or a text.

use super::JobError;

pub(super) const HEAD: usize = 4;

/// What an answer is.
pub(super) const DONE: u8 = 0;
pub(super) const PANICKED: u8 = 1;
pub(super) const UNREGISTERED: u8 = 2;
pub(super) const SERDE: u8 = 3;

/// The parts as one frame.
pub(super) fn frame(parts: &[&[u8]]) -> Result<Vec<u8>, JobError> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let head = u32::try_from(length)
        .map_err(|_| JobError::Serde(format!("{length} bytes are too many; a process takes and gives up to 4 GiB")))?;
    let mut frame = Vec::with_capacity(HEAD + length);
    frame.extend_from_slice(&head.to_be_bytes());
    parts.iter().for_each(|part| frame.extend_from_slice(part));
    Ok(frame)
}

#[cfg(unix)]
pub(super) fn length(head: [u8; HEAD]) -> usize {
    u32::from_be_bytes(head) as usize
}
