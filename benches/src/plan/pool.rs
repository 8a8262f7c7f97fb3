//! Rows of the blocking pool, and of memory.

use super::{KEEP, MEMORY, POOL, Row, contenders, row, two_workers};
use crate::rows::{blocking, memory};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row!(
            POOL,
            "unblock",
            "one job at a time",
            contenders![
                "whit" => blocking::whit_round_trip,
                "tokio" => blocking::tokio_round_trip,
                "smol" => blocking::smol_round_trip,
            ],
            "best" >= 1.0
        ),
        row!(
            POOL,
            "unblock-burst",
            "a burst of tiny jobs",
            contenders![
                "whit" => blocking::whit_burst,
                "tokio" => blocking::tokio_burst,
                "smol" => blocking::smol_burst,
                "rayon" => blocking::rayon_burst,
            ],
            "tokio" >= 8.0,
            "rayon" >= 0.7
        ),
        row!(
            POOL,
            "file-read",
            "4 KiB of a file that is in memory",
            contenders![
                "whit" => blocking::whit_read,
                "tokio" => blocking::tokio_read,
                "smol" => blocking::smol_read,
                "std" => blocking::std_read,
            ]
        ),
        row!(KEEP, "idle-task", "a task that waits for ever", two_workers!(memory::idle_task)).rounds_max(MEMORY),
        row!(
            KEEP,
            "idle-channel",
            "an empty channel, bounded(100)",
            contenders![
                "whit" => memory::whit_bounded,
                "tokio" => memory::tokio_bounded,
                "smol" => memory::smol_bounded,
                "futures" => memory::futures_bounded,
                "flume" => memory::flume_bounded,
                "kanal" => memory::kanal_bounded,
            ]
        )
        .rounds_max(MEMORY),
    ]
}
