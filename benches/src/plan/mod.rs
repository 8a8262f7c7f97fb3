//! The rows: what is compared with what, and what is asked of whit.

mod flow;
#[cfg(target_os = "linux")]
mod net;
mod pool;
mod sync;
mod tasks;
mod time;

use crate::meter::Meter;
use crate::sample::Sample;
pub(crate) use crate::tools::Tool;

/// Something that is done, by each contender in its own process.
pub(crate) struct Row {
    pub(crate) name: String,
    /// The first is whit.
    pub(crate) contenders: Vec<Contender>,
    /// What a sample shows: a line of the table for each.
    pub(crate) lines: Vec<Line>,
    /// At most so many rounds with short samples, and with full ones; for rows that take long or hardly vary.
    pub(crate) rounds_max: (usize, usize),
    /// Without it there is no row.
    pub(crate) needs: Option<Tool>,
}

/// Who, and how it takes a sample.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    take: Box<dyn Fn(Meter) -> Result<Sample, String>>,
    pub(crate) rounds_max: (usize, usize),
    /// Without these there is no such contender.
    pub(crate) needs: &'static [Tool],
}

/// One line of the table. Every value is better if it is lower.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) group: &'static str,
    pub(crate) what: String,
    /// Which value of the sample; empty if there is only one.
    pub(crate) metric: &'static str,
    /// Against whom, or `best` of all, and at least which ratio is asked for.
    pub(crate) bars: Vec<(&'static str, f64)>,
    /// What whit's own value may be at most, and in what unit.
    pub(crate) at_most: Option<(f64, &'static str)>,
}

/// As many rounds as there are.
const ALL: (usize, usize) = (usize::MAX, usize::MAX);
/// Memory hardly varies.
const MEMORY: (usize, usize) = (3, 5);

impl Contender {
    /// For a row with a single value.
    fn one(name: &'static str, take: fn(Meter) -> f64) -> Contender {
        Contender::new(name, move |meter| Ok(Sample::one(take(meter))))
    }

    fn new(name: &'static str, take: impl Fn(Meter) -> Result<Sample, String> + 'static) -> Contender {
        Contender { name, take: Box::new(take), rounds_max: ALL, needs: &[] }
    }
}

impl Row {
    /// For a row with a single value: what whit's own may be at most.
    fn at_most(mut self, most: f64, unit: &'static str) -> Row {
        self.lines[0].at_most = Some((most, unit));
        self
    }

    fn rounds_max(self, rounds_max: (usize, usize)) -> Row {
        Row { rounds_max, ..self }
    }
}

/// The value of one contender in one row, printed for whoever started this process.
pub(crate) fn sample(row: &str, contender: &str, quick: bool) -> Result<(), String> {
    let rows = rows();
    let row = rows.iter().find(|known| known.name == row).ok_or_else(|| unknown(row))?;
    let of = row.contenders.iter().find(|known| known.name == contender);
    let of = of.ok_or_else(|| format!("the row `{}` has no contender `{contender}`", row.name))?;
    (of.take)(Meter { quick })?.print()?;
    // What is still running, sleeping or blocked was not asked to end.
    std::process::exit(0);
}

/// What to say when nobody knows a row.
pub(crate) fn unknown(row: &str) -> String {
    format!("no row is called `{row}`; `cargo xtask bench rows` lists them all")
}

macro_rules! contenders {
    ($($(#[$only:meta])? $name:literal => $take:expr),* $(,)?) => {
        vec![$($(#[$only])? $crate::plan::Contender::one($name, $take)),*]
    };
}

/// On two workers: whit, tokio, smol, and smol's static executor.
macro_rules! two_workers {
    ($body:path) => {{
        use $body as body;
        $crate::plan::contenders![
            "whit" => body::<$crate::runtimes::Whit>,
            "tokio" => body::<$crate::runtimes::Tokio<true>>,
            "smol" => body::<$crate::runtimes::Smol>,
            "smol static" => body::<$crate::runtimes::SmolStatic>,
        ]
    }};
}

/// On one thread.
macro_rules! one_thread {
    ($body:path) => { $crate::plan::one_thread!($body, $crate::runtimes::WhitLocal) };
    ($body:path, $whit:ty) => {{
        use $body as body;
        $crate::plan::contenders![
            "whit" => body::<$whit>,
            "tokio" => body::<$crate::runtimes::Tokio<false>>,
            "smol" => body::<$crate::runtimes::SmolLocal>,
            "monoio" => body::<$crate::runtimes::Monoio>,
            "compio" => body::<$crate::runtimes::Compio>,
            #[cfg(target_os = "linux")]
            "glommio" => body::<$crate::runtimes::Glommio>,
        ]
    }};
}

macro_rules! row {
    ($group:expr, $name:literal, $what:literal, $contenders:expr $(, $against:literal >= $bar:literal)*) => {
        $crate::plan::Row {
            name: $name.to_owned(),
            contenders: $contenders,
            lines: vec![$crate::plan::Line {
                group: $group,
                what: $what.to_owned(),
                metric: "",
                bars: vec![$(($against, $bar)),*],
                at_most: None,
            }],
            rounds_max: $crate::plan::ALL,
            needs: None,
        }
    };
}
use {contenders, one_thread, row, two_workers};

/// With asyncio and uvloop, which take long and vary little.
fn with_python(
    mut contenders: Vec<Contender>,
    body: impl Fn(Meter, &'static str) -> Result<Sample, String> + Copy + 'static,
) -> Vec<Contender> {
    let loops: [(_, &[_]); 2] = [("asyncio", &[Tool::Python]), ("uvloop", &[Tool::Python, Tool::Uvloop])];
    for (name, needs) in loops {
        let contender = Contender::new(name, move |meter| body(meter, name));
        contenders.push(Contender { needs, rounds_max: (2, 5), ..contender });
    }
    contenders
}

const TWO: &str = "Executor, two workers (ns an operation)";
const ONE: &str = "Executor, one thread (ns an operation)";
const TIME: &str = "Timers, two workers";
const SYNC: &str = "Locks and permits (ns an operation)";
const FLOW: &str = "Channels (ns a message)";
const POOL: &str = "Blocking pool (ns a job)";
const KEEP: &str = "Memory (bytes each)";

/// All of them, in the order of the report.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = tasks::rows();
    #[cfg(target_os = "linux")]
    rows.extend(net::rows());
    rows.extend(time::rows());
    rows.extend(sync::rows());
    rows.extend(flow::rows());
    rows.extend(pool::rows());
    #[cfg(target_os = "linux")]
    rows.push(net::memory());
    rows
}
