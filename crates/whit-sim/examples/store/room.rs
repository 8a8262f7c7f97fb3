//! The machine room: three nodes, three clients, and somebody who crashes hosts and cuts cables. What the clients saw must be
//! what one store could have shown, and in the end, when everything works again, the store must too.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use whit::sim::{Controls, Disk, DiskWork, Latency};

use super::client::Client;
use super::history::{Seen, complaint};
use super::node::{Config, serve};

const NODES: [&str; 3] = ["db-1", "db-2", "db-3"];
const KEYS: [&str; 2] = ["x", "y"];
const CLIENTS: u64 = 3;
const OPERATIONS: u64 = 8;
/// Virtual time in which all of it must have come to an end.
const MOST: Duration = Duration::from_secs(600);

/// One run under whatever the seed brings, with the bug or without. Panics if the store did wrong.
pub(crate) async fn run(acknowledge_early: bool) {
    let controls = Controls::current();
    controls.links().latency(Latency::Exponential(Duration::from_millis(1), Duration::from_millis(4)));
    for (number, name) in NODES.into_iter().enumerate() {
        let followers = if number == 0 { vec!["db-2:7000".to_owned(), "db-3:7000".to_owned()] } else { Vec::new() };
        let config = Config { listen: "0.0.0.0:7000".into(), folder: "/data".into(), followers, acknowledge_early };
        let disk = Disk::new().latency(DiskWork::Sync, Latency::Uniform(Duration::ZERO, Duration::from_millis(10)));
        // Like a service manager: a node that fails, as it may when its host has just come up, is started again.
        controls.host(name).disk(disk).start(move || {
            let config = config.clone();
            async move {
                while let Err(error) = serve(config.clone()).await {
                    Controls::current().note(format!("the node failed: {error}"));
                    whit::sleep(Duration::from_millis(200)).await;
                }
            }
        });
    }
    let history = Rc::new(RefCell::new(Vec::new()));
    let trouble = whit::spawn_local(make_trouble(controls.clone()));
    let clients = (0..CLIENTS).map(|number| {
        let name = format!("client-{number}");
        controls.host(&name);
        controls.on(&name, work(number, history.clone(), controls.clone()))
    });
    let clients: Vec<_> = clients.collect();
    let all = async {
        trouble.await;
        whit::gather!(in clients).await;
    };
    if whit::timeout(MOST, all).await.is_err() {
        panic!("a store whose hosts all work does not answer any more");
    }
    if let Some(complaint) = complaint(&history.borrow()) {
        panic!("{complaint}");
    }
}

/// A client puts and gets, and writes down what it saw.
async fn work(client: u64, history: Rc<RefCell<Vec<Seen>>>, controls: Controls) {
    let store = Client { nodes: NODES.map(|name| format!("{name}:7000")).into() };
    for number in 0..OPERATIONS {
        let key = KEYS[controls.choose(KEYS.len() as u32) as usize];
        let is_put = controls.choose(2) == 0;
        let called = controls.elapsed();
        let request = client * OPERATIONS + number;
        let (version, value) = if is_put {
            let value = format!("value-{request}");
            (store.put(request, key, &value).await, value)
        } else {
            store.get(key).await.map_or((0, String::new()), |entry| (entry.version, entry.value))
        };
        let answered = controls.elapsed();
        history.borrow_mut().push(Seen { client, key: key.into(), called, answered, version, value, is_put });
        whit::sleep(Duration::from_millis(controls.choose(100).into())).await;
    }
}

/// Crashes and cuts, one thing after the other, and mends everything at the end.
async fn make_trouble(controls: Controls) {
    for _ in 0..controls.choose(6) {
        whit::sleep(Duration::from_millis(controls.choose(400).into())).await;
        let victim = NODES[controls.choose(3) as usize];
        let others: Vec<_> = NODES.into_iter().filter(|name| *name != victim).collect();
        let pause = Duration::from_millis(u64::from(controls.choose(1500)));
        match controls.choose(5) {
            0 => {}
            1 => {
                controls.crash(victim);
                whit::sleep(pause).await;
                controls.restart(victim);
            }
            2 => {
                controls.partition(&[victim], &others);
                whit::sleep(pause).await;
                controls.heal();
            }
            3 => {
                controls.partition(&[victim], &["client-0", "client-1"]);
                whit::sleep(pause).await;
                controls.heal();
            }
            _ => {
                controls.pause(victim);
                whit::sleep(pause).await;
                controls.resume(victim);
            }
        }
    }
}
