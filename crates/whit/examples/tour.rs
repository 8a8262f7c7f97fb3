//! The tour: six chapters on a real server and a real client, and a report of what was asked and what was measured.

#![allow(unreachable_pub, clippy::duplicate_mod, reason = "each chapter is a program of its own as well")]

#[path = "blocking.rs"]
#[allow(dead_code)]
mod blocking;
#[path = "cpu.rs"]
#[allow(dead_code)]
mod cpu;
#[path = "gather.rs"]
#[allow(dead_code)]
mod gather;
#[path = "http.rs"]
#[allow(dead_code)]
mod http;
#[path = "semaphore.rs"]
#[allow(dead_code)]
mod semaphore;
#[path = "tasks.rs"]
#[allow(dead_code)]
mod tasks;

use std::process::ExitCode;

/// Runs a chapter and keeps its rows, as lines of the report.
macro_rules! chapter {
    ($report:ident, $name:ident) => {
        match $name::chapter(&$name::support::Log::new(stringify!($name))) {
            Ok(rows) => $report
                .extend(rows.into_iter().map(|row| (stringify!($name), row.what, row.asked, row.measured, row.good))),
            Err(error) => {
                $report.push((stringify!($name), "the chapter itself", "no error".into(), error.to_string(), false))
            }
        }
    };
}

fn main() -> ExitCode {
    let mut report: Vec<(&str, &str, String, String, bool)> = Vec::new();
    chapter!(report, gather);
    chapter!(report, tasks);
    chapter!(report, blocking);
    chapter!(report, http);
    chapter!(report, semaphore);
    chapter!(report, cpu);

    println!("\n\x1b[1m{:<10} {:<38} {:<18} measured\x1b[0m", "chapter", "what", "asked");
    for (chapter, what, asked, measured, good) in &report {
        let (colour, mark) = if *good { (32, "✓") } else { (31, "✗") };
        println!("{chapter:<10} {what:<38} {asked:<18} \x1b[{colour}m{mark} {measured}\x1b[0m");
    }
    let bad = report.iter().filter(|row| !row.4).count();
    println!("\n{} of {} as asked", report.len() - bad, report.len());
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
