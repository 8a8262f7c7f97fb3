//! `cargo xtask bench`: the same work in whit and in what a user would pick instead, interleaved, as ratios.
//!
//! `plan` knows the rows, `rows/` and `net/` what each does, `runtimes` how each contender spawns, `meter` how a sample is
//! taken, `session` in which order, and `report` how it is shown. Each sample is a process of its own: this program again,
//! with `sample ROW CONTENDER`; and so is the load of those that serve.

mod bare;
mod meter;
#[cfg(target_os = "linux")]
mod net;
mod plan;
mod report;
mod rows;
mod runtimes;
mod sample;
mod session;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask bench", about = "whit beside other runtimes, as ratios of time: above 1, whit is faster")]
struct Args {
    /// Short samples: at most three minutes for everything.
    #[arg(long)]
    quick: bool,
    /// Only rows whose name contains this; may be given several times.
    #[arg(long, value_name = "ROW")]
    only: Vec<String>,
    /// Rounds, each with every contender of every row once; at least 7 for figures worth keeping.
    #[arg(long, default_value_t = 7, value_name = "N")]
    rounds: usize,
    /// An earlier `report.json` of ours; whit then and whit now are compared as well.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Where the report goes.
    #[arg(long, default_value = "target/bench", value_name = "FOLDER")]
    out: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Takes one sample and prints it; for the program itself.
    #[command(hide = true)]
    Sample { row: String, contender: String },
    /// Sends messages to an echo server; for the program itself.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Load(net::load::Load),
    /// Opens connections; for the program itself.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Connections(net::connections::Connections),
    /// Holds connections; for the program itself.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Hold(net::hold::Hold),
    /// The names of all rows.
    Rows,
    /// Draws a report again from its `report.json`, without measuring anything.
    Draw { file: PathBuf },
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match &args.command {
        Some(Command::Sample { row, contender }) => plan::sample(row, contender, args.quick),
        #[cfg(target_os = "linux")]
        Some(Command::Load(load)) => net::load::run(load),
        #[cfg(target_os = "linux")]
        Some(Command::Connections(connections)) => net::connections::run(connections),
        #[cfg(target_os = "linux")]
        Some(Command::Hold(hold)) => net::hold::run(hold),
        Some(Command::Rows) => {
            plan::rows().iter().for_each(|row| println!("{:<20} {}", row.name, row.lines[0].what));
            Ok(())
        }
        Some(Command::Draw { file }) => session::read(file).and_then(|session| report::write(&session, &args.out)),
        None => session::run(&args.only, args.quick, args.rounds, args.baseline.as_deref())
            .and_then(|session| report::write(&session, &args.out)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
