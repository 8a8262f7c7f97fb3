//! LineReader, frames, and copying both ways.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::StreamExt;
use futures_lite::future::{block_on, poll_once};
use whit_fs::io::{FrameReader, FrameWriter, LineReader, copy_bidirectional};

/// Gives one byte at a time, takes two at a time, and is pending before each.
#[derive(Default)]
struct Slow {
    input: VecDeque<u8>,
    output: Rc<RefCell<Vec<u8>>>,
    closed: Rc<RefCell<bool>>,
    flushed: Rc<RefCell<usize>>,
    ready: bool,
}

impl Slow {
    fn of(input: &[u8]) -> Slow {
        Slow { input: input.iter().copied().collect(), ..Slow::default() }
    }

    fn turn(&mut self, cx: &Context<'_>) -> Poll<()> {
        self.ready = !self.ready;
        if self.ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Slow {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        std::task::ready!(self.turn(cx));
        let Some(byte) = self.input.pop_front() else { return Poll::Ready(Ok(0)) };
        buf[0] = byte;
        Poll::Ready(Ok(1))
    }
}

impl AsyncWrite for Slow {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        std::task::ready!(self.turn(cx));
        if *self.closed.borrow() {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let length = buf.len().min(2);
        self.output.borrow_mut().extend_from_slice(&buf[..length]);
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        *self.flushed.borrow_mut() += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        *self.closed.borrow_mut() = true;
        Poll::Ready(Ok(()))
    }
}

/// The next item, with a future of `next` dropped before each poll.
async fn next<S: StreamExt + Unpin>(stream: &mut S) -> Option<S::Item> {
    loop {
        if let Some(item) = poll_once(stream.next()).await {
            return item;
        }
    }
}

#[test]
fn lines_come_whole_however_their_bytes_come() {
    block_on(async {
        let text = "one\r\ntwo\n\n\u{e4}\r x\nlast";
        let expected = ["one", "two", "", "\u{e4}\r x", "last"];
        let mut at_once = LineReader::new(text.as_bytes(), 5);
        let mut slow = LineReader::new(Slow::of(text.as_bytes()), 5);
        for line in expected {
            assert_eq!(next(&mut at_once).await.unwrap().unwrap(), line);
            assert_eq!(next(&mut slow).await.unwrap().unwrap(), line);
        }
        assert!(next(&mut at_once).await.is_none() && next(&mut slow).await.is_none());

        let mut lines = LineReader::new(&b"head\nand a body"[..], 10);
        next(&mut lines).await.unwrap().unwrap();
        assert_eq!(lines.into_parts().1, b"and a body");
    });
}

#[test]
fn a_line_that_is_too_long_or_no_text_is_an_error() {
    block_on(async {
        // Exactly the limit is fine, with either end; one more is not; nor is one that never ends.
        for (text, fine) in
            [("12345\n", true), ("12345\r\n", true), ("12345", true), ("123456\n", false), ("123456", false)]
        {
            for slow in [false, true] {
                let input: Box<dyn AsyncRead + Unpin> =
                    if slow { Box::new(Slow::of(text.as_bytes())) } else { Box::new(text.as_bytes()) };
                let mut lines = LineReader::new(input, 5);
                let line = next(&mut lines).await.unwrap();
                assert_eq!(line.is_ok(), fine, "{text:?}");
                if let Err(error) = line {
                    assert!(error.kind() == ErrorKind::InvalidData && error.to_string().contains("limit of 5 bytes"));
                    assert!(next(&mut lines).await.is_none());
                }
            }
        }
        let mut endless = LineReader::new(futures_lite::io::repeat(b'x'), 100_000);
        assert!(next(&mut endless).await.unwrap().is_err());
        let mut lines = LineReader::new(&b"\xff\nx\n"[..], 10);
        assert!(next(&mut lines).await.unwrap().unwrap_err().to_string().contains("UTF-8"));
        assert!(next(&mut lines).await.is_none());
    });
}

#[test]
fn frames_come_whole_and_are_never_torn() {
    block_on(async {
        let output = Slow::default();
        let bytes = output.output.clone();
        let mut writer = FrameWriter::new(output, 100);
        // Each send is given up after one poll; what it accepted is finished by the next.
        let mut accepted = 0;
        for i in 0..50u8 {
            let frame = vec![i; i as usize];
            if poll_once(writer.send(&frame)).await.is_none() {
                // Accepted whole, or not at all: see below.
                accepted += 1;
            }
        }
        assert!(accepted > 0);
        writer.send(b"last").await.unwrap();
        writer.flush().await.unwrap();
        assert_eq!(writer.send(&[0; 101]).await.unwrap_err().kind(), ErrorKind::InvalidInput);
        writer.close().await.unwrap();

        let bytes = bytes.borrow().clone();
        let mut reader = FrameReader::new(Slow::of(&bytes), 100);
        let mut frames = Vec::new();
        while let Some(frame) = next(&mut reader).await {
            frames.push(frame.unwrap());
        }
        assert_eq!(frames.pop().unwrap(), b"last");
        assert!(frames.iter().all(|frame| frame.iter().all(|byte| *byte as usize == frame.len())));
        assert!(frames.windows(2).all(|pair| pair[0].len() < pair[1].len()));
    });
}

#[test]
fn bad_frames_are_errors() {
    block_on(async {
        let cases: [(&[u8], ErrorKind); 4] = [
            (b"\0\0\0\x05abcd", ErrorKind::UnexpectedEof),
            (b"\0\0\0", ErrorKind::UnexpectedEof),
            (b"\0\0\0\x65", ErrorKind::InvalidData),
            (b"\xff\xff\xff\xff", ErrorKind::InvalidData),
        ];
        for (bytes, kind) in cases {
            let mut reader = FrameReader::new(bytes, 100);
            assert_eq!(next(&mut reader).await.unwrap().unwrap_err().kind(), kind);
            assert!(next(&mut reader).await.is_none());
        }
        // A great limit and a great length, but few bytes: nothing great is allocated. (It would be 4 GiB.)
        let mut reader = FrameReader::new(&b"\xff\xff\xff\xffabc"[..], usize::MAX);
        assert_eq!(next(&mut reader).await.unwrap().unwrap_err().kind(), ErrorKind::UnexpectedEof);
        let mut empty = FrameReader::new(&b"\0\0\0\0"[..], 0);
        assert_eq!(next(&mut empty).await.unwrap().unwrap(), b"");
        assert!(next(&mut empty).await.is_none());
    });
}

#[test]
fn copying_both_ways_closes_each_direction_and_flushes() {
    block_on(async {
        let (question, answer) = (vec![1; 50_000], vec![2; 70_001]);
        let (mut one, mut two) = (Slow::of(&question), Slow::of(&answer));
        let copied = copy_bidirectional(&mut one, &mut two).await.unwrap();
        assert_eq!(copied, (50_000, 70_001));
        assert!(*two.output.borrow() == question && *one.output.borrow() == answer);
        assert!(*one.closed.borrow() && *two.closed.borrow());
        assert!(*one.flushed.borrow() > 0 && *two.flushed.borrow() > 0);
    });
}

#[test]
fn an_error_of_one_direction_ends_both() {
    block_on(async {
        let (mut one, mut two) = (Slow::of(b"question"), Slow::of(b"answer"));
        *two.closed.borrow_mut() = true;
        let error = copy_bidirectional(&mut one, &mut two).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert!(error.to_string().starts_with("copying from the first to the second failed: "), "{error}");
    });
}
