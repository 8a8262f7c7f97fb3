//! What the compiler must refuse, lest a child outlive what it borrows.

/// Compiles the files, and compares what the compiler says with what stands beside them; `TRYBUILD=overwrite` writes it anew.
#[test]
fn no_borrow_escapes_from_a_scope() {
    trybuild::TestCases::new().compile_fail("tests/escapes/*.rs");
}
