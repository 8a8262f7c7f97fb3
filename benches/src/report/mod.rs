//! What came out: a table on the screen, `report.md`, `report.json`, and `report.html` with bars.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use plotters::prelude::*;

use crate::session::{Measured, Session};

/// Writes all of them, and prints the table.
pub(crate) fn write(session: &Session, folder: &Path) -> Result<(), String> {
    let markdown = markdown(session);
    println!("{markdown}");
    let json =
        serde_json::to_string_pretty(session).map_err(|error| format!("the report cannot be written: {error}"))?;
    fs::create_dir_all(folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    for (name, text) in [("report.md", markdown), ("report.json", json), ("report.html", html(session)?)] {
        let file = folder.join(name);
        fs::write(&file, text).map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
        println!("{}", file.display());
    }
    Ok(())
}

fn groups(session: &Session) -> Vec<(&str, Vec<&Measured>)> {
    let mut groups: Vec<(&str, Vec<&Measured>)> = Vec::new();
    for row in &session.rows {
        match groups.last_mut().filter(|(name, _)| *name == row.group) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((&row.group, vec![row])),
        }
    }
    groups
}

/// The peers of a group, in the order in which they come first.
fn peers<'s>(rows: &[&'s Measured]) -> Vec<&'s str> {
    let mut peers = Vec::new();
    for ratio in rows.iter().flat_map(|row| &row.ratios) {
        if !peers.contains(&&*ratio.peer) {
            peers.push(&ratio.peer);
        }
    }
    // Those that everybody knows first.
    peers.sort_by_key(|peer| match *peer {
        "tokio" => 0,
        "smol" => 1,
        "smol static" => 2,
        "std" => 9,
        _ => 5,
    });
    peers
}

const READ_ME: &str =
    "Time of the peer by time of whit, in the same round: above 1, whit is ahead. Median of the rounds.";

fn about(session: &Session) -> String {
    let kind = if session.quick { "short samples" } else { "full samples" };
    format!("{READ_ME} {} rounds, {kind}; {}.", session.rounds, session.machine)
}

fn markdown(session: &Session) -> String {
    let mut text = format!("{}\n", about(session));
    for (group, rows) in groups(session) {
        let peers = peers(&rows);
        let before = rows.iter().any(|row| row.before.is_some());
        let _ = write!(text, "\n**{group}**\n\n| row | what |");
        for peer in &peers {
            let _ = write!(text, " {peer} |");
        }
        text.push_str(if before { " before | asked |\n" } else { " asked |\n" });
        let columns = peers.len() + usize::from(before) + 3;
        let _ = writeln!(text, "|{}", " --- |".repeat(columns));
        for row in rows {
            let _ = write!(text, "| {} | {}{} |", row.name, row.what, note(row));
            for peer in &peers {
                let ratio = row.ratios.iter().find(|ratio| ratio.peer == *peer).map(|ratio| ratio.median);
                let cell = ratio.map_or(String::new(), |ratio| match ratio < 1.0 {
                    true => format!(" *{ratio:.2}*"),
                    false => format!(" {ratio:.2}"),
                });
                let _ = write!(text, "{cell} |");
            }
            if before {
                let then = row.before.as_ref().map_or(String::new(), |ratio| format!("{:.2}", ratio.median));
                let _ = write!(text, " {then} |");
            }
            let asked: Vec<_> = row
                .verdicts()
                .iter()
                .map(|(asked, good)| format!("{asked} {}", if *good { "✓" } else { "✗" }))
                .collect();
            let _ = writeln!(text, " {} |", asked.join(", "));
        }
    }
    text
}

fn note(row: &Measured) -> String {
    let mut note = String::new();
    if row.disturbed > 0 {
        let _ = write!(note, " ({} rounds disturbed by other load)", row.disturbed);
    }
    for failure in &row.failures {
        let _ = write!(note, " ({failure})");
    }
    note
}

fn html(session: &Session) -> Result<String, String> {
    let mut body = String::new();
    for (group, rows) in groups(session) {
        let _ = write!(body, "<h2>{}</h2>\n<div class=\"wide\">{}</div>\n", escape(group), bars(&rows)?);
        body.push_str(&table(&rows));
    }
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, \
         initial-scale=1\"><title>whit beside others</title><style>{STYLE}</style></head><body><main><h1>whit beside others</h1>\
         <p>{}</p>\n{body}</main></body></html>\n",
        escape(&about(session))
    ))
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1b1f24;background:#fff}main{max-width:60rem;\
margin:0 auto;padding:1rem}h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.5rem}svg{width:100%;min-width:44rem;height:auto}\
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;width:100%}td,th{padding:.25rem .6rem;text-align:right;\
border-bottom:1px solid #d8dee4;white-space:nowrap}td:first-child,th:first-child{text-align:left;white-space:normal;\
min-width:11rem}.loses{color:#b35900}.good{color:#116329}small{color:#57606a}";

fn table(rows: &[&Measured]) -> String {
    let peers = peers(rows);
    let mut text = String::from("<div class=\"wide\"><table><tr><th>row</th>");
    for peer in &peers {
        let _ = write!(text, "<th>{}</th>", escape(peer));
    }
    text.push_str("<th>asked</th></tr>\n");
    for row in rows {
        let _ = write!(text, "<tr><td>{}<br><small>{}{}</small></td>", row.name, escape(&row.what), escape(&note(row)));
        for peer in &peers {
            match row.ratios.iter().find(|ratio| ratio.peer == *peer) {
                Some(ratio) => {
                    let class = if ratio.median < 1.0 { "loses" } else { "wins" };
                    let _ = write!(
                        text,
                        "<td class=\"{class}\" title=\"{:.2} to {:.2}\">{:.2}</td>",
                        ratio.least, ratio.most, ratio.median
                    );
                }
                None => text.push_str("<td></td>"),
            }
        }
        let asked: Vec<_> = row
            .verdicts()
            .iter()
            .map(|(asked, good)| {
                format!(
                    "<span class=\"{}\">{asked} {}</span>",
                    if *good { "good" } else { "loses" },
                    if *good { "✓" } else { "✗" }
                )
            })
            .collect();
        let _ = writeln!(text, "<td>{}</td></tr>", asked.join("<br>"));
    }
    text.push_str("</table></div>\n");
    text
}

/// A bar for each peer of each row, on a scale that doubles from line to line, with the spread of the rounds.
fn bars(rows: &[&Measured]) -> Result<String, String> {
    const WIDTH: i32 = 900;
    const LEFT: i32 = 190;
    const LINE: i32 = 15;
    let lines: i32 = rows.iter().map(|row| row.ratios.len() as i32 + 1).sum();
    let height = (lines * LINE + 40).max(60);
    let at = |ratio: f64| LEFT + ((ratio.clamp(0.125, 64.0).log2() + 3.0) / 9.0 * f64::from(WIDTH - LEFT - 60)) as i32;
    let mut svg = String::new();
    let drawn = (|| {
        let area = SVGBackend::with_string(&mut svg, (WIDTH as u32, height as u32)).into_drawing_area();
        area.fill(&WHITE)?;
        let (grey, dark) = (RGBColor(216, 222, 228), RGBColor(27, 31, 36));
        let small = ("sans-serif", 11).into_font().color(&dark);
        for power in -3..=6 {
            let (ratio, x) = (2f64.powi(power), at(2f64.powi(power)));
            let colour = if power == 0 { dark } else { grey };
            area.draw(&PathElement::new(vec![(x, 18), (x, height - 12)], colour))?;
            area.draw(&Text::new(format!("{ratio}×"), (x - 8, 4), small.clone()))?;
        }
        let mut y = 24;
        for row in rows {
            area.draw(&Text::new(row.name.clone(), (0, y + 1), ("sans-serif", 12).into_font().color(&dark)))?;
            for ratio in &row.ratios {
                let colour = if ratio.median < 1.0 { RGBColor(207, 118, 20) } else { RGBColor(46, 125, 90) };
                let (from, to) = (at(1.0).min(at(ratio.median)), at(1.0).max(at(ratio.median)));
                area.draw(&Rectangle::new([(from, y + 2), (to.max(from + 1), y + LINE - 3)], colour.filled()))?;
                let middle = y + LINE / 2;
                area.draw(&PathElement::new(vec![(at(ratio.least), middle), (at(ratio.most), middle)], dark))?;
                area.draw(&Text::new(ratio.peer.clone(), (LEFT - 78, y + 1), small.clone()))?;
                area.draw(&Text::new(
                    format!("{:.2}", ratio.median),
                    (at(ratio.most).max(to) + 5, y + 1),
                    small.clone(),
                ))?;
                y += LINE;
            }
            y += LINE;
        }
        area.present()
    })();
    drawn.map_err(|error: DrawingAreaErrorKind<_>| format!("the bars cannot be drawn: {error}"))?;
    // The viewport is the page's.
    let size = format!("width=\"{WIDTH}\" height=\"{height}\" ");
    Ok(svg.replacen(&size, "", 1))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
