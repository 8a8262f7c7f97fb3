//! The seams of an event loop taken apart: the traits, the task and the handle that join whit's crates
