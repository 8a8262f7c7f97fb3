//! An example as a test.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// They measure times, and want the machine for themselves.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A test of this name for the example in that file: what it says, in which order, and every row that it measures. `$inside` runs a
/// closure that belongs to the name. Up to three tries, for the rows that measure time on a machine that does other things as well.
#[macro_export]
macro_rules! program {
    ($name:ident, $file:literal, $inside:expr, $check:expr) => {
        #[path = $file]
        #[allow(dead_code)]
        mod $name;

        #[test]
        fn $name() {
            let _alone = programs::alone();
            $inside(stringify!($name), || {
                for last in [false, false, true] {
                    let log = $name::support::Log::new(stringify!($name));
                    let rows = $name::chapter(&log).unwrap();
                    let check: fn(&[String]) = $check;
                    check(&log.lines());
                    let bad: Vec<_> = rows.iter().filter(|row| !row.good).collect();
                    assert!(!rows.is_empty());
                    if bad.is_empty() {
                        return;
                    }
                    assert!(!last, "not as asked: {bad:?}");
                }
            });
        }
    };
}
