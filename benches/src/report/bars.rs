//! A small chart for each row: a bar for each peer on a scale that doubles from line to line, with the spread of the rounds.

use plotters::prelude::*;

use super::table::{Entry, is_behind, metric, number, rank};

const WIDTH: i32 = 380;
/// Left of it stand the peers, right of it the values.
const LEFT: i32 = 92;
const RIGHT: i32 = 46;
const LINE: i32 = 15;
const HEAD: i32 = 17;
/// Between metrics.
const GAP: i32 = 4;
/// The scale: from an eighth to sixty-four, in doublings.
const SCALE: (i32, i32) = (-3, 6);

pub(super) const WIN: RGBColor = RGBColor(46, 125, 90);
pub(super) const LOSE: RGBColor = RGBColor(207, 118, 20);
const DARK: RGBColor = RGBColor(27, 31, 36);
const SOFT: RGBColor = RGBColor(87, 96, 106);
const GREY: RGBColor = RGBColor(226, 230, 234);

/// Where a ratio stands; one that is off the scale stands at its end.
fn at(ratio: f64) -> i32 {
    let doublings = ratio.max(f64::MIN_POSITIVE).log2().clamp(f64::from(SCALE.0), f64::from(SCALE.1));
    let part = (doublings - f64::from(SCALE.0)) / f64::from(SCALE.1 - SCALE.0);
    LEFT + (part * f64::from(WIDTH - LEFT - RIGHT)) as i32
}

/// The chart of one row. Of several metrics, those that are shown are the first two and the last.
pub(super) fn bars(entry: &Entry<'_>) -> Result<String, String> {
    let many = entry.lines.len() > 1;
    let shown: Vec<_> = entry.lines.iter().filter(|line| line.metric != "p50" && !line.ratios.is_empty()).collect();
    let lines: usize = shown.iter().map(|line| line.ratios.len() + usize::from(many)).sum();
    let height = HEAD + lines as i32 * LINE + 2 + if many { shown.len() as i32 * GAP } else { 0 };
    let mut svg = String::new();
    let drawn = (|| {
        let area = SVGBackend::with_string(&mut svg, (WIDTH as u32, height as u32)).into_drawing_area();
        // plotters counts in points of its own: these are about 10 and 11.5 pixels.
        let (tiny, plain) = (12.4, 14.3);
        let font = |size: f64| ("system-ui, sans-serif", size).into_font();
        for power in SCALE.0..=SCALE.1 {
            let (ratio, x) = (2f64.powi(power), at(2f64.powi(power)));
            area.draw(&PathElement::new(vec![(x, HEAD - 2), (x, height)], if power == 0 { DARK } else { GREY }))?;
            let label = match power {
                -3 => "⅛".to_owned(),
                -2 => "¼".to_owned(),
                -1 => "½".to_owned(),
                _ => format!("{ratio}"),
            };
            area.draw(&Text::new(label, (x - 3, 1), font(tiny).color(&SOFT)))?;
        }
        let mut y = HEAD;
        for line in &shown {
            if many {
                y += GAP;
                area.draw(&Text::new(metric(&line.metric).to_owned(), (0, y + 2), font(plain).color(&SOFT)))?;
                y += LINE;
            }
            let mut ratios: Vec<_> = line.ratios.iter().collect();
            ratios.sort_by_key(|ratio| rank(&ratio.peer));
            for ratio in ratios {
                let colour = if is_behind(ratio.median) { LOSE } else { WIN };
                let (from, to) = (at(1.0).min(at(ratio.median)), at(1.0).max(at(ratio.median)));
                area.draw(&Text::new(ratio.peer.clone(), (0, y + 1), font(plain).color(&DARK)))?;
                area.draw(&Rectangle::new([(from, y + 2), (to.max(from + 1), y + LINE - 3)], colour.filled()))?;
                let middle = y + LINE / 2;
                area.draw(&PathElement::new(vec![(at(ratio.least), middle), (at(ratio.most), middle)], DARK))?;
                area.draw(&Text::new(number(ratio.median), (WIDTH - RIGHT + 6, y + 1), font(plain).color(&colour)))?;
                y += LINE;
            }
        }
        area.present()
    })();
    drawn.map_err(|error: DrawingAreaErrorKind<_>| format!("the bars of {} cannot be drawn: {error}", entry.name))?;
    Ok(fluid(&svg, WIDTH, height))
}

/// The page decides how large it is shown.
pub(super) fn fluid(svg: &str, width: i32, height: i32) -> String {
    svg.replacen(&format!("width=\"{width}\" height=\"{height}\" "), "", 1)
}
