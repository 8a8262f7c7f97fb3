//! Counting instructions: this program again, under callgrind.

use std::process::Command;

/// Why nothing can be counted here.
pub(crate) fn missing() -> Option<String> {
    match Command::new("valgrind").arg("--version").output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!("`valgrind --version` ended with {}", output.status)),
        Err(error) => Some(format!("valgrind could not be started ({error}); install valgrind")),
    }
}

/// Instructions for one pass: by this program with the arguments for a few passes and for many.
pub(crate) fn instructions(few: u32, many: u32, args: impl Fn(String) -> Vec<String>) -> Result<f64, String> {
    Ok((run(&args(many.to_string()))? - run(&args(few.to_string()))?) / f64::from(many - few))
}

fn run(args: &[String]) -> Result<f64, String> {
    let this = std::env::current_exe().map_err(|error| format!("where this program stands is not known: {error}"))?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(this);
    let output = valgrind.args(args).output();
    let output = output.map_err(|error| format!("valgrind could not be started: {error}"))?;
    let (text, asked) = (String::from_utf8_lossy(&output.stderr), args.join(" "));
    if !output.status.success() {
        return Err(format!("`{asked}` failed under valgrind: {text}"));
    }
    collected(&text).ok_or_else(|| format!("valgrind said nothing of use about `{asked}`: {text}"))
}

/// From a line such as `==7== Collected : 1234`.
fn collected(text: &str) -> Option<f64> {
    text.lines().find_map(|line| line.split_once("Collected :")?.1.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found() {
        assert_eq!(collected("==7== Events    : Ir\n==7== Collected : 1234\n"), Some(1234.0));
        assert_eq!(collected("==7== nothing\n"), None);
    }
}
