//! The table as Markdown, for the README and the screen.

use std::fmt::Write as _;

use super::table::{DISTURBED, READ_ME, about, groups, is_behind, metric, number, score};
use crate::session::{Measured, Session};

pub(super) fn markdown(session: &Session) -> String {
    let mut text = format!("{READ_ME} *Slanted*: whit is behind. {}\n", about(session));
    let (good, all) = score(session);
    if all > 0 {
        let _ = write!(text, "\n{good} of {all} things asked for are so.");
    }
    let groups = groups(session);
    if groups.iter().flat_map(|group| &group.rows).any(|entry| entry.notes(session.rounds).1) {
        let _ = write!(text, " {DISTURBED}");
    }
    text.push('\n');
    for note in &session.notes {
        let _ = write!(text, "\n- {note}");
    }
    if !session.notes.is_empty() {
        text.push('\n');
    }
    for group in groups {
        let _ = write!(text, "\n**{}**", group.name);
        let metrics = group.metrics();
        if !metrics.is_empty() {
            let names: Vec<_> = metrics.iter().map(|name| metric(name)).collect();
            let _ = write!(text, ": {}", names.join(" · "));
        }
        text.push_str("\n\n| row | what |");
        for peer in &group.peers {
            let _ = write!(text, " {peer} |");
        }
        text.push_str(if group.before { " before | asked |\n" } else { " asked |\n" });
        let columns = group.peers.len() + usize::from(group.before) + 3;
        let _ = writeln!(text, "|{}", " --- |".repeat(columns));
        for entry in &group.rows {
            let (failures, disturbed) = entry.notes(session.rounds);
            let mark = if disturbed { " †" } else { "" };
            let _ = write!(text, "| {}{mark} | {}", entry.name, entry.what);
            for failure in failures {
                let _ = write!(text, " ({})", failure.replace('|', "/").replace('\n', " "));
            }
            text.push_str(" |");
            for peer in &group.peers {
                let _ = write!(text, " {} |", cell(&entry.lines, peer));
            }
            if group.before {
                let then = entry.lines.iter().filter_map(|line| line.before.as_ref());
                let then: Vec<_> = then.map(|ratio| number(ratio.median)).collect();
                let _ = write!(text, " {} |", then.join(" · "));
            }
            let asked: Vec<_> =
                entry.verdicts().iter().map(|(asked, good)| format!("{asked} {}", mark_of(*good))).collect();
            let _ = writeln!(text, " {} |", asked.join(", "));
        }
    }
    text
}

pub(super) fn mark_of(good: bool) -> &'static str {
    if good { "✓" } else { "✗" }
}

/// The ratios of all lines with this peer.
fn cell(lines: &[&Measured], peer: &str) -> String {
    let of = |line: &&Measured| line.ratios.iter().find(|ratio| ratio.peer == peer).map(|ratio| ratio.median);
    let ratios: Vec<_> = lines.iter().map(of).collect();
    if ratios.iter().all(Option::is_none) {
        return String::new();
    }
    let shown = ratios.into_iter().map(|ratio| match ratio {
        Some(ratio) if is_behind(ratio) => format!("*{}*", number(ratio)),
        Some(ratio) => number(ratio),
        None => "–".to_owned(),
    });
    shown.collect::<Vec<_>>().join(" · ")
}
