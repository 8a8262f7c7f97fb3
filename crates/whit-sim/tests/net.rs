//! The network under the engine: programs on several hosts, and what they see of each other's troubles.

use std::io::ErrorKind;
use std::time::Duration;

use whit::io::{AsyncReadExt, AsyncWriteExt};
use whit::net::{TcpListener, TcpStream};
use whit_sim::{Latency, Sim, Verdict};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

async fn echo() {
    let listener = TcpListener::bind("[::]:7").await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        whit::spawn(async move { whit::io::copy(&stream, &stream).await }).detach();
    }
}

/// A simulation with an echo server, whose packets take exactly ten milliseconds each way.
fn with_server(seed: u64) -> Sim {
    let sim = Sim::new(seed);
    sim.host("server").start(echo);
    sim.controls().links().latency(Latency::Constant(10 * MS)).segmentation(0.0);
    sim
}

#[test]
fn several_addresses_are_tried_one_after_the_other() {
    let sim = Sim::new(1);
    sim.host("server").address([10, 1, 0, 1]).address([0xfd, 0, 0, 0, 0, 0, 0, 1]).start(echo);
    // The root's host has IPv4 only, so it is another that connects.
    sim.host("client").address([10, 1, 0, 2]).address([0xfd, 0, 0, 0, 0, 0, 0, 2]);
    let controls = sim.controls();
    controls.links().latency(Latency::Constant(10 * MS));
    sim.run(async move {
        let connect = async |controls: &whit_sim::Controls| {
            whit::sleep(MS).await;
            let connecting = controls.on("client", async {
                let began = whit::time::now();
                let stream = TcpStream::connect("server:7").await.unwrap();
                (stream.peer_addr().unwrap().is_ipv6(), whit::time::now() - began)
            });
            connecting.await
        };
        assert_eq!(connect(&controls).await, (false, 20 * MS));
        let _black_hole = controls.rule(|packet| match packet.to().is_ipv4() {
            true => Verdict::Drop,
            false => Verdict::Pass,
        });
        assert_eq!(connect(&controls).await, (true, 270 * MS), "250 ms until the next is tried");
    });
}

#[test]
fn a_paused_program_has_a_kernel_that_goes_on() {
    let sim = with_server(1);
    let controls = sim.controls();
    sim.run(async move {
        whit::sleep(MS).await;
        controls.pause("server");
        let mut stream = TcpStream::connect("server:7").await.unwrap();
        stream.write_all(b"hello").await.unwrap();
        let mut buf = [0; 5];
        let answer = whit::timeout(3600 * SECOND, stream.read_exact(&mut buf)).await;
        assert!(answer.is_err(), "nobody is there to answer");
        controls.resume("server");
        let resumed = controls.elapsed();
        stream.read_exact(&mut buf).await.unwrap();
        assert_eq!(controls.elapsed() - resumed, 10 * MS, "all of it was there already");
    });
}

#[test]
fn a_peer_that_crashes_is_silent_until_it_is_back() {
    for seed in 0..20 {
        let sim = with_server(seed);
        let controls = sim.controls();
        sim.run(async move {
            whit::sleep(MS).await;
            let mut stream = TcpStream::connect("server:7").await.unwrap();
            let mut buf = [0; 5];
            stream.write_all(b"hello").await.unwrap();
            stream.read_exact(&mut buf).await.unwrap();
            controls.crash("server");
            stream.write_all(b"hello").await.unwrap();
            assert!(whit::timeout(60 * SECOND, stream.read(&mut buf)).await.is_err());
            assert!(controls.netstat().contains("\"server\", which is down"), "{}", controls.netstat());
            controls.restart("server");
            let error = stream.read(&mut buf).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            TcpStream::connect("server:7").await.unwrap();
        });
    }
}

#[test]
fn a_program_that_ends_says_goodbye() {
    let sim = Sim::new(1);
    sim.host("server").start(async || {
        let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
        let (_stream, _) = listener.accept().await.unwrap();
        whit::sleep(SECOND).await;
    });
    sim.run(async {
        whit::sleep(MS).await;
        let mut stream = TcpStream::connect("server:7").await.unwrap();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0, "its destructors still reach the network");
    });
}

#[test]
fn a_rule_may_use_the_controls() {
    let sim = with_server(1);
    let controls = sim.controls();
    sim.run(async move {
        whit::sleep(MS).await;
        let inner = controls.clone();
        controls
            .rule(move |packet| {
                if packet.payload() == b"die" {
                    inner.crash("server");
                }
                Verdict::Pass
            })
            .keep();
        let mut stream = TcpStream::connect("server:7").await.unwrap();
        stream.write_all(b"die").await.unwrap();
        assert!(whit::timeout(SECOND, stream.read(&mut [0; 3])).await.is_err());
        assert!(!controls.is_up("server"));
    });
}

#[test]
fn a_deadlock_shows_the_sockets() {
    let ended = Sim::new(1).execute(async {
        let listener = TcpListener::bind("0.0.0.0:80").await.unwrap();
        listener.accept().await.map(drop)
    });
    let message = ended.result.unwrap_err().message();
    assert!(message.contains("tcp 0.0.0.0:80 listens, 0 wait to be accepted"), "{message}");
}

#[cfg(unix)]
#[test]
fn unix_sockets_are_refused_by_name() {
    use whit::net::unix::{UnixDatagram, UnixListener, UnixStream};

    let folder = std::env::temp_dir();
    let path = |name: &str| folder.join(format!("whit-sim-{name}-{}", std::process::id()));
    let (free, real) = (path("free"), path("real"));
    let _listener = std::os::unix::net::UnixListener::bind(&real).unwrap();
    Sim::new(1).run(async {
        let errors = [
            ("listening on", &free, UnixListener::bind(&free).unwrap_err()),
            ("binding a datagram socket to", &free, UnixDatagram::bind(&free).unwrap_err()),
            ("connecting to", &real, UnixStream::connect(&real).await.unwrap_err()),
        ];
        for (call, path, error) in errors {
            let text = error.to_string();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{text}");
            assert!(text.starts_with(&format!("{call} {} failed: ", path.display())), "{text}");
            assert!(text.contains("inside a simulation"), "{text}");
        }
    });
    assert!(!free.exists(), "nothing is left behind");
    std::fs::remove_file(real).unwrap();
}
