//! Rows of channels.

use super::{FLOW, Row, contenders, row};
use crate::rows::channels::{flume_mpmc as flume, futures_mpsc as futures, kanal_mpmc as kanal, smol, tokio, whit};
use crate::rows::fan;
use crate::runtimes::{Smol, Tokio, Whit};

pub(super) fn rows() -> Vec<Row> {
    macro_rules! all {
        ($body:ident) => {
            contenders![
                "whit" => whit::$body::<Whit>,
                "tokio" => tokio::$body::<Tokio<true>>,
                "smol" => smol::$body::<Smol>,
                "futures" => futures::$body::<Smol>,
                "flume" => flume::$body::<Smol>,
                "kanal" => kanal::$body::<Smol>,
            ]
        };
    }
    let drained = contenders![
        "whit" => whit::fill_and_drain,
        "tokio" => tokio::fill_and_drain,
        "smol" => smol::fill_and_drain,
        "futures" => futures::fill_and_drain,
        "flume" => flume::fill_and_drain,
        "kanal" => kanal::fill_and_drain,
    ];
    vec![
        row!(
            FLOW,
            "bounded",
            "bounded(100), one to one",
            all!(one_to_one),
            "tokio" >= 2.5,
            "flume" >= 1.0,
            "kanal" >= 0.67
        ),
        row!(
            FLOW,
            "bounded-8",
            "bounded(100), eight to one",
            all!(eight_to_one),
            "tokio" >= 2.5,
            "flume" >= 1.0,
            "kanal" >= 0.67
        ),
        row!(FLOW, "unbounded", "one to one", all!(unbounded), "tokio" >= 2.5, "flume" >= 1.0, "kanal" >= 0.67),
        row!(
            FLOW,
            "fill-drain",
            "1,000 in, 1,000 out, nobody waits",
            drained,
            "tokio" >= 2.5,
            "flume" >= 1.0,
            "kanal" >= 0.67
        ),
        row!(
            FLOW,
            "broadcast",
            "one to four, with room for all",
            contenders![
                "whit" => fan::whit_broadcast::<Whit>,
                "tokio" => fan::tokio_broadcast::<Tokio<true>>,
                "smol" => fan::smol_broadcast::<Smol>,
            ],
            "tokio" >= 2.5
        ),
        row!(
            FLOW,
            "rendezvous",
            "one to one, each message waits for its receiver",
            contenders![
                "whit" => fan::whit_rendezvous::<Whit>,
                "flume" => fan::flume_rendezvous::<Smol>,
                "kanal" => fan::kanal_rendezvous::<Smol>,
            ],
            "flume" >= 1.0,
            "kanal" >= 0.67
        ),
    ]
}
