//! #[whit::main] and #[whit::test]
