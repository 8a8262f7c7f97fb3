//! What it is worth to try a read without waiting first: cached reads of a file with and without, interleaved, as a ratio.
//!
//! `cargo run --release -p whit-fs --example cached_reads`

use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use futures_lite::{AsyncReadExt, AsyncSeekExt};
use whit_fs::File;

const ROUNDS: usize = 15;
const LENGTH: usize = 4 << 20;

fn main() -> std::io::Result<()> {
    let path = std::env::temp_dir().join(format!("whit-cached-reads-{}", std::process::id()));
    std::fs::write(&path, vec![1; LENGTH])?;
    let file = &mut block_on(File::open(&path))?;
    for (name, size, positional) in [
        ("read_at 4 KiB", 4096, true),
        ("read_at 64 KiB", 65536, true),
        ("read 4 KiB", 4096, false),
        ("read 64 KiB", 65536, false),
    ] {
        let mut ratios = Vec::new();
        let (mut with, mut without) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            let times = [true, false].map(|tries| {
                whit_fs::testing::try_nowait(tries);
                let started = Instant::now();
                block_on(pass(file, size, positional)).map(|()| started.elapsed())
            });
            let [now, pool] = times;
            let (now, pool) = (now?, pool?);
            ratios.push(pool.as_secs_f64() / now.as_secs_f64());
            (with, without) = (with.min(now), without.min(pool));
        }
        ratios.sort_by(f64::total_cmp);
        let each = |time: Duration| time.as_nanos() as f64 / (LENGTH / size) as f64 / 1000.0;
        println!(
            "{name:>14}: the pool takes {:.1} times as long (median of {ROUNDS}; best {:.1} against {:.1} µs a read)",
            ratios[ROUNDS / 2],
            each(without),
            each(with)
        );
    }
    std::fs::remove_file(path)
}

/// Reads the file once, from the front to the end.
async fn pass(file: &mut File, size: usize, positional: bool) -> std::io::Result<()> {
    let mut buffer = vec![0; size];
    file.seek(std::io::SeekFrom::Start(0)).await?;
    for at in (0..LENGTH).step_by(size) {
        if positional {
            file.read_exact_at(&mut buffer, at as u64).await?;
        } else {
            file.read_exact(&mut buffer).await?;
        }
    }
    Ok(())
}
