//! The committed file: counts, and what they were taken with.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(crate) struct File {
    rustc: String,
    target: String,
    libc: String,
    /// Instructions for one pass of each path.
    pub(crate) instructions: BTreeMap<String, f64>,
}

impl File {
    /// Of this machine, and empty.
    pub(crate) fn here() -> Result<File, String> {
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
        let version = output(&rustc, "--version").ok_or("`rustc --version` said nothing; is it in the PATH?")?;
        let libc = output("ldd", "--version").and_then(|line| Some(format!("libc {}", line.split(' ').next_back()?)));
        let libc = libc.unwrap_or_else(|| "a C library that does not tell its version".into());
        let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
        Ok(File { rustc: version, target, libc, instructions: BTreeMap::new() })
    }

    pub(crate) fn read(file: &Path) -> Result<File, String> {
        let text = fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        serde_json::from_str(&text)
            .map_err(|error| format!("{} is not what `cargo xtask guard --update` writes: {error}", file.display()))
    }

    pub(crate) fn write(mut self, file: &Path) -> Result<(), String> {
        self.instructions.values_mut().for_each(|count| *count = (*count * 10.0).round() / 10.0);
        let text = serde_json::to_string_pretty(&self).map_err(|error| error.to_string())?;
        fs::write(file, text + "\n").map_err(|error| format!("{} cannot be written: {error}", file.display()))
    }

    pub(crate) fn is_from(&self, here: &File) -> bool {
        (&self.rustc, &self.target, &self.libc) == (&here.rustc, &here.target, &here.libc)
    }

    pub(crate) fn taken_with(&self) -> String {
        format!("{} on {} with {}", self.rustc, self.target, self.libc)
    }
}

/// The first line that a program prints.
fn output(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(|line| line.trim().to_owned())
}
