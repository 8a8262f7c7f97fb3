//! An edge-triggered reactor with cached readiness, and Async<T> over it
