//! What came out: a table on the screen, `report.md`, `report.json`, and `report.html` with bars and curves.

mod bars;
mod curves;
mod html;
mod markdown;
mod table;

use std::fs;
use std::path::Path;

use crate::session::Session;

/// Writes all of them, and prints the table.
pub(crate) fn write(session: &Session, folder: &Path) -> Result<(), String> {
    let markdown = markdown::markdown(session);
    println!("{markdown}");
    let json =
        serde_json::to_string_pretty(session).map_err(|error| format!("the report cannot be written: {error}"))?;
    fs::create_dir_all(folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    for (name, text) in [("report.md", markdown), ("report.json", json), ("report.html", html::html(session)?)] {
        let file = folder.join(name);
        fs::write(&file, text).map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
        println!("{}", file.display());
    }
    Ok(())
}
