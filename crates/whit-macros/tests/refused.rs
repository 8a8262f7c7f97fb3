//! What the attributes refuse, and the sentences with which they do.

/// Compiles the files, and compares what the compiler says with what stands beside them; `TRYBUILD=overwrite` writes it anew.
#[test]
fn what_is_refused_is_said_in_sentences_and_at_its_place() {
    trybuild::TestCases::new().compile_fail("tests/cases/*.rs");
}
