//! Programs with sockets, on hosts that crash: whit's own types, unchanged.

use std::io;
use std::time::Duration;

use whit::net::{TcpListener, TcpStream};
use whit::prelude::*;
use whit::time::now;
use whit_sim::{Latency, Sim};

const SECOND: Duration = Duration::from_secs(1);

async fn echo_server() {
    let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        whit::spawn(async move {
            let mut buffer = [0; 64];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
            }
        })
        .detach();
    }
}

async fn ask(text: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect("echo:7").await?;
    stream.write_all(text.as_bytes()).await?;
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).await?;
    Ok(String::from_utf8(answer).unwrap())
}

#[test]
fn an_echo_by_name_through_crash_restart_and_partition() {
    for seed in 0..100 {
        let sim = Sim::new(seed);
        sim.host("echo").address([192, 168, 1, 1]).start(echo_server);
        sim.host("client");
        let controls = sim.controls();
        sim.run(async move {
            controls.wait_all_blocked().await;
            assert_eq!(ask("hello").await.unwrap(), "hello");
            let peer =
                controls.on("client", async { TcpStream::connect("echo:7").await.unwrap().peer_addr().unwrap() });
            assert_eq!(peer.await, ([192, 168, 1, 1], 7).into());
            assert!(controls.elapsed() < SECOND / 50);

            controls.crash("echo");
            let started = now();
            let down = whit::timeout(10 * SECOND, ask("nobody")).await;
            assert!(!matches!(down, Ok(Ok(_))) && now() - started > SECOND / 1000);
            controls.restart("echo");
            controls.wait_all_blocked().await;
            assert_eq!(ask("again").await.unwrap(), "again");

            controls.partition(&["root"], &["echo"]);
            assert!(whit::timeout(SECOND, ask("cut off")).await.is_err());
            assert_eq!(controls.on("client", ask("not cut off")).await.unwrap(), "not cut off");
            controls.heal();
            assert_eq!(ask("healed").await.unwrap(), "healed");
        });
    }
}

#[test]
fn one_seed_one_run_with_a_network() {
    let run = |seed| {
        let sim = Sim::new(seed);
        sim.host("echo").start(echo_server);
        sim.links().latency(Latency::Uniform(Duration::from_millis(1), Duration::from_millis(20)));
        let ended = sim.execute(async {
            whit::sleep(SECOND).await;
            let asks = (0..5).map(|number| async move { ask(&format!("number {number}")).await });
            whit::try_gather!(in asks).await.unwrap().len()
        });
        assert_eq!(ended.result.unwrap(), 5);
        (ended.hash, ended.steps, ended.tape)
    };
    let first = run(11);
    for again in 0..200 {
        assert_eq!(run(11), first, "run {again}");
    }
    assert_ne!(run(12).0, first.0);
}
