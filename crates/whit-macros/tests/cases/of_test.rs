//! What `#[whit::test]` refuses: the same as `#[whit::main]`.

#[whit::test]
fn not_async() {}

#[whit::test]
async fn with_arguments(number: u8) {
    drop(number);
}

#[whit::test(workers = 0)]
async fn no_worker() {}

#[whit::test(local = true)]
async fn local_has_no_value() {}

fn main() {}
