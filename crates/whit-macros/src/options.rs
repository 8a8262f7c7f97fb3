//! What stands in the parentheses: `workers = 2`, `local`, `ctrl_c = false`, `seeds = 1000`.

use proc_macro::{TokenStream, TokenTree};

use crate::function::Error;

/// Whose options they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Main,
    Test,
    Simulation,
}

#[derive(Default)]
pub(crate) struct Options {
    workers: Option<u64>,
    local: bool,
    ctrl_c: Option<bool>,
    seeds: Option<u64>,
    hosts: Option<u64>,
}

pub(crate) fn parse(options: TokenStream, whose: For) -> Result<Options, Error> {
    let mut parsed = Options::default();
    let mut tokens = options.into_iter();
    while let Some(name) = tokens.next() {
        let text = name.to_string();
        let mut value = || {
            let is = tokens.next().is_some_and(|token| token.to_string() == "=");
            tokens.next().filter(|_| is)
        };
        match (whose, text.as_str()) {
            (For::Main | For::Test, "local") => parsed.local = true,
            (For::Main | For::Test, "workers") => parsed.workers = Some(number_of(value(), &name)?),
            (For::Main | For::Test, "ctrl_c") => parsed.ctrl_c = Some(truth_of(value(), &name)?),
            (For::Simulation, "seeds") => parsed.seeds = Some(number_of(value(), &name)?),
            (For::Simulation, "hosts") => parsed.hosts = Some(number_of(value(), &name)?),
            _ => {
                let there_are = match whose {
                    For::Simulation => "seeds = 1000, hosts = 3",
                    _ => "workers = 2, local, ctrl_c = false",
                };
                let text = format!("`{text}` is not an option of this attribute; there are: {there_are}");
                return Err(Error::at(name.span(), text));
            }
        }
        if let Some(comma) = tokens.next()
            && comma.to_string() != ","
        {
            let one = if whose == For::Simulation { "seeds = 1000" } else { "workers = 2" };
            return Err(Error::at(comma.span(), format!("options are parted by commas: {one}")));
        }
        if parsed.local && parsed.workers.is_some() {
            return Err(Error::at(name.span(), "`local` is one thread: leave `workers` out, or `local`"));
        }
    }
    Ok(parsed)
}

fn number_of(number: Option<TokenTree>, name: &TokenTree) -> Result<u64, Error> {
    let Some(number) = number else {
        return Err(Error::at(name.span(), format!("`{name}` needs a number: {name} = 2")));
    };
    match number.to_string().replace('_', "").parse() {
        Ok(0) => {
            let why = match name.to_string().as_str() {
                "workers" => "0 workers would never run anything; give at least 1",
                "seeds" => "0 seeds would prove nothing; give at least 1",
                _ => "0 hosts are what there is without this option: leave it out, or give at least 1",
            };
            Err(Error::at(number.span(), why))
        }
        Ok(given) => Ok(given),
        Err(_) => Err(Error::at(number.span(), format!("`{name}` needs a number: {name} = 2"))),
    }
}

fn truth_of(value: Option<TokenTree>, name: &TokenTree) -> Result<bool, Error> {
    match value.map(|value| value.to_string()).as_deref() {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        _ => Err(Error::at(name.span(), format!("`{name}` is true or false: {name} = false"))),
    }
}

impl Options {
    /// What runs the function of this name. Of `main`, Ctrl-C is caught; a test has one worker.
    pub(crate) fn call(&self, whose: For, function: &str) -> String {
        if whose == For::Simulation {
            let (seeds, hosts) = (self.seeds.unwrap_or(1), self.hosts.unwrap_or(0));
            let name = format!("::whit::sim::test_name(::core::module_path!(), {function:?})");
            return format!("::whit::sim::Campaign::new().name({name}).seeds({seeds}).hosts({hosts}).run({function})");
        }
        let ctrl_c = if self.ctrl_c.unwrap_or(whose == For::Main) { ".ctrl_c(true)" } else { "" };
        let builder = format!("::whit::Builder::new(){ctrl_c}");
        match (self.local, self.workers.or((whose == For::Test).then_some(1))) {
            (true, _) => format!("{builder}.run_local({function}())"),
            (false, None) => format!("{builder}.run({function}())"),
            (false, Some(workers)) => format!("{builder}.workers({workers}).run({function}())"),
        }
    }
}
