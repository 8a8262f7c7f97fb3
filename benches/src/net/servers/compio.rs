//! The services on compio, which takes buffers by value.

use std::net::SocketAddr;
use std::sync::mpsc::Sender;

use compio::buf::{BufResult, IntoInner, IoBuf};
use compio::io::{AsyncRead, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream, UdpSocket};

use super::{ANY, DATAGRAM, Service};
use crate::runtimes::{Compio, Runtime};

pub(crate) fn serve(service: Service, ready: Sender<SocketAddr>) {
    Compio::root(async {
        if let Service::Datagrams = service {
            let socket = UdpSocket::bind(ANY).await.expect("a port is free");
            ready.send(socket.local_addr().expect("bound")).expect("awaited");
            return datagrams(socket).await;
        }
        let listener = TcpListener::bind(ANY).await.expect("a port is free");
        ready.send(listener.local_addr().expect("bound")).expect("awaited");
        loop {
            let (stream, _) = listener.accept().await.expect("descriptors are left");
            match service {
                Service::Echo { buffer } => compio::runtime::spawn(echo(stream, buffer)).detach(),
                _ => stream.close().await.expect("open"),
            }
        }
    })
}

async fn echo(mut stream: TcpStream, buffer: usize) {
    stream.set_nodelay(true).expect("open");
    let mut buffer = vec![0; buffer];
    loop {
        let BufResult(Ok(read @ 1..), filled) = stream.read(buffer).await else { return };
        let BufResult(Ok(()), slice) = stream.write_all(filled.slice(..read)).await else { return };
        buffer = slice.into_inner();
    }
}

async fn datagrams(socket: UdpSocket) {
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let BufResult(received, filled) = socket.recv_from(buffer).await;
        let (read, from) = received.expect("bound");
        let BufResult(sent, slice) = socket.send_to(filled.slice(..read), from).await;
        sent.expect("sent");
        buffer = slice.into_inner();
    }
}
