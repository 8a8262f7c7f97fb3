//! whit side by side with what a user would pick instead.
fn main() {}
