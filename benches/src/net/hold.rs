//! The load of the row of memory: connections that have been used once and then do nothing.

use std::io::{self, BufRead, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use clap::Args;

#[derive(Args, Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) addr: SocketAddr,
    /// Connections before it says `begin` and waits for a line.
    #[arg(long)]
    pub(crate) first: usize,
    /// Connections after that, before it says `end`.
    #[arg(long)]
    pub(crate) then: usize,
}

/// Runs it; to be called in its own process.
pub(crate) fn run(wanted: &Hold) -> Result<(), String> {
    wanted.run().map_err(|error| format!("holding connections to {} failed: {error}", wanted.addr))
}

impl Hold {
    fn run(&self) -> io::Result<()> {
        let mut streams = Vec::with_capacity(self.first + self.then);
        let mut line = String::new();
        for (count, word) in [(self.first, "begin"), (self.then, "end")] {
            for _ in 0..count {
                let mut stream = TcpStream::connect(self.addr)?;
                stream.set_read_timeout(Some(Duration::from_secs(5)))?;
                stream.write_all(&[7])?;
                stream.read_exact(&mut [0])?;
                streams.push(stream);
            }
            // The server has answered, and now goes back to wait.
            std::thread::sleep(Duration::from_millis(20));
            println!("{word}");
            // Until the other side has looked, or is gone.
            io::stdin().lock().read_line(&mut line)?;
        }
        Ok(())
    }
}
