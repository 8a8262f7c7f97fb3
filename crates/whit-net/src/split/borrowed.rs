//! Halves that borrow their stream.

use crate::TcpStream;
use crate::forward;

/// The reading half of a stream, borrowed; made by [`TcpStream::split`] and its like.
#[derive(Debug)]
pub struct ReadHalf<'a, S = TcpStream> {
    stream: &'a S,
}

/// The writing half of a stream, borrowed; made by [`TcpStream::split`] and its like. Dropping it ends nothing.
#[derive(Debug)]
pub struct WriteHalf<'a, S = TcpStream> {
    stream: &'a S,
}

impl<'a, S> ReadHalf<'a, S> {
    pub(crate) fn new(stream: &'a S) -> Self {
        ReadHalf { stream }
    }

    /// The whole stream, for its addresses and options.
    pub fn stream(&self) -> &'a S {
        self.stream
    }
}

impl<'a, S> WriteHalf<'a, S> {
    pub(crate) fn new(stream: &'a S) -> Self {
        WriteHalf { stream }
    }

    /// The whole stream, for its addresses and options.
    pub fn stream(&self) -> &'a S {
        self.stream
    }
}

forward::read!(['a, S] ReadHalf<'a, S> [&'a S: futures_io::AsyncRead], |this| &mut this.stream);
forward::write!(['a, S] WriteHalf<'a, S> [&'a S: futures_io::AsyncWrite], |this| &mut this.stream);
