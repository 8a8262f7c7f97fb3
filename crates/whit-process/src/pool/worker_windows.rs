//! Windows has no pool, so it has no worker.

use std::io;

use super::JobError;

#[derive(Debug)]
pub(super) enum Worker {}

impl Worker {
    pub(super) async fn start() -> io::Result<Worker> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn is_usable(&mut self) -> bool {
        match *self {}
    }

    pub(super) async fn call(&mut self, _: &[u8]) -> Result<Vec<u8>, JobError> {
        match *self {}
    }
}
