//! What the chapters share: a log that prints and remembers, a real HTTP server, and a real client.

pub mod client;
pub mod log;
pub mod server;

pub use client::Client;
pub use log::{Log, Row};
pub use server::Server;
