//! The program of `docs/simulation.md`: what the page shows is what is compiled here, and what it says is what happens.

use std::sync::Arc;
use std::time::Duration;

use whit::sim::{Campaign, Latency};
use whit::sync::Mutex;

// page: the program
#[derive(Default)]
struct Account {
    balance: Mutex<u64>,
}

impl Account {
    async fn balance(&self) -> u64 {
        *self.balance.lock().await
    }

    async fn set(&self, balance: u64) {
        *self.balance.lock().await = balance;
    }

    async fn pay_in(&self, amount: u64) {
        let before = self.balance().await;
        self.set(before + amount).await;
    }
}
// page: end

// page: the test
async fn nothing_is_lost() {
    let account = Arc::new(Account::default());
    let payments = (0..3).map(|_| {
        let account = account.clone();
        whit::spawn(async move { account.pay_in(10).await })
    });
    whit::gather!(in payments).await;
    assert_eq!(account.balance().await, 30, "a payment was lost");
}
// page: end

mod mended {
    use super::*;

    #[derive(Default)]
    struct Account {
        balance: Mutex<u64>,
    }

    // page: the mended program
    impl Account {
        async fn pay_in(&self, amount: u64) {
            *self.balance.lock().await += amount;
        }
    }
    // page: end

    #[whit::sim(seeds = 1000)]
    async fn nothing_is_lost() {
        let account = Arc::new(Account::default());
        let payments = (0..3).map(|_| {
            let account = account.clone();
            whit::spawn(async move { account.pay_in(10).await })
        });
        whit::gather!(in payments).await;
        assert_eq!(*account.balance.lock().await, 30, "a payment was lost");
    }
}

/// What the page says of the seed.
#[test]
fn the_page_tells_what_happens() {
    let found = Campaign::new().seeds(1000).find(nothing_is_lost).expect("the race is there");
    let page = include_str!("../../../docs/simulation.md");
    let says = format!("WHIT_SIM_SEED={} cargo test nothing_is_lost", found.seed);
    assert!(page.contains(&says), "the page does not say `{says}`: {found}, {:?}", found.shrunk);
    let (wild, left, runs) = (found.failure.tape().wild(), found.shrunk.tape.wild(), found.shrunk.runs);
    let says = format!("in {runs} runs shrunk from {wild} choices that are not tame to {left}");
    assert!(page.contains(&says), "the page does not say `{says}`");
    let says = format!("WHIT_SIM_TAPE=\"{}\" cargo test nothing_is_lost", found.shrunk.tape);
    assert!(page.contains(&says), "the page does not say `{says}`, after {} runs", found.shrunk.runs);
}

#[test]
fn the_page_shows_what_is_compiled() {
    let (page, source) = (include_str!("../../../docs/simulation.md"), include_str!("lost_update.rs"));
    let lines = |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let page = lines(page);
    let shown: Vec<_> = source.split("// page: ").skip(1).filter(|part| part.starts_with("the ")).collect();
    assert!(shown.len() >= 5);
    for part in shown {
        let (title, code) = part.split_once('\n').unwrap();
        assert!(page.contains(&lines(code)), "the page does not show {title}");
    }
}

// page: the hosts
async fn client() {
    let mut stream = whit::net::TcpStream::connect("server:80").await.unwrap();
    whit::io::AsyncWriteExt::write_all(&mut stream, b"hello").await.unwrap();
}

#[whit::sim(seeds = 100)]
async fn a_message_arrives() {
    let sim = whit::sim::Controls::current();
    sim.host("server");
    sim.link("server", "root").latency(Latency::Uniform(Duration::from_millis(1), Duration::from_millis(50)));
    let heard = sim.on("server", async {
        let listener = whit::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut text = String::new();
        whit::io::AsyncReadExt::read_to_string(&mut stream, &mut text).await.unwrap();
        text
    });
    sim.wait_all_blocked().await;
    client().await;
    assert_eq!(heard.await, "hello");
}
// page: end

// page: the day
#[whit::sim]
async fn a_day_passes_at_once() {
    let started = whit::time::now();
    whit::sleep(Duration::from_secs(86_400)).await;
    assert_eq!(whit::time::now() - started, Duration::from_secs(86_400));
}
// page: end
