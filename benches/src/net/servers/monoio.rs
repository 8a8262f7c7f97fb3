//! The services on monoio, which takes buffers by value.

use std::net::SocketAddr;
use std::sync::mpsc::Sender;

use monoio::buf::IoBuf;
use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::udp::UdpSocket;
use monoio::net::{TcpListener, TcpStream};

use super::{ANY, DATAGRAM, Service};
use crate::runtimes::{Monoio, Runtime};

pub(crate) fn serve(service: Service, ready: Sender<SocketAddr>) {
    Monoio::root(async {
        if let Service::Datagrams = service {
            let socket = UdpSocket::bind(ANY).expect("a port is free");
            ready.send(socket.local_addr().expect("bound")).expect("awaited");
            return datagrams(socket).await;
        }
        let listener = TcpListener::bind(ANY).expect("a port is free");
        ready.send(listener.local_addr().expect("bound")).expect("awaited");
        loop {
            let (stream, _) = listener.accept().await.expect("descriptors are left");
            if let Service::Echo { buffer } = service {
                monoio::spawn(echo(stream, buffer));
            }
        }
    })
}

async fn echo(mut stream: TcpStream, buffer: usize) {
    stream.set_nodelay(true).expect("open");
    let mut buffer = vec![0; buffer];
    while let (Ok(read @ 1..), filled) = stream.read(buffer).await {
        let (written, slice) = stream.write_all(filled.slice(..read)).await;
        if written.is_err() {
            return;
        }
        buffer = slice.into_inner();
    }
}

async fn datagrams(socket: UdpSocket) {
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let (received, filled) = socket.recv_from(buffer).await;
        let (read, from) = received.expect("bound");
        let (sent, slice) = socket.send_to(filled.slice(..read), from).await;
        sent.expect("sent");
        buffer = slice.into_inner();
    }
}
