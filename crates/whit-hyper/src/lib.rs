//! hyper's runtime traits on whit
