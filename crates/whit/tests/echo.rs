//! The example `echo`: every byte comes back, to several clients at once, and the server ends when it was asked to.

#[path = "../examples/echo.rs"]
#[allow(missing_docs)]
mod example;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use whit::Builder;
use whit::net::TcpListener;

#[test]
fn every_client_hears_what_it_said() {
    const CLIENTS: usize = 5;
    let said = |client: usize| (0..200_000).map(|at| (at * 31 + client) as u8).collect::<Vec<_>>();
    for workers in [1, 2] {
        Builder::new().workers(workers).run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let server = whit::spawn(example::serve(listener, CLIENTS));
            let clients = (0..CLIENTS).map(|client| {
                whit::unblock(move || {
                    let mut reading = std::net::TcpStream::connect(address).unwrap();
                    let mut writing = reading.try_clone().unwrap();
                    let writer = std::thread::spawn(move || {
                        writing.write_all(&said(client)).unwrap();
                        writing.shutdown(Shutdown::Write).unwrap();
                    });
                    let mut heard = Vec::new();
                    reading.read_to_end(&mut heard).unwrap();
                    writer.join().unwrap();
                    assert!(heard == said(client), "{} bytes came back", heard.len());
                })
            });
            let all = async { whit::gather!(in clients).await };
            whit::timeout(Duration::from_secs(30), all).await.unwrap();
            whit::timeout(Duration::from_secs(30), server).await.unwrap().unwrap();
        });
    }
}
