//! Standard streams, copying both ways, and readers of lines and frames: what `futures-lite`'s `io` does not have.
//!
//! ```
//! use futures_lite::StreamExt;
//! use whit_fs::io::{FrameReader, FrameWriter, LineReader};
//!
//! futures_lite::future::block_on(async {
//!     let mut lines = LineReader::new(&b"one\ntwo\r\nthree"[..], 80);
//!     assert_eq!(lines.next().await.unwrap()?, "one");
//!
//!     let mut frames = FrameWriter::new(Vec::new(), 1024);
//!     frames.send(b"a frame").await?;
//!     let bytes = frames.into_inner();
//!     assert_eq!(bytes, b"\0\0\0\x07a frame");
//!     assert_eq!(FrameReader::new(&bytes[..], 1024).next().await.unwrap()?, b"a frame");
//!     std::io::Result::Ok(())
//! })
//! .unwrap();
//! ```

mod copy;
mod frames;
mod lines;
mod stdio;

pub use copy::copy_bidirectional;
pub use frames::{FrameReader, FrameWriter};
pub use lines::LineReader;
pub use stdio::{Stderr, Stdin, Stdout, stderr, stdin, stdout};
