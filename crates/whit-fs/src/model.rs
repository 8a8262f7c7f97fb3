//! A cursor over memory, for loom: each job has a thread of its own, which runs it, or drops it as a pool does that shuts down.

use std::io::{self, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use whit_core::DiskWork;

use crate::cursor::{Cursor, Io};
use crate::sync::Mutex;

/// Whether jobs are dropped unrun. std's atomic on purpose: it is set before a model begins.
static DROPS: AtomicBool = AtomicBool::new(false);

/// Whether jobs of the models that follow are dropped unrun.
pub fn set_drops(drops: bool) {
    DROPS.store(drops, Ordering::SeqCst);
}

/// A file in memory.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "for models only")]
pub struct Model(Arc<Cursor<Memory>>);

struct Memory(Mutex<(Vec<u8>, usize)>);

#[allow(missing_docs, reason = "the names of the cursor")]
impl Model {
    pub fn new(bytes: &[u8]) -> Model {
        Model(Arc::new(Cursor::new(Memory(Mutex::new((bytes.to_vec(), 0))))))
    }

    pub fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buf)
    }

    pub fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, buf)
    }

    pub fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush(cx)
    }

    pub fn poll_seek(&self, cx: &mut Context<'_>, to: SeekFrom) -> Poll<io::Result<u64>> {
        self.0.poll_seek(cx, to)
    }

    pub fn settle(&self) {
        self.0.settle();
    }

    pub fn abandon(&self) {
        self.0.abandon();
    }

    pub fn contents(&self) -> Vec<u8> {
        self.0.io.0.lock().unwrap().0.clone()
    }
}

impl Io for Memory {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let (bytes, at) = &mut *self.0.lock().unwrap();
        let length = buf.len().min(bytes.len() - *at);
        buf[..length].copy_from_slice(&bytes[*at..][..length]);
        *at += length;
        Ok(length)
    }

    fn write_all(&self, new: &[u8]) -> io::Result<()> {
        let (bytes, at) = &mut *self.0.lock().unwrap();
        bytes.resize(bytes.len().max(*at + new.len()), 0);
        bytes[*at..][..new.len()].copy_from_slice(new);
        *at += new.len();
        Ok(())
    }

    fn seek(&self, to: SeekFrom) -> io::Result<u64> {
        let (bytes, at) = &mut *self.0.lock().unwrap();
        *at = match to {
            SeekFrom::Start(to) => to as usize,
            SeekFrom::Current(by) => moved(*at, by),
            SeekFrom::End(by) => moved(bytes.len(), by),
        };
        Ok(*at as u64)
    }

    fn start(&self, _: DiskWork, job: impl FnOnce() + Send + 'static) -> bool {
        let drops = DROPS.load(Ordering::SeqCst);
        loom::thread::spawn(move || if drops { drop(job) } else { job() });
        false
    }
}

fn moved(at: usize, by: i64) -> usize {
    at.checked_add_signed(by as isize).expect("within the file")
}
