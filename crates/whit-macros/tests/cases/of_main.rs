//! What `#[whit::main]` refuses, each with its own sentence at its own place.

#[whit::main]
fn not_async() {}

#[whit::main]
async fn with_arguments(arguments: Vec<String>) {
    drop(arguments);
}

#[whit::main]
async fn generic<T>() {}

#[whit::main]
struct NotAFunction;

#[whit::main(workers = 0)]
async fn no_worker() {}

#[whit::main(workers = many)]
async fn not_a_number() {}

#[whit::main(workers)]
async fn without_a_number() {}

#[whit::main(local, workers = 2)]
async fn local_and_workers() {}

#[whit::main(workers = 2 local)]
async fn without_a_comma() {}

#[whit::main(threads = 2)]
async fn unknown_option() {}

#[whit::main(ctrl_c)]
async fn without_a_word() {}

trait HasNoBody {
    #[whit::main]
    async fn no_body();
}

// What is wrong inside the function is said of the function, and not of what the attribute made.
#[whit::main]
async fn wrong_inside() {
    let number: u8 = "five";
    drop(number);
}

#[whit::main(workers = 1)]
async fn main() {}
