//! How many hops to the pool things take: counted by a pool that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_lite::future::block_on;
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, StreamExt};
use whit_blocking::Pool;
use whit_core::{Blocking, Handle, Runnable, Schedule, ScheduleInfo};
use whit_fs::File;

mod support;
use support::Folder;

struct Counting {
    pool: Pool,
    hops: AtomicUsize,
}

impl Schedule for Counting {
    fn schedule(&self, runnable: Runnable, info: ScheduleInfo) {
        self.hops.fetch_add(1, Ordering::SeqCst);
        self.pool.schedule(runnable, info);
    }
}

impl Blocking for Counting {}

#[test]
fn what_takes_a_path_takes_one_hop_and_small_writes_share_them() {
    let folder = Folder::new();
    let counting = Arc::new(Counting { pool: Pool::new(), hops: AtomicUsize::new(0) });
    let _entered = Handle::builder().blocking(counting.clone()).build().enter();
    let hops = || counting.hops.swap(0, Ordering::SeqCst);
    block_on(async {
        whit_fs::write(folder.join("file"), vec![1; 3_000_000]).await.unwrap();
        assert_eq!(hops(), 1);
        assert_eq!(whit_fs::read(folder.join("file")).await.unwrap().len(), 3_000_000);
        assert_eq!(hops(), 1);
        whit_fs::copy(folder.join("file"), folder.join("copy")).await.unwrap();
        assert_eq!(hops(), 1);
        whit_fs::remove_dir_all(folder.path()).await.unwrap();
        assert_eq!(hops(), 1);
        whit_fs::create_dir_all(folder.join("a/b/c")).await.unwrap();
        assert_eq!(hops(), 1);
        for i in 0..50 {
            std::fs::write(folder.join(&format!("{i}")), "").unwrap();
        }
        assert_eq!(whit_fs::read_dir(folder.path()).await.unwrap().count().await, 51);
        assert_eq!(hops(), 2, "one to open, one to read");

        let mut file = File::create(folder.join("file")).await.unwrap();
        assert_eq!(hops(), 1);
        for _ in 0..10_000 {
            file.write_all(b"0123456789").await.unwrap();
        }
        file.flush().await.unwrap();
        let writing = hops();
        // How many, the speed of the disk says; never one each.
        assert!((1..2_000).contains(&writing), "{writing}");
        println!("10,000 writes of 10 bytes: {writing} hops");

        let mut file = File::open(folder.join("file")).await.unwrap();
        hops();
        let mut bytes = [0; 10];
        for _ in 0..9_999 {
            file.read_exact(&mut bytes).await.unwrap();
        }
        // Just written, so in memory.
        let reading = hops();
        assert!(reading == 0 || !knows_nowait(&folder), "{reading}");
        whit_fs::testing::try_nowait(false);
        file.seek(std::io::SeekFrom::Start(0)).await.unwrap();
        for _ in 0..10_000 {
            file.read_exact(&mut bytes).await.unwrap();
        }
        let reading = hops();
        assert_eq!(reading, 2, "100,000 bytes are two times 64 KiB");
    });
}

/// Not every system and not every file system can read without waiting.
fn knows_nowait(folder: &Folder) -> bool {
    #[cfg(target_os = "linux")]
    {
        let file = std::fs::File::open(folder.join("file")).unwrap();
        let bytes = &mut [0];
        rustix::io::preadv2(&file, &mut [std::io::IoSliceMut::new(bytes)], 0, rustix::io::ReadWriteFlags::NOWAIT)
            .is_ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        false
    }
}
