//! LineReader, of a bounded length: a peer that never ends its line must not fill the memory.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_io::AsyncRead;

/// Bytes that one read asks for.
const STEP: usize = 8 * 1024;

/// A stream of lines, without their `\n` or `\r\n`. Needs no buffer around the reader.
///
/// The last line may lack its end. After an error the stream ends.
///
/// # Errors
///
/// `InvalidData` for a line that is longer than the limit, or no UTF-8; else what the reader says.
///
/// # Cancel safety
///
/// Dropping the future of `next` loses nothing.
#[must_use = "streams do nothing unless polled"]
pub struct LineReader<R> {
    reader: R,
    max_bytes: usize,
    buffer: Vec<u8>,
    // Where the next line begins, and up to where no end was found.
    from: usize,
    seen: usize,
    ended: bool,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// The lines of `reader`, each of at most `max_bytes` bytes, without its end.
    pub fn new(reader: R, max_bytes: usize) -> LineReader<R> {
        LineReader { reader, max_bytes, buffer: Vec::new(), from: 0, seen: 0, ended: false }
    }

    /// The reader, and what was read and is in no line yet.
    pub fn into_parts(mut self) -> (R, Vec<u8>) {
        self.buffer.drain(..self.from);
        (self.reader, self.buffer)
    }

    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<String>>> {
        loop {
            if let Some(at) = self.buffer[self.seen..].iter().position(|byte| *byte == b'\n') {
                let (from, to) = (self.from, self.seen + at);
                (self.from, self.seen) = (to + 1, to + 1);
                let line = &self.buffer[from..to];
                return Poll::Ready(self.checked(line.strip_suffix(b"\r").unwrap_or(line)).map(Some));
            }
            self.seen = self.buffer.len();
            // One more for a `\r` whose `\n` has not come.
            if self.seen - self.from > self.max_bytes.saturating_add(1) {
                return Poll::Ready(Err(self.too_long()));
            }
            if self.ended {
                let rest = std::mem::take(&mut self.buffer);
                let line = &rest[std::mem::take(&mut self.from)..];
                self.seen = 0;
                return Poll::Ready(if line.is_empty() { Ok(None) } else { self.checked(line).map(Some) });
            }
            self.buffer.drain(..std::mem::take(&mut self.from));
            let filled = self.buffer.len();
            self.seen = filled;
            self.buffer.resize(filled + STEP, 0);
            let read = Pin::new(&mut self.reader).poll_read(cx, &mut self.buffer[filled..]);
            let length = if let Poll::Ready(Ok(length)) = &read { *length } else { 0 };
            self.buffer.truncate(filled + length);
            self.ended = ready!(read)? == 0;
        }
    }

    fn checked(&self, line: &[u8]) -> io::Result<String> {
        if line.len() > self.max_bytes {
            return Err(self.too_long());
        }
        String::from_utf8(line.to_vec()).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("reading a line failed: it is no UTF-8: {error}"))
        })
    }

    fn too_long(&self) -> io::Error {
        let text = format!("reading a line failed: it is longer than the limit of {} bytes", self.max_bytes);
        io::Error::new(io::ErrorKind::InvalidData, text)
    }
}

impl<R: AsyncRead + Unpin> Stream for LineReader<R> {
    type Item = io::Result<String>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<String>>> {
        let this = self.get_mut();
        let line = ready!(this.poll_line(cx));
        if line.is_err() {
            this.ended = true;
            this.buffer.clear();
            (this.from, this.seen) = (0, 0);
        }
        Poll::Ready(line.transpose())
    }
}

impl<R: fmt::Debug> fmt::Debug for LineReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineReader")
            .field("reader", &self.reader)
            .field("max_bytes", &self.max_bytes)
            .field("buffered", &(self.buffer.len() - self.from))
            .finish()
    }
}
