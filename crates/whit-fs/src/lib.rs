//! Files, awaited.
