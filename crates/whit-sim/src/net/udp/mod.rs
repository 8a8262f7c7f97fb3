//! UDP: datagrams that may be lost, doubled and reordered by their link, and that a full receiver drops.

mod bound;
mod datagram;

pub(super) use bound::Bound;
pub(super) use datagram::SimDatagram;
