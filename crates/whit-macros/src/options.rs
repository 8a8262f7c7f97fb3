//! What stands in the parentheses: `workers = 2`, `local`, `ctrl_c = false`.

use proc_macro::{TokenStream, TokenTree};

use crate::function::Error;

#[derive(Default)]
pub(crate) struct Options {
    workers: Option<usize>,
    local: bool,
    ctrl_c: bool,
}

/// The options, where `defaults` say what holds for those that are left out.
pub(crate) fn parse(options: TokenStream, defaults: Options) -> Result<Options, Error> {
    let mut parsed = Options { workers: None, ..defaults };
    let mut tokens = options.into_iter();
    while let Some(name) = tokens.next() {
        match name.to_string().as_str() {
            "local" => parsed.local = true,
            "workers" => {
                let is = tokens.next().is_some_and(|token| token.to_string() == "=");
                let number = tokens.next().filter(|_| is);
                parsed.workers = Some(number_of(number, &name)?);
            }
            "ctrl_c" => {
                let is = tokens.next().is_some_and(|token| token.to_string() == "=");
                parsed.ctrl_c = match tokens.next().filter(|_| is).map(|value| value.to_string()).as_deref() {
                    Some("true") => true,
                    Some("false") => false,
                    _ => return Err(Error::at(name.span(), "`ctrl_c` is true or false: ctrl_c = false")),
                };
            }
            other => {
                let text = format!(
                    "`{other}` is not an option of this attribute; there are: workers = 2, local, ctrl_c = false"
                );
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
    parsed.workers = parsed.workers.or(defaults.workers);
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
    /// A worker for each core, and Ctrl-C is caught.
    pub(crate) fn of_main() -> Options {
        Options { ctrl_c: true, ..Options::default() }
    }

    /// One worker, and Ctrl-C ends the test as it ends any other.
    pub(crate) fn of_test() -> Options {
        Options { workers: Some(1), ..Options::default() }
    }

    /// What runs a future.
    pub(crate) fn runner(&self) -> String {
        let ctrl_c = if self.ctrl_c { ".ctrl_c(true)" } else { "" };
        match (self.local, self.workers) {
            (true, _) => format!("::whit::Builder::new(){ctrl_c}.run_local"),
            (false, None) => format!("::whit::Builder::new(){ctrl_c}.run"),
            (false, Some(workers)) => format!("::whit::Builder::new(){ctrl_c}.workers({workers}).run"),
        }
    }
}
