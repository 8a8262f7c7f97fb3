//! The same types where no runtime of whit's runs: under a plain `block_on`, and inside tokio.

mod support;

use std::io;

use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use support::tcp_pair;
use whit_net::UdpSocket;

async fn exercise() -> io::Result<()> {
    let (mut client, mut server) = tcp_pair().await?;
    client.write_all(b"hello").await?;
    let mut buf = [0; 5];
    server.read_exact(&mut buf).await?;
    assert_eq!(&buf, b"hello");
    let one = UdpSocket::bind("localhost:0").await?;
    let two = UdpSocket::bind(one.local_addr()?).await.unwrap_err();
    assert_eq!(two.kind(), io::ErrorKind::AddrInUse);
    Ok(())
}

#[test]
fn under_any_block_on() {
    futures_lite::future::block_on(exercise()).unwrap();
    whit_core::block_on(exercise()).unwrap();
}

#[test]
fn inside_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { tokio::spawn(exercise()).await.unwrap() }).unwrap();
}

#[test]
fn a_stream_moves_between_them() {
    let (mut client, mut server) = futures_lite::future::block_on(tcp_pair()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { client.write_all(b"moved").await }).unwrap();
    let mut buf = [0; 5];
    whit_core::block_on(server.read_exact(&mut buf)).unwrap();
    assert_eq!(&buf, b"moved");
}
