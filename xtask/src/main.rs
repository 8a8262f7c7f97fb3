//! The way in for people and CI alike.
fn main() {}
