//! A disk of one's own in the handle: the same functions reach it, wait for its time, and give that up.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use futures_lite::future::block_on;
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};
use whit_blocking::Pool;
use whit_core::{Disk, DiskFile, DiskWork, FileFacts, FileKind, Handle, ManualClock, OpenFlags};
use whit_fs::File;

const SECOND: Duration = Duration::from_secs(1);

/// One file, `/file`, which cannot be made anew. Each job takes a second.
#[derive(Clone, Debug, Default)]
struct OneFile(Arc<Mutex<Vec<u8>>>);

impl OneFile {
    fn find(&self, path: &Path) -> io::Result<()> {
        if path == Path::new("/file") { Ok(()) } else { Err(ErrorKind::NotFound.into()) }
    }
}

impl Disk for OneFile {
    fn delay(&self, _: DiskWork) -> Duration {
        SECOND
    }

    fn open(&self, path: &Path, _: OpenFlags) -> io::Result<Arc<dyn DiskFile>> {
        self.find(path)?;
        Ok(Arc::new(self.clone()))
    }

    fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        self.find(path)?;
        DiskFile::facts(self)
    }

    fn list(&self, _: &Path) -> io::Result<Vec<(OsString, FileKind)>> {
        Ok(vec![("file".into(), FileKind::File)])
    }

    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    fn remove_dir(&self, _: &Path) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    fn remove_file(&self, _: &Path) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    fn hard_link(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    fn set_readonly(&self, _: &Path, _: bool) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}

impl DiskFile for OneFile {
    /// One byte at a time: whoever wants more must ask again.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let bytes = self.0.lock().unwrap();
        let rest = &bytes[bytes.len().min(offset as usize)..];
        let length = rest.len().min(buf.len()).min(1);
        buf[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut all = self.0.lock().unwrap();
        all.truncate(offset as usize);
        all.push(bytes[0]);
        Ok(1)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.lock().unwrap().truncate(length as usize);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }

    fn facts(&self) -> io::Result<FileFacts> {
        let mut facts = FileFacts::new(FileKind::File, SystemTime::UNIX_EPOCH);
        facts.length = self.0.lock().unwrap().len() as u64;
        Ok(facts)
    }

    fn set_readonly(&self, _: bool) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}

#[test]
fn files_are_where_the_handle_has_them_and_without_a_clock_nobody_waits() {
    let disk = OneFile::default();
    let handle = Handle::builder().blocking(Arc::new(Pool::new())).disk(Arc::new(disk.clone())).build();
    let entered = handle.enter();
    let mut file = block_on(async {
        whit_fs::write("/file", "from the front").await.unwrap();
        assert_eq!(whit_fs::read_to_string("/file").await.unwrap(), "from the front");
        assert!(whit_fs::exists("/file").await.unwrap() && !whit_fs::exists("/other").await.unwrap());
        let mut entries = whit_fs::read_dir("/").await.unwrap();
        let entry = entries.next().await.unwrap().unwrap();
        assert_eq!((entry.path().as_path(), entry.metadata().await.unwrap().len()), (Path::new("/file"), 14));
        let error = whit_fs::create_dir("/dir").await.unwrap_err();
        assert!(error.to_string().starts_with("making the directory /dir failed: "), "{error}");
        let mut file = File::open("/file").await.unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "from the front");
        file
    });
    drop(entered);
    // The file stays where it was opened, also outside: written right here.
    block_on(file.write_all(b" to the end")).unwrap();
    assert_eq!(*disk.0.lock().unwrap(), b"from the front to the end");
    drop(file);
    assert!(block_on(whit_fs::metadata("/file")).is_err(), "this is the system's");
}

#[test]
fn a_delay_is_waited_for_on_the_clock_and_forgotten_when_given_up() {
    let (disk, clock) = (OneFile::default(), Arc::new(ManualClock::new()));
    let pool = Arc::new(Pool::new());
    let _entered = Handle::builder().blocking(pool).clock(clock.clone()).disk(Arc::new(disk.clone())).build().enter();
    let cx = &mut Context::from_waker(Waker::noop());

    let mut opening = pin!(File::open("/file"));
    assert!(opening.as_mut().poll(cx).is_pending() && clock.next_deadline().is_some());
    clock.advance(SECOND);
    let mut file = block_on(opening).unwrap();

    // Given up in time, it is not done.
    {
        let mut writing = pin!(whit_fs::write("/file", "lost"));
        assert!(writing.as_mut().poll(cx).is_pending());
    }
    assert_eq!(clock.next_deadline(), None);
    clock.advance(SECOND);
    assert_eq!(*disk.0.lock().unwrap(), b"");

    // Behind: accepted at once, and written when its time has come, though the file was dropped.
    block_on(file.write_all(b"kept")).unwrap();
    wait_until(|| clock.next_deadline().is_some());
    let mut flushing = pin!(file.flush());
    assert!(matches!(flushing.as_mut().poll(cx), Poll::Pending));
    assert_eq!(*disk.0.lock().unwrap(), b"");
    drop(file);
    clock.advance(SECOND);
    wait_until(|| *disk.0.lock().unwrap() == b"kept");
}

fn wait_until(done: impl Fn() -> bool) {
    let since = std::time::Instant::now();
    while !done() {
        assert!(since.elapsed() < 30 * SECOND, "it never comes");
        std::thread::yield_now();
    }
}
