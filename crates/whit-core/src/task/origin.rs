//! Where a task comes from: the line that spawned it, and its name if it has one, in the room of one pointer.
//!
//! Eight bytes matter: with them an ordinary task takes more than 120 bytes, which glibc's allocator frees under the lock of
//! the thread that allocated it; below that, without a lock. Tasks are freed where they end, which often is elsewhere.
//!
//! Rule: the pointer is that of a `&'static Location`, or, with its lowest bit set, that of a `Box<Named>` which is ours.
//! Both types are aligned to more than one byte, so the bit is free.

use std::marker::PhantomData;
use std::num::NonZero;
use std::panic::Location;
use std::ptr::NonNull;

pub(super) struct Origin {
    tagged: NonNull<()>,
    owns: PhantomData<(&'static Location<'static>, Box<Named>)>,
}

struct Named {
    name: Box<str>,
    location: &'static Location<'static>,
}

const TAG: usize = 1;
const _: () = assert!(align_of::<Location<'static>>() > TAG && align_of::<Named>() > TAG);

// SAFETY: it is a reference or a box, both of data that is `Send` and `Sync`.
unsafe impl Send for Origin {}
// SAFETY: as above.
unsafe impl Sync for Origin {}

impl Origin {
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn new(location: &'static Location<'static>, name: Option<&str>) -> Origin {
        let tagged = match name {
            None => NonNull::from(location).cast(),
            Some(name) => with_name(location, name),
        };
        Origin { tagged, owns: PhantomData }
    }

    #[inline]
    pub(super) fn location(&self) -> &'static Location<'static> {
        match self.named() {
            Some(named) => named.location,
            // SAFETY: without the tag it is the reference that `new` was given.
            None => unsafe { self.tagged.cast().as_ref() },
        }
    }

    #[inline]
    pub(super) fn name(&self) -> Option<&str> {
        self.named().map(|named| &*named.name)
    }

    #[inline]
    fn named(&self) -> Option<&Named> {
        // SAFETY: with the tag it is the box that `with_name` leaked, which lives until `self` drops.
        self.boxed().map(|named| unsafe { named.as_ref() })
    }

    #[inline]
    fn boxed(&self) -> Option<NonNull<Named>> {
        let untagged =
            |tagged: NonZero<usize>| NonZero::new(tagged.get() & !TAG).expect("it was aligned, and so not one");
        (self.tagged.addr().get() & TAG != 0).then(|| self.tagged.map_addr(untagged).cast())
    }
}

#[inline(never)]
fn with_name(location: &'static Location<'static>, name: &str) -> NonNull<()> {
    let named = Box::new(Named { name: name.into(), location });
    NonNull::from(Box::leak(named)).cast().map_addr(|address| address | TAG)
}

impl Drop for Origin {
    #[inline]
    fn drop(&mut self) {
        if let Some(named) = self.boxed() {
            // SAFETY: leaked by `with_name`, and taken back here only.
            unsafe { drop_name(named) };
        }
    }
}

/// # Safety
///
/// From [`with_name`], and not used any more.
#[cold]
#[inline(never)]
unsafe fn drop_name(named: NonNull<Named>) {
    // SAFETY: a box, as the caller promised.
    drop(unsafe { Box::from_raw(named.as_ptr()) });
}
