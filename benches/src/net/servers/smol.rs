//! The services on async-io, with the executor that `R` is.

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc::Sender;

use async_io::Async;
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use super::{ANY, DATAGRAM, Service};
use crate::runtimes::Runtime;

pub(crate) fn serve<R: Runtime>(service: Service, ready: Sender<SocketAddr>) {
    R::root(async {
        if let Service::Datagrams = service {
            let socket = Async::<UdpSocket>::bind(ANY).expect("a port is free");
            ready.send(socket.get_ref().local_addr().expect("bound")).expect("awaited");
            return datagrams(socket).await;
        }
        let listener = Async::<TcpListener>::bind(ANY).expect("a port is free");
        ready.send(listener.get_ref().local_addr().expect("bound")).expect("awaited");
        let accept = async move {
            loop {
                let (stream, _) = listener.accept().await.expect("descriptors are left");
                if let Service::Echo { buffer } = service {
                    R::detach(R::spawn(echo(stream, buffer)));
                }
            }
        };
        R::spawn(accept).await
    })
}

async fn echo(mut stream: Async<TcpStream>, buffer: usize) {
    stream.get_ref().set_nodelay(true).expect("open");
    let mut buffer = vec![0; buffer];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

async fn datagrams(socket: Async<UdpSocket>) {
    let mut buffer = [0; DATAGRAM];
    loop {
        let (read, from) = socket.recv_from(&mut buffer).await.expect("bound");
        socket.send_to(&buffer[..read], from).await.expect("sent");
    }
}
