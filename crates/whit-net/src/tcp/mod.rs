//! TCP: streams, listeners, and sockets that are set up first.

mod convert;
mod listener;
mod socket;
mod stream;

pub(crate) use convert::duplicate;
pub use listener::{Incoming, TcpListener};
pub use socket::TcpSocket;
pub use stream::TcpStream;
pub(crate) use stream::proceed;
