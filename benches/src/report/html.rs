//! One page that needs nothing else: a word on how to read it, and for each group its table and its charts.

use std::fmt::Write as _;

use super::bars::bars;
use super::curves::{chart, colour, relative};
use super::markdown::mark_of;
use super::table::{DISTURBED, Entry, Group, READ_ME, about, groups, is_behind, metric, number, rank, score};
use crate::session::{Measured, Ratio, Session};

const STYLE: &str = include_str!("style.css");

pub(super) fn html(session: &Session) -> Result<String, String> {
    let groups = groups(session);
    let mut body = header(session, &groups);
    for (at, group) in groups.iter().enumerate() {
        let _ = writeln!(body, "<section id=\"g{at}\"><h2>{}</h2>", escape(group.name));
        body.push_str(&table(group, session.rounds));
        body.push_str("<div class=\"charts\">\n");
        for entry in group.rows.iter().filter(|entry| entry.lines.iter().any(|line| !line.ratios.is_empty())) {
            let caption = format!("<b>{}</b> {}", escape(entry.name), escape(entry.what));
            let _ = writeln!(body, "<figure><figcaption>{caption}</figcaption>{}</figure>", bars(entry)?);
        }
        body.push_str("</div></section>\n");
    }
    body.push_str(&curves(session)?);
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, \
         initial-scale=1\"><title>whit beside others</title><style>{STYLE}</style></head><body><main>\n{body}</main></body></html>\n"
    ))
}

fn header(session: &Session, groups: &[Group<'_>]) -> String {
    let mut text = String::from("<h1>whit beside others</h1>\n");
    let (good, all) = score(session);
    if all > 0 {
        let part = 100.0 * good as f64 / all as f64;
        let _ = writeln!(
            text,
            "<p class=\"score\"><span><i style=\"width:{part:.0}%\"></i></span>{good} of {all} things asked for are so</p>"
        );
    }
    let _ = write!(
        text,
        "<p>{READ_ME} In the tables, <span class=\"wins\">green</span> is where whit is ahead and \
         <span class=\"loses\">orange</span> where it is behind; under a finger or a mouse stands the spread. In the charts, \
         the bar is the median, and the thin line goes from the least to the most of the rounds.</p>\n<p class=\"soft\">{}",
        escape(&about(session))
    );
    if groups.iter().flat_map(|group| &group.rows).any(|entry| entry.notes(session.rounds).1) {
        let _ = write!(text, " {DISTURBED}");
    }
    text.push_str("</p>\n");
    if !session.notes.is_empty() {
        let notes: Vec<_> = session.notes.iter().map(|note| format!("<li>{}</li>", escape(note))).collect();
        let _ = writeln!(text, "<ul class=\"notes\">{}</ul>", notes.concat());
    }
    let mut links: Vec<_> = groups
        .iter()
        .enumerate()
        .map(|(at, group)| {
            format!("<a href=\"#g{at}\">{}</a>", escape(group.name.split(" (").next().unwrap_or_default()))
        })
        .collect();
    if session.rows.iter().any(has_curve) {
        links.push("<a href=\"#curves\">Latency curves</a>".to_owned());
    }
    let _ = writeln!(text, "<nav>{}</nav>", links.concat());
    text
}

fn table(group: &Group<'_>, rounds: usize) -> String {
    let metrics = !group.metrics().is_empty();
    let mut text = String::from("<div class=\"wide\"><table><thead><tr><th>row</th>");
    text.push_str(if metrics { "<th></th>" } else { "" });
    for peer in &group.peers {
        let _ = write!(text, "<th>{}</th>", escape(peer));
    }
    text.push_str(if group.before { "<th>before</th>" } else { "" });
    text.push_str("<th class=\"asked\">asked</th></tr></thead>\n");
    for entry in &group.rows {
        text.push_str("<tbody>");
        for (at, line) in entry.lines.iter().enumerate() {
            text.push_str("<tr>");
            if at == 0 {
                text.push_str(&head(entry, rounds));
            }
            if metrics {
                let _ = write!(text, "<td class=\"metric\">{}</td>", metric(&line.metric));
            }
            for peer in &group.peers {
                text.push_str(&cell(line.ratios.iter().find(|ratio| ratio.peer == *peer)));
            }
            if group.before {
                text.push_str(&cell(line.before.as_ref()));
            }
            let asked: Vec<_> = line
                .verdicts()
                .iter()
                .map(|(asked, good)| {
                    let asked = asked.trim_start_matches(&*line.metric).trim_start();
                    format!("<span class=\"{}\">{asked} {}</span>", if *good { "good" } else { "bad" }, mark_of(*good))
                })
                .collect();
            let _ = writeln!(text, "<td class=\"asked\">{}</td></tr>", asked.join("<br>"));
        }
        text.push_str("</tbody>");
    }
    text.push_str("</table></div>\n");
    text
}

fn head(entry: &Entry<'_>, rounds: usize) -> String {
    let (failures, disturbed) = entry.notes(rounds);
    let mut text = format!(
        "<th rowspan=\"{}\">{}{}<small>{}</small>",
        entry.lines.len(),
        escape(entry.name),
        if disturbed { "\u{a0}†" } else { "" },
        escape(entry.what)
    );
    for failure in failures {
        let _ = write!(text, "<small class=\"bad\">{}</small>", escape(failure));
    }
    text + "</th>"
}

/// The stronger the colour, the further from 1.
fn cell(ratio: Option<&Ratio>) -> String {
    let Some(ratio) = ratio else { return "<td></td>".to_owned() };
    let class = if is_behind(ratio.median) { "loses" } else { "wins" };
    let strength = (ratio.median.max(f64::MIN_POSITIVE).log2().abs() / 3.0).clamp(0.0, 1.0) * 0.5 + 0.06;
    format!(
        "<td class=\"{class}\" style=\"--by:{strength:.2}\" title=\"{} to {}\">{}</td>",
        number(ratio.least),
        number(ratio.most),
        number(ratio.median)
    )
}

/// Curves are shown where a message is small: there the runtime shows most.
fn has_curve(line: &Measured) -> bool {
    line.what.starts_with("64 ") && relative(line).len() > 1
}

fn curves(session: &Session) -> Result<String, String> {
    let lines: Vec<_> = session.rows.iter().filter(|line| has_curve(line)).collect();
    if lines.is_empty() {
        return Ok(String::new());
    }
    let mut names: Vec<_> = lines.iter().flat_map(|line| line.curves.keys()).map(String::as_str).collect();
    names.sort_by_key(|name| rank(name));
    names.dedup();
    let mut text = String::from(
        "<section id=\"curves\"><h2>Latency curves</h2>\n<p>From sending a message to having it back. Each quantile is shown as \
         a multiple of whit's median in the same round: lower is better.</p>\n<p class=\"legend\">",
    );
    for name in names {
        let colour = colour(name);
        let _ =
            write!(text, "<span><i style=\"background:rgb({},{},{})\"></i>{name}</span>", colour.0, colour.1, colour.2);
    }
    text.push_str("</p>\n<div class=\"charts\">\n");
    for line in lines {
        let caption = format!("<b>{}</b> {}", escape(&line.name), escape(&line.what));
        let _ = writeln!(text, "<figure><figcaption>{caption}</figcaption>{}</figure>", chart(line)?);
    }
    text.push_str("</div></section>\n");
    Ok(text)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
