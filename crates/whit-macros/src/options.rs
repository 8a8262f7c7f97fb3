//! What stands in the parentheses: `workers = 2`, `local`, `seeds = 1000`.

use proc_macro::{TokenStream, TokenTree};

use crate::function::Error;

/// Which options there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// Of `main` and `test`.
    Runtime,
    /// Of `sim`.
    Simulation,
}

#[derive(Default)]
pub(crate) struct Options {
    pub(crate) workers: Option<u64>,
    pub(crate) local: bool,
    pub(crate) seeds: Option<u64>,
    pub(crate) hosts: Option<u64>,
}

pub(crate) fn parse(options: TokenStream, whose: For) -> Result<Options, Error> {
    let mut parsed = Options::default();
    let mut tokens = options.into_iter();
    while let Some(name) = tokens.next() {
        let text = name.to_string();
        let mut number = || {
            let is = tokens.next().is_some_and(|token| token.to_string() == "=");
            number_of(tokens.next().filter(|_| is), &name)
        };
        match (whose, text.as_str()) {
            (For::Runtime, "local") => parsed.local = true,
            (For::Runtime, "workers") => parsed.workers = Some(number()?),
            (For::Simulation, "seeds") => parsed.seeds = Some(number()?),
            (For::Simulation, "hosts") => parsed.hosts = Some(number()?),
            _ => {
                let there_are = if whose == For::Runtime { "workers = 2, local" } else { "seeds = 1000, hosts = 3" };
                let text = format!("`{text}` is not an option of this attribute; there are: {there_are}");
                return Err(Error::at(name.span(), text));
            }
        }
        if let Some(comma) = tokens.next()
            && comma.to_string() != ","
        {
            let one = if whose == For::Runtime { "workers = 2" } else { "seeds = 1000" };
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

impl Options {
    /// What runs the function of this name.
    pub(crate) fn call(&self, whose: For, function: &str) -> String {
        if whose == For::Simulation {
            let (seeds, hosts) = (self.seeds.unwrap_or(1), self.hosts.unwrap_or(0));
            let name = format!("::whit::sim::test_name(::core::module_path!(), {function:?})");
            return format!("::whit::sim::Campaign::new().name({name}).seeds({seeds}).hosts({hosts}).run({function})");
        }
        match (self.local, self.workers) {
            (true, _) => format!("::whit::run_local({function}())"),
            (false, None) => format!("::whit::run({function}())"),
            (false, Some(workers)) => format!("::whit::Builder::new().workers({workers}).run({function}())"),
        }
    }
}
