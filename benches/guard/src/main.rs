//! `cargo xtask guard`: how many instructions whit's hot paths take, against `benches/guard.json`.
//!
//! Each path is a loop in `paths`. This program runs itself under valgrind's callgrind twice, with a short and with a long
//! loop, and divides the difference: what starting and ending take is in both, and so in neither. The counts do not depend
//! on what else the machine does, but on the compiler, its target and the C library, so a file from others is shown and
//! not judged.

mod count;
mod file;
mod passes;
mod paths;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use file::File;

/// A count may be so much away from the file's.
const TOLERANCE: f64 = 0.03;
/// Of very short paths: so many instructions.
const SLACK: f64 = 1.0;

#[derive(Parser)]
#[command(name = "cargo xtask guard", about = "instruction counts of hot paths against a committed file")]
struct Args {
    /// Writes the counts to the file, instead of comparing with it.
    #[arg(long)]
    update: bool,
    /// Only paths whose name contains this; may be given several times.
    #[arg(long, value_name = "PATH")]
    only: Vec<String>,
    /// The file.
    #[arg(long, default_value = "benches/guard.json", value_name = "FILE")]
    file: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs one path so many times; for the program itself, under valgrind.
    #[command(hide = true)]
    Path { name: String, times: u32 },
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match &args.command {
        Some(Command::Path { name, times }) => paths::run(name, *times),
        None => guard(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("guard: {error}");
            ExitCode::FAILURE
        }
    }
}

fn guard(args: &Args) -> Result<(), String> {
    if let Some(unknown) = args.only.iter().find(|part| !paths::ALL.iter().any(|path| path.name.contains(&***part))) {
        let names: Vec<_> = paths::ALL.iter().map(|path| path.name).collect();
        return Err(format!("no path is called `{unknown}`; there are: {}", names.join(", ")));
    }
    if let Some(why) = count::missing() {
        println!("the instruction counts are skipped: {why}");
        return Ok(());
    }
    let mut now = File::here()?;
    // `--update --only` keeps the others as they are.
    let before = match File::read(&args.file) {
        Ok(before) => Some(before),
        Err(_) if args.update => None,
        Err(error) => return Err(error),
    };
    let judged = before.as_ref().is_some_and(|before| before.is_from(&now));
    let mut wrong = Vec::new();
    println!("{:<22} {:>9} {:>9} {:>8}  what", "path", "file", "now", "change");
    for path in paths::ALL {
        let old = before.as_ref().and_then(|before| before.instructions.get(path.name)).copied();
        if !args.only.is_empty() && !args.only.iter().any(|part| path.name.contains(&**part)) {
            now.instructions.extend(old.map(|old| (path.name.to_owned(), old)));
            continue;
        }
        let count = count::instructions(1_000, 6_000, |times| vec!["path".into(), path.name.into(), times])?;
        now.instructions.insert(path.name.to_owned(), count);
        let (shown, change, good) = match old {
            Some(old) => (
                format!("{old:.1}"),
                format!("{:+.1} %", (count / old - 1.0) * 100.0),
                (count - old).abs() <= (old * TOLERANCE).max(SLACK),
            ),
            None => ("none".to_owned(), String::new(), false),
        };
        let mark = if good || args.update { "" } else { "  <<<" };
        println!("{:<22} {shown:>9} {count:>9.1} {change:>8}  {}{mark}", path.name, path.what);
        if !good {
            wrong.push(path.name);
        }
    }
    if args.update {
        now.write(&args.file)?;
        println!("{} is written", args.file.display());
        return Ok(());
    }
    if wrong.is_empty() {
        return Ok(());
    }
    if !judged {
        let theirs = before.map(|before| before.taken_with()).unwrap_or_default();
        println!("not judged: the file was taken with {theirs}, and this is {}", now.taken_with());
        return Ok(());
    }
    Err(format!(
        "{} away from {} by more than {} %: find out why; if it is meant, take the counts with `cargo xtask guard --update` and commit the file",
        wrong.join(", "),
        args.file.display(),
        TOLERANCE * 100.0
    ))
}
