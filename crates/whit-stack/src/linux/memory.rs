//! Reading the process's own memory by way of the kernel, which answers with an error where a plain read would be the end.

use std::io;

/// A page is the least that can be missing.
const PAGE: usize = 4096;
/// Pieces of one call: what is on the stack of a signal handler must be little.
const PIECES: usize = 64;

/// Fills `into` with what is at `address`, up to the first page that cannot be read; how many bytes that were.
///
/// Async-signal-safe. The bytes are what they were at some moment, each for itself: others may write to them.
pub(super) fn read(address: u64, into: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < into.len() {
        let from = address.saturating_add(done as u64);
        let read = read_some(from, &mut into[done..])?;
        done += read.got;
        if read.got < read.asked {
            break;
        }
    }
    Ok(done)
}

struct Read {
    asked: usize,
    got: usize,
}

fn read_some(address: u64, into: &mut [u8]) -> io::Result<Read> {
    let mut pieces = [libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; PIECES];
    let (mut count, mut asked) = (0, 0);
    while count < PIECES && asked < into.len() {
        let at = (address as usize).saturating_add(asked);
        let length = (PAGE - at % PAGE).min(into.len() - asked);
        pieces[count] = libc::iovec { iov_base: std::ptr::without_provenance_mut(at), iov_len: length };
        count += 1;
        asked += length;
    }
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: asked };
    // SAFETY: the kernel writes to `into` alone, at most `asked` bytes, and reads from addresses that it checks itself.
    let got = unsafe {
        libc::process_vm_readv(libc::getpid(), &raw const local, 1, pieces.as_ptr(), count as libc::c_ulong, 0)
    };
    match usize::try_from(got) {
        Ok(got) => Ok(Read { asked, got }),
        Err(_) => {
            let error = io::Error::last_os_error();
            match error.raw_os_error() {
                Some(libc::EFAULT) => Ok(Read { asked, got: 0 }),
                _ => Err(error),
            }
        }
    }
}

/// So many bytes, or nothing.
pub(super) fn read_exact(address: u64, length: usize) -> Option<Vec<u8>> {
    // What claims to be longer is no section of a program.
    if length > 1 << 30 {
        return None;
    }
    let mut bytes = vec![0; length];
    (read(address, &mut bytes).ok()? == length).then_some(bytes)
}
