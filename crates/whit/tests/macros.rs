//! The attributes.
#![cfg(feature = "macros")]

use std::io;
use std::rc::Rc;
use std::time::Duration;

#[whit::test]
async fn a_test_sleeps() {
    whit::sleep(Duration::from_millis(1)).await;
    assert!(whit::running().is_some());
}

#[whit::test(workers = 2)]
async fn a_test_with_two_workers_may_fail_with_an_error() -> io::Result<()> {
    let number = whit::spawn(async { 5 }).await;
    let listener = whit::net::TcpListener::bind("127.0.0.1:0").await?;
    assert!(number == 5 && listener.local_addr()?.port() > 0);
    Ok(())
}

#[whit::test(local)]
async fn a_local_test_spawns_what_is_not_send() {
    let shared = Rc::new(5);
    let seen = whit::spawn_local({
        let shared = shared.clone();
        async move { *shared }
    });
    assert_eq!(seen.await, 5);
}

#[whit::test]
#[should_panic(expected = "as it should")]
async fn other_attributes_are_kept() {
    panic!("as it should");
}

mod program {
    #[whit::main(workers = 1)]
    pub(crate) async fn main() -> Result<u8, String> {
        let text = whit::unblock(|| "5".to_owned()).await;
        let number: u8 = text.parse().map_err(|_| format!("{text} is no number"))?;
        Ok(number)
    }
}

#[test]
fn a_main_gives_its_result() {
    assert_eq!(program::main(), Ok(5));
}
