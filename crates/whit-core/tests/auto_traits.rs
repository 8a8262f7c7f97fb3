//! What is `Send`, `Sync` and `Unpin`, in one table. It is checked when this compiles; the second half at run time, where a
//! promise is that something is *not*.

use std::cell::Cell;
use std::marker::{PhantomData, PhantomPinned};

use whit_core::*;

fn is<T: Send + Sync + Unpin>() {}
fn is_send<T: Send>() {}
fn is_sync<T: Sync>() {}
fn is_unpin<T: Unpin>() {}

type OnlySend = Cell<u8>;
type OnlySync = std::sync::MutexGuard<'static, u8>;

#[test]
fn what_is() {
    is::<Task<u8>>();
    is::<FallibleTask<u8>>();
    is::<Runnable>();
    is::<Meta>();
    is::<TaskId>();
    is::<Spawn<'static>>();
    is::<Home>();
    is::<Handle>();
    is::<HandleBuilder>();
    is::<Missing>();
    is::<Source>();
    is::<ThreadPark>();
    is::<ManualClock>();
    is::<TimerKey>();
    is::<SocketOptions>();
    is_send::<UnhandledPanic>();
    // A handle gives the output away, and shows nothing of it.
    is_send::<Task<OnlySend>>();
    is_sync::<Task<OnlySend>>();
    is_sync::<FallibleTask<*const u8>>();
    is_unpin::<Task<PhantomPinned>>();
}

/// Whether a type has a trait: the inherent constant wins where its bound holds, else the one of the trait.
macro_rules! has {
    ($type:ty: $bound:path) => {{
        struct Probe<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code)]
        trait Otherwise {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Otherwise for Probe<T> {}
        #[allow(dead_code)]
        impl<T: ?Sized + $bound> Probe<T> {
            const HAS: bool = true;
        }
        Probe::<$type>::HAS
    }};
}

#[test]
fn what_is_not() {
    assert!(has!(u8: Send) && !has!(*const u8: Send), "the probe works");
    assert!(!has!(Task<OnlySync>: Send));
    assert!(!has!(FallibleTask<*const u8>: Send));
    assert!(!has!(Enter: Send));
}
