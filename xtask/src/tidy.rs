//! Form: every file opens with its module text, none is too long, nothing is left behind, crates keep their floors, README shows
//! what is compiled. Also a unit test.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ci::root;
use crate::{floors, readme};

const LINES_MAX: usize = 500;
/// rustfmt keeps code within 120; the sentences of error messages are longer, and stay in one piece so that they can be found.
const COLUMNS_MAX: usize = 180;

/// All complaints at once.
pub(crate) fn check() -> Result<(), String> {
    let root = root();
    let mut files = Vec::new();
    for folder in ["crates", "xtask", "benches"] {
        collect(&root.join(folder), &mut files);
    }
    let mut complaints = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        let name = file.strip_prefix(&root).unwrap_or(file).display();
        complaints.extend(complain(&text).into_iter().map(|what| format!("{name}: {what}")));
    }
    complaints.extend(floors::complaints()?);
    complaints.extend(readme::complaints()?);
    if complaints.is_empty() {
        println!("{} files are tidy, crates keep their floors, README's program is a compiled one", files.len());
        return Ok(());
    }
    Err(format!("not tidy:\n  {}", complaints.join("\n  ")))
}

/// What is wrong with the text of one file.
fn complain(text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if !text.lines().next().is_some_and(|first| first.starts_with("//!")) {
        complaints.push("does not open with a module text (`//!`)".to_owned());
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        complaints.push(format!("{lines} lines, more than {LINES_MAX}: one idea a file"));
    }
    // Put together, so that this file does not find itself.
    let banned = [concat!("to", "do!("), concat!("db", "g!("), concat!("unimple", "mented!("), concat!("/wo", "rk/")];
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        if line.chars().count() > COLUMNS_MAX {
            complaints.push(format!("line {number} is longer than {COLUMNS_MAX} columns"));
        }
        if line.ends_with(' ') {
            complaints.push(format!("line {number} ends in a blank"));
        }
        complaints
            .extend(banned.iter().filter(|word| line.contains(**word)).map(|word| format!("line {number} has {word}")));
    }
    complaints
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        if let Err(complaints) = check() {
            panic!("{complaints}");
        }
    }

    #[test]
    fn complaints_are_made() {
        assert_eq!(complain("//! A text.\n"), Vec::<String>::new());
        assert!(complain("fn a() {}\n")[0].contains("module text"));
        assert!(complain("//! x \n")[0].contains("blank"));
        assert!(complain(&format!("//! x\n{}\n", concat!("to", "do!()")))[0].contains("line 2"));
        assert!(complain(&format!("//! {}\n", "x".repeat(COLUMNS_MAX)))[0].contains("columns"));
        assert!(complain(&"//! x\n".repeat(LINES_MAX + 1))[0].contains("one idea"));
    }
}
