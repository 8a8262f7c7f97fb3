//! What `#[whit::sim]` refuses.

#[whit::sim]
fn not_async() {}

#[whit::sim(hosts = 0)]
async fn no_hosts() {}

#[whit::sim(seeds = 0)]
async fn no_seeds() {}

#[whit::sim(seeds)]
async fn seeds_without_a_number() {}

#[whit::sim(workers = 2)]
async fn workers_are_not_simulated() {}

#[whit::sim(seeds = 10 hosts = 3)]
async fn no_comma() {}

fn main() {}
