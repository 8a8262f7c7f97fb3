//! The server of the tour keeps its counts right, also when a client goes away in the middle.

#[path = "../examples/support/mod.rs"]
#[allow(dead_code, missing_docs, unused_imports, unreachable_pub)]
mod support;

use std::time::{Duration, Instant};

use support::{Client, Server};

/// Until the server says that so many requests are in flight.
async fn in_flight(server: &Server, wanted: usize) {
    let started = Instant::now();
    while server.in_flight() != wanted {
        assert!(started.elapsed() < Duration::from_secs(10), "{} in flight, not {wanted}", server.in_flight());
        whit::sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn a_request_whose_connection_dies_is_not_in_flight_any_more() {
    whit::Builder::new().workers(2).run(async {
        let server = Server::start().await.unwrap();
        let clients: Vec<_> = (0..3).map(|_| Client::new(server.addr)).collect();
        let asking: Vec<_> = clients
            .into_iter()
            .map(|client| whit::spawn(async move { drop(client.get("/delay/3600").await) }))
            .collect();
        in_flight(&server, 3).await;
        assert_eq!(server.take_peak(), 3);
        // The clients and their connections go, long before the hour is over.
        drop(asking);
        in_flight(&server, 0).await;
        assert_eq!((server.take_connections(), server.take_peak()), (3, 0));
    });
}

#[test]
fn a_client_keeps_its_connection_and_the_order_is_told() {
    whit::run(async {
        let server = Server::start().await.unwrap();
        let client = Client::new(server.addr);
        for number in [3, 1, 2] {
            let body = client.get(&format!("/delay/0.001?number={number}")).await.unwrap();
            assert_eq!(body, r#"{"delay": 0.001}"#);
        }
        assert!(client.get("/delay/for-ever").await.unwrap_err().to_string().contains("404"));
        assert_eq!((server.take_connections(), server.take_peak(), server.in_flight()), (1, 1, 0));
        assert_eq!(server.take_order(), [3, 1, 2]);
    });
}
