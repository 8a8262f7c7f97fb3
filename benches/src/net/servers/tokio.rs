//! The services on tokio.

use std::net::SocketAddr;
use std::sync::mpsc::Sender;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::{ANY, DATAGRAM, Service};
use crate::runtimes::{Runtime, Tokio};

pub(crate) fn serve<const MANY: bool>(service: Service, ready: Sender<SocketAddr>) {
    Tokio::<MANY>::root(async {
        if let Service::Datagrams = service {
            let socket = UdpSocket::bind(ANY).await.expect("a port is free");
            ready.send(socket.local_addr().expect("bound")).expect("awaited");
            return datagrams(socket).await;
        }
        let listener = TcpListener::bind(ANY).await.expect("a port is free");
        ready.send(listener.local_addr().expect("bound")).expect("awaited");
        let accept = async move {
            loop {
                let (stream, _) = listener.accept().await.expect("descriptors are left");
                if let Service::Echo { buffer } = service {
                    tokio::spawn(echo(stream, buffer));
                }
            }
        };
        tokio::spawn(accept).await.expect("goes on for ever")
    })
}

async fn echo(mut stream: TcpStream, buffer: usize) {
    stream.set_nodelay(true).expect("open");
    let mut buffer = vec![0; buffer];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

async fn datagrams(socket: UdpSocket) {
    let mut buffer = [0; DATAGRAM];
    loop {
        let (read, from) = socket.recv_from(&mut buffer).await.expect("bound");
        socket.send_to(&buffer[..read], from).await.expect("sent");
    }
}
