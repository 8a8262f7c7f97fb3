//! README's program is the one that the facade's page shows, and that one is compiled and run with the tests.

use std::fs;

use crate::ci::root;

/// What differs.
pub(crate) fn complaints() -> Result<Vec<String>, String> {
    let read =
        |path: &str| fs::read_to_string(root().join(path)).map_err(|error| format!("{path} cannot be read: {error}"));
    let page = read("crates/whit/src/lib.rs")?;
    let page: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("//!")).map(str::trim_start).collect();
    Ok(complain(&read("README.md")?, &page.join("\n")))
}

fn complain(readme: &str, page: &str) -> Vec<String> {
    let programs = blocks(readme, "```rust");
    let shown = blocks(page, "```");
    let lost = programs.iter().filter(|program| !shown.contains(program));
    let mut complaints: Vec<_> = lost
        .map(|program| {
            let first = program.iter().find(|line| line.contains("whit::")).or(program.first());
            let first = first.map_or("an empty one", String::as_str);
            format!("README.md: its program ({first} …) is not on the page of crates/whit, whose examples are compiled")
        })
        .collect();
    if programs.is_empty() {
        complaints.push("README.md: there is no program (```rust)".into());
    }
    complaints
}

/// The lines of each fenced block that opens so, without indentation and blank lines, and without a `main` around them.
fn blocks(text: &str, fence: &str) -> Vec<Vec<String>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(opening) = lines.find(|line| line.starts_with("```")) {
        let inside: Vec<_> = lines.by_ref().take_while(|line| *line != "```").filter(|line| !line.is_empty()).collect();
        if opening == fence {
            blocks.push(without_main(&inside));
        }
    }
    blocks
}

/// A program as an example has it: rustdoc puts the `main` around it.
fn without_main(lines: &[&str]) -> Vec<String> {
    let inside = match lines.iter().position(|line| *line == "fn main() {") {
        Some(at) if lines.last() == Some(&"}") => [&lines[..at], &lines[at + 1..lines.len() - 1]].concat(),
        _ => lines.to_vec(),
    };
    inside.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "A page.\n```\nuse x;\n\nlet a = 1;\nassert!(a == 1);\n```\n";

    #[test]
    fn readme_shows_what_is_compiled() {
        assert_eq!(complaints(), Ok(Vec::new()));
    }

    #[test]
    fn the_same_program_in_a_main_is_the_same() {
        let readme =
            "```sh\ncargo test\n```\n```rust\nuse x;\n\nfn main() {\n    let a = 1;\n    assert!(a == 1);\n}\n```\n";
        assert_eq!(complain(readme, PAGE), Vec::<String>::new());
        assert!(complain(&readme.replace("= 1;", "= 2;"), PAGE)[0].contains("is not on the page"));
        assert!(complain("```\npicture\n```\n", PAGE)[0].contains("no program"));
    }
}
