//! Which addresses are free, which are whose, and how they are shown.

use super::same;

same!(
    taken,
    free_again,
    while_connections_last,
    who_connects_is_in_the_way,
    not_ours,
    everybody,
    families,
    names,
    sharing,
    own_choice,
);

mod program {
    use std::io;
    use std::net::SocketAddr;

    use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
    use whit_net::{TcpListener, TcpSocket, TcpStream, UdpSocket, resolve};

    use crate::{Seen, settle};

    fn at(ip: &str, port: u16) -> SocketAddr {
        SocketAddr::new(ip.parse().unwrap(), port)
    }

    pub(super) async fn taken(seen: Seen) -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        seen.value("chosen", port != 0);
        for ip in ["127.0.0.1", "0.0.0.0", "::", "127.0.0.2"] {
            seen.result(ip, TcpListener::bind(at(ip, port)).await.map(drop));
        }
        let only_v6 = TcpSocket::new().only_v6(true).listen(at("::", port)).await;
        seen.result("only IPv6", only_v6.map(drop));
        // TCP's ports are not UDP's.
        let udp = UdpSocket::bind(at("127.0.0.1", port)).await?;
        seen.result("UDP", UdpSocket::bind(udp.local_addr()?).await.map(drop));
        seen.result("UDP, all", UdpSocket::bind(at("0.0.0.0", port)).await.map(drop));
        Ok(())
    }

    pub(super) async fn free_again(seen: Seen) -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        drop(listener);
        seen.result("again", TcpListener::bind(address).await.map(drop));
        let plain = TcpSocket::new().reuse_address(false);
        seen.result("without reuse", plain.listen(address).await.map(drop));
        Ok(())
    }

    pub(super) async fn while_connections_last(seen: Seen) -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let near = TcpStream::connect(address).await?;
        let (mut far, _) = listener.accept().await?;
        drop(listener);
        let plain = TcpSocket::new().reuse_address(false);
        seen.result("with reuse", TcpListener::bind(address).await.map(drop));
        seen.result("without", plain.listen(address).await.map(drop));
        // Who ends first lingers.
        far.close().await?;
        settle().await;
        drop((near, far));
        settle().await;
        seen.result("with reuse", TcpListener::bind(address).await.map(drop));
        seen.result("without", plain.listen(address).await.map(drop));
        Ok(())
    }

    pub(super) async fn who_connects_is_in_the_way(seen: Seen) -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        for reuse in [true, false] {
            let free = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
            let near = TcpSocket::new().bind(free).reuse_address(reuse).connect(listener.local_addr()?).await?;
            seen.result("listen there", TcpListener::bind(free).await.map(drop));
            seen.result("on all", TcpListener::bind(at("0.0.0.0", free.port())).await.map(drop));
            let plain = TcpSocket::new().reuse_address(false);
            seen.result("without reuse", plain.listen(free).await.map(drop));
            drop(near);
        }
        // A port that the system chose for who connects.
        let near = TcpStream::connect(listener.local_addr()?).await?;
        seen.result("a chosen one", TcpListener::bind(near.local_addr()?).await.map(drop));
        Ok(())
    }

    pub(super) async fn not_ours(seen: Seen) -> io::Result<()> {
        // An address of documentation, which no machine has.
        seen.result("listen", TcpListener::bind("192.0.2.1:0").await.map(drop));
        seen.result("bind", UdpSocket::bind("192.0.2.1:0").await.map(drop));
        let socket = TcpSocket::new().bind("192.0.2.1:0".parse().unwrap());
        seen.result("connect from", socket.connect("127.0.0.1:9").await.map(drop));
        seen.result("all of 127", TcpListener::bind("127.3.2.1:0").await.map(drop));
        Ok(())
    }

    pub(super) async fn everybody(seen: Seen) -> io::Result<()> {
        let listener = TcpListener::bind("0.0.0.0:0").await?;
        let local = listener.local_addr()?;
        seen.value("of all", local.ip());
        for ip in ["127.0.0.1", "127.1.2.3", "0.0.0.0"] {
            let near = TcpStream::connect(at(ip, local.port())).await?;
            let (far, from) = listener.accept().await?;
            seen.value("near", (near.local_addr()?.ip(), near.peer_addr()?.ip()));
            seen.value("far", (far.local_addr()?.ip(), far.peer_addr()?.ip(), from == near.local_addr()?));
        }
        seen.result("IPv6", TcpStream::connect(at("::1", local.port())).await.map(drop));
        Ok(())
    }

    pub(super) async fn families(seen: Seen) -> io::Result<()> {
        let listener = TcpListener::bind("[::]:0").await?;
        let local = listener.local_addr()?;
        seen.value("of all", local.ip());
        for ip in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            let mut near = TcpStream::connect(at(ip, local.port())).await?;
            let (mut far, from) = listener.accept().await?;
            seen.value("near", (near.local_addr()?.ip(), near.peer_addr()?.ip()));
            seen.value("far", (far.local_addr()?.ip(), far.peer_addr()?.ip(), from.ip()));
            near.write_all(b"x").await?;
            far.read_exact(&mut [0; 1]).await?;
        }
        let only = TcpSocket::new().only_v6(true).listen("[::]:0").await?;
        let port = only.local_addr()?.port();
        seen.result("IPv4 to IPv6 only", TcpStream::connect(at("127.0.0.1", port)).await.map(drop));
        seen.result("IPv6", TcpStream::connect(at("::1", port)).await.map(drop));
        Ok(())
    }

    pub(super) async fn names(seen: Seen) -> io::Result<()> {
        let found = resolve("localhost:80").await?;
        seen.value("loopback", found.iter().all(|address| address.ip().is_loopback() && address.port() == 80));
        seen.value("IPv4 among them", found.contains(&at("127.0.0.1", 80)));
        seen.result("a number", resolve("[::1]:80").await);
        seen.result("nobody", resolve("nobody.invalid:80").await);
        seen.result("connect to nobody", TcpStream::connect("nobody.invalid:80").await.map(drop));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let near = TcpStream::connect(("localhost", port)).await?;
        seen.value("by name", near.peer_addr()?.ip());
        Ok(())
    }

    pub(super) async fn sharing(seen: Seen) -> io::Result<()> {
        let socket = TcpSocket::new().reuse_port(true);
        let one = socket.listen("127.0.0.1:0").await?;
        let address = one.local_addr()?;
        let two = socket.listen(address).await;
        seen.result("a second", two.as_ref().map(drop).map_err(|error| io::Error::from(error.kind())));
        seen.result("one who does not share", TcpListener::bind(address).await.map(drop));
        Ok(())
    }

    pub(super) async fn own_choice(seen: Seen) -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let free = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
        let socket = TcpSocket::new().bind(free).reuse_address(true);
        let near = socket.connect(address).await?;
        seen.value("from there", near.local_addr()? == free && listener.accept().await?.1 == free);
        seen.result("a second time", socket.connect(address).await.map(drop));
        let other = TcpListener::bind("127.0.0.1:0").await?;
        seen.result("to elsewhere", socket.connect(other.local_addr()?).await.map(drop));
        let plain = TcpSocket::new().bind(free);
        seen.result("without reuse", plain.connect(other.local_addr()?).await.map(drop));
        let taken = TcpSocket::new().bind(address).reuse_address(true);
        seen.result("from where somebody listens", taken.connect(other.local_addr()?).await.map(drop));
        Ok(())
    }
}
