//! Halves that own their stream together.

use std::error::Error;
use std::fmt;

use super::sealed::Shared;
use crate::TcpStream;
use crate::forward;

/// The reading half of a stream, owned; made by [`TcpStream::into_split`] and its like.
#[derive(Debug)]
pub struct OwnedReadHalf<S: Shared = TcpStream> {
    stream: S,
}

/// The writing half of a stream, owned; made by [`TcpStream::into_split`] and its like.
///
/// Dropping it ends the writing direction, so that the peer reads the end. [`forget`](OwnedWriteHalf::forget) does not.
#[derive(Debug)]
pub struct OwnedWriteHalf<S: Shared = TcpStream> {
    stream: S,
    ends_on_drop: bool,
}

impl<S: Shared> OwnedReadHalf<S> {
    pub(crate) fn new(stream: S) -> Self {
        OwnedReadHalf { stream }
    }

    /// The whole stream, for its addresses and options.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Puts the two halves of one stream together again. Nothing is shut down.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// # let listener = whit_net::TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = whit_net::TcpStream::connect(listener.local_addr()?).await?;
    /// let (read, write) = stream.into_split();
    /// let stream = read.reunite(write).expect("they were split above");
    /// # drop(stream);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The halves belong to different streams; the error gives them back.
    pub fn reunite(self, write: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        if !self.stream.is_same(&write.stream) {
            return Err(ReuniteError(self, write));
        }
        write.forget();
        Ok(self.stream)
    }
}

impl<S: Shared> OwnedWriteHalf<S> {
    pub(crate) fn new(stream: S) -> Self {
        OwnedWriteHalf { stream, ends_on_drop: true }
    }

    /// The whole stream, for its addresses and options.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Drops this half and leaves the writing direction open for the stream's other handles.
    pub fn forget(mut self) {
        self.ends_on_drop = false;
    }

    /// As [`OwnedReadHalf::reunite`], from the other side.
    ///
    /// # Errors
    ///
    /// As for [`OwnedReadHalf::reunite`].
    pub fn reunite(self, read: OwnedReadHalf<S>) -> Result<S, ReuniteError<S>> {
        read.reunite(self)
    }
}

impl<S: Shared> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if self.ends_on_drop {
            self.stream.end_writing();
        }
    }
}

forward::read!([S: Shared + Unpin] OwnedReadHalf<S> [for<'s> &'s S: futures_io::AsyncRead], |this| &mut &this.stream);
forward::write!([S: Shared + Unpin] OwnedWriteHalf<S> [for<'s> &'s S: futures_io::AsyncWrite], |this| &mut &this.stream);

/// The two halves belong to different streams; here they are again.
#[derive(Debug)]
pub struct ReuniteError<S: Shared = TcpStream>(
    /// The reading half.
    pub OwnedReadHalf<S>,
    /// The writing half.
    pub OwnedWriteHalf<S>,
);

impl<S: Shared> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "reuniting failed: the halves belong to different streams; give the two that came from one `into_split`",
        )
    }
}

impl<S: Shared> Error for ReuniteError<S> {}
