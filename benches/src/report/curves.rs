//! Latency curves of the echo rows: each quantile by whit's median of the same round, so that no bare time is shown.

use std::collections::BTreeMap;

use plotters::prelude::*;

use super::bars::fluid;
use super::table::rank;
use crate::meter::median;
use crate::sample::QUANTILES;
use crate::session::Measured;

const WIDTH: i32 = 420;
const HEIGHT: i32 = 260;

/// A colour for each, the same in all charts.
pub(super) fn colour(contender: &str) -> RGBColor {
    match contender {
        "whit" => RGBColor(20, 20, 24),
        "tokio" => RGBColor(47, 111, 222),
        "smol" => RGBColor(46, 158, 107),
        "monoio" => RGBColor(190, 70, 140),
        "compio" => RGBColor(217, 130, 43),
        "glommio" => RGBColor(122, 92, 196),
        "asyncio" => RGBColor(190, 160, 0),
        "uvloop" => RGBColor(160, 82, 45),
        _ => RGBColor(150, 156, 164),
    }
}

/// By contender, a multiple of whit's median at each quantile: the median of the rounds.
pub(super) fn relative(line: &Measured) -> Vec<(&str, Vec<f64>)> {
    let Some(ours) = line.curves.get("whit") else { return Vec::new() };
    let of = |curves: &Vec<Vec<f64>>| -> Vec<f64> {
        (0..QUANTILES.len())
            .map(|at| {
                let rounds = curves.iter().zip(ours);
                let mut each: Vec<_> =
                    rounds.filter_map(|(curve, ours)| Some(curve.get(at)? / ours.first()?)).collect();
                median(&mut each)
            })
            .collect()
    };
    let curves: &BTreeMap<String, Vec<Vec<f64>>> = &line.curves;
    let mut all: Vec<_> = curves.iter().map(|(name, curves)| (&**name, of(curves))).collect();
    all.retain(|(_, curve)| curve.iter().all(|value| value.is_finite()));
    // whit last, so that it lies on top.
    all.sort_by_key(|(name, _)| std::cmp::Reverse(rank(name)));
    all
}

/// The chart of one row.
pub(super) fn chart(line: &Measured) -> Result<String, String> {
    let curves = relative(line);
    let values = curves.iter().flat_map(|(_, curve)| curve.iter().copied());
    let (least, most) = values.fold((1.0f64, 2.0f64), |(least, most), value| (least.min(value), most.max(value)));
    let (low, high) = (least.log2().floor(), most.log2().ceil());
    let mut svg = String::new();
    let drawn = (|| {
        let area = SVGBackend::with_string(&mut svg, (WIDTH as u32, HEIGHT as u32)).into_drawing_area();
        let (soft, grey) = (RGBColor(87, 96, 106), RGBColor(226, 230, 234));
        let font = ("system-ui, sans-serif", 13.6).into_font().color(&soft);
        let mut chart = ChartBuilder::on(&area)
            .margin(6)
            .margin_right(18)
            .x_label_area_size(20)
            .y_label_area_size(34)
            .build_cartesian_2d(0.0..(QUANTILES.len() - 1) as f64, low..high)?;
        let mut mesh = chart.configure_mesh();
        mesh.x_labels(QUANTILES.len()).y_labels((high - low) as usize + 1).label_style(font);
        mesh.light_line_style(TRANSPARENT).bold_line_style(grey).axis_style(grey);
        mesh.x_label_formatter(&|at| QUANTILES.get(at.round() as usize).map_or(String::new(), |part| percent(*part)));
        mesh.y_label_formatter(&|doublings| multiple(*doublings));
        mesh.draw()?;
        for (name, curve) in &curves {
            let points = curve.iter().enumerate().map(|(at, value)| (at as f64, value.log2()));
            let width = if *name == "whit" { 3 } else { 2 };
            chart.draw_series(LineSeries::new(points, colour(name).stroke_width(width)))?;
        }
        drop(chart);
        area.present()
    })();
    drawn.map_err(|error: DrawingAreaErrorKind<_>| format!("the curves of {} cannot be drawn: {error}", line.name))?;
    Ok(fluid(&svg, WIDTH, HEIGHT))
}

fn percent(part: f64) -> String {
    format!("{} %", (part * 1000.0).round() / 10.0)
}

fn multiple(doublings: f64) -> String {
    if doublings < 0.0 {
        format!("1/{}×", 2f64.powf(-doublings).round())
    } else {
        format!("{}×", 2f64.powf(doublings).round())
    }
}
