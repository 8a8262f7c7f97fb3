//! What stands in the parentheses: `workers = 2`, `local`.

use proc_macro::{TokenStream, TokenTree};

use crate::function::Error;

#[derive(Default)]
pub(crate) struct Options {
    workers: Option<usize>,
    local: bool,
}

pub(crate) fn parse(options: TokenStream, workers: Option<usize>) -> Result<Options, Error> {
    let mut parsed = Options::default();
    let mut tokens = options.into_iter();
    while let Some(name) = tokens.next() {
        match name.to_string().as_str() {
            "local" => parsed.local = true,
            "workers" => {
                let is = tokens.next().is_some_and(|token| token.to_string() == "=");
                let number = tokens.next().filter(|_| is);
                parsed.workers = Some(number_of(number, &name)?);
            }
            other => {
                let text = format!("`{other}` is not an option of this attribute; there are: workers = 2, local");
                return Err(Error::at(name.span(), text));
            }
        }
        if let Some(comma) = tokens.next()
            && comma.to_string() != ","
        {
            return Err(Error::at(comma.span(), "options are parted by commas: workers = 2"));
        }
        if parsed.local && parsed.workers.is_some() {
            return Err(Error::at(name.span(), "`local` is one thread: leave `workers` out, or `local`"));
        }
    }
    parsed.workers = parsed.workers.or(workers);
    Ok(parsed)
}

fn number_of(number: Option<TokenTree>, name: &TokenTree) -> Result<usize, Error> {
    let Some(number) = number else {
        return Err(Error::at(name.span(), "`workers` needs a number: workers = 2"));
    };
    match number.to_string().parse() {
        Ok(0) => Err(Error::at(number.span(), "0 workers would never run anything; give at least 1")),
        Ok(workers) => Ok(workers),
        Err(_) => Err(Error::at(number.span(), "`workers` needs a number: workers = 2")),
    }
}

impl Options {
    /// What runs a future.
    pub(crate) fn runner(&self) -> String {
        match (self.local, self.workers) {
            (true, _) => "::whit::run_local".to_owned(),
            (false, None) => "::whit::run".to_owned(),
            (false, Some(workers)) => format!("::whit::Builder::new().workers({workers}).run"),
        }
    }
}
