//! `scope` and `scope_local`: children that borrow from the frame around them, and are polled inside the parent.
//!
//! Rules:
//! 1. Children are polled by the scope's future and by nobody else, so whatever outlives that future outlives them:
//!    they may borrow it. Forgotten, the future polls nothing, and what it owns is never touched again. No unsafe code
//!    is needed.
//! 2. A spawn puts the child into `incoming`; the scope moves it among its children before it polls them. Outside a
//!    poll there is a waker for that; during one there is none, as the poll looks again before it ends.
//! 3. The scope keeps the children, and a child may keep the scope's handle, but `incoming` is emptied when the scope
//!    ends, so that there is no circle.
//! 4. The two kinds differ in the type of a boxed child, and in nothing else: with one that is not `Send`, neither the
//!    handle nor the scope's future is.

mod local;
mod output;
mod run;
mod scope;

pub use local::{InLocalScope, LocalScope, scope_local};
pub use output::Scoped;
pub use scope::{InScope, Scope, scope};
