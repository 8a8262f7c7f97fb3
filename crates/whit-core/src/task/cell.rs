//! A task in memory: its word, its metadata, and its future or its output, in one allocation; and what a runner does with it.
//!
//! Everything that does not depend on the future's type works on the [`Header`], and is compiled once. What does depend on it is
//! five short functions, in a table of each type.

use std::alloc::Layout;
use std::any::Any;
use std::cell::UnsafeCell;
use std::future::Future;
use std::mem::{ManuallyDrop, offset_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll};

use super::current::Working;
use super::kept::Kept;
use super::memory;
use super::origin::Origin;
use super::outcome::{Outcome, UnhandledPanic, discard};
use super::spawn::Spawn;
use super::state::{Concluded, Control, Pended};
use super::waker;
use crate::{Home, Meta, quietly};

/// The part of a task that is the same for all.
#[repr(C)]
pub(super) struct Header {
    control: Control,
    table: &'static Table,
    meta: Meta,
}

impl Header {
    #[inline]
    pub(super) fn control(&self) -> &Control {
        &self.control
    }

    #[inline]
    pub(super) fn meta(&self) -> &Meta {
        &self.meta
    }
}

#[repr(C)]
struct Task<F: Future> {
    header: Header,
    stage: UnsafeCell<Stage<F>>,
}

/// Which of the two it is, or none, follows from the word, and from where the runner is.
#[repr(C)]
union Stage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<Outcome<F::Output>>,
}

/// The functions of one type of future. All want a pointer to a task of that type, and to be the only one who touches its stage.
struct Table {
    /// Polls the future; if it is ready, drops it and leaves the output in its place.
    poll: unsafe fn(NonNull<Header>, &mut Context<'_>) -> Poll<()>,
    /// Drops the future. May unwind.
    drop_future: unsafe fn(NonNull<Header>),
    /// Leaves a panic as the output.
    fail: unsafe fn(NonNull<Header>, Box<UnhandledPanic>),
    /// Drops the output. Does not unwind.
    drop_output: unsafe fn(NonNull<Header>),
    /// Whether there is anything to drop in an output that is no panic.
    values_drop: bool,
    /// Where the output is, from the start.
    output: usize,
    layout: Layout,
    /// Of its memory.
    class: usize,
}

/// A task in memory, with a runnable and a handle, which the caller makes.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn allocate<F: Future>(home: &Home, origin: Spawn<'_>, future: ManuallyDrop<F>) -> NonNull<Header> {
    // The origin is one word, and so travels in a register.
    let origin = Origin::new(origin.location, origin.name);
    let cell = prepare(&Task::<F>::TABLE, home, origin);
    // SAFETY: room for a future of this type.
    unsafe { Task::<F>::future(cell).write(ManuallyDrop::into_inner(future)) };
    cell
}

/// A task without its future: compiled once, so that what is compiled for each future is small enough to be part of the caller,
/// who then writes the future where it stays.
#[inline(never)]
fn prepare(table: &'static Table, home: &Home, origin: Origin) -> NonNull<Header> {
    let cell: NonNull<Header> = memory::allocate(table.layout, table.class).cast();
    // SAFETY: the memory is ours, and a task begins with a header.
    unsafe {
        Meta::write(&raw mut (*cell.as_ptr()).meta, home, origin);
        (&raw mut (*cell.as_ptr()).control).write(Control::new());
        (&raw mut (*cell.as_ptr()).table).write(table);
    }
    cell
}

/// Frees the memory of a task.
///
/// # Safety
///
/// Nobody else has the task, and its stage is empty.
pub(super) unsafe fn free(cell: NonNull<Header>) {
    // SAFETY: nobody else has it, and this is the last use.
    unsafe {
        let table = cell.as_ref().table;
        ptr::drop_in_place(cell.as_ptr());
        memory::free(cell.cast(), table.layout, table.class);
    }
}

/// Polls the task once. True if the caller has its runnable again.
///
/// # Safety
///
/// The caller has had the task's runnable, and uses neither any more.
// Always inlined, though it is called twice: in the rarely taken way as well.
#[inline(always)]
pub(super) unsafe fn run(cell: NonNull<Header>, working: &Working) -> bool {
    // SAFETY: the runner keeps the task alive, until it concludes or pends.
    let header = unsafe { cell.as_ref() };
    if header.control.begin() {
        // SAFETY: the runner's, and the future is there.
        unsafe { end(cell, false) };
        return false;
    }
    // SAFETY: used in this poll only, during which the task stays.
    let waker = unsafe { waker::lent(cell) };
    // SAFETY: the runner's, and the future is there.
    let poll = || unsafe { (header.table.poll)(cell, &mut Context::from_waker(&waker)) };
    match working.polling(cell, || catch_unwind(AssertUnwindSafe(poll))) {
        (Ok(Poll::Pending), woken) => {
            let kept = header.meta.pending(Kept::of(cell));
            match header.control.pend(woken, kept) {
                Pended::Waits => false,
                Pended::Again => true,
                Pended::Over => {
                    // SAFETY: the runner's, and the future is there.
                    unsafe { end(cell, kept) };
                    false
                }
            }
        }
        (Ok(Poll::Ready(())), _) => {
            let kept = header.meta.release();
            // SAFETY: the runner's, and the output is there, a value; if nobody else is, it goes with the task.
            unsafe {
                if header.control.is_alone(kept) {
                    if header.table.values_drop {
                        drop_output(cell);
                    }
                    free(cell);
                } else {
                    conclude(cell, true, kept);
                }
            }
            false
        }
        (Err(payload), _) => {
            // SAFETY: the runner's, and the future is there.
            unsafe { fail(cell, payload) };
            false
        }
    }
}

/// Drops the task instead of running it.
///
/// # Safety
///
/// As for [`run`].
pub(super) unsafe fn cancel(cell: NonNull<Header>) {
    // SAFETY: the runner keeps the task alive.
    let control = &unsafe { cell.as_ref() }.control;
    control.close_as_runner();
    // SAFETY: the runner's, and the future is there.
    unsafe { end(cell, false) };
}

/// Reads the output.
///
/// # Safety
///
/// It is there, is a `T`'s, and is the caller's: claimed, or not given away yet.
#[inline]
pub(super) unsafe fn read_output<T>(cell: NonNull<Header>) -> Outcome<T> {
    // SAFETY: as the caller promised; the offset is that of this type of task.
    unsafe { cell.byte_add(cell.as_ref().table.output).cast::<Outcome<T>>().read() }
}

/// Drops the output.
///
/// # Safety
///
/// It is there, and the caller's.
pub(super) unsafe fn drop_output(cell: NonNull<Header>) {
    // SAFETY: as the caller promised.
    unsafe { (cell.as_ref().table.drop_output)(cell) }
}

/// The runner drops the future, and ends without an output. `just_kept`: in the poll before, which has not been counted.
///
/// # Safety
///
/// The caller is the runner, and the future is there.
#[cold]
unsafe fn end(cell: NonNull<Header>, just_kept: bool) {
    // SAFETY: as the caller promised.
    let header = unsafe { cell.as_ref() };
    // The panic hook has told of a panic in here; to let it out would take the worker along.
    // SAFETY: as the caller promised.
    quietly(|| unsafe { (header.table.drop_future)(cell) });
    let counted = header.meta.release() && !just_kept;
    // SAFETY: as the caller promised.
    unsafe { conclude(cell, false, counted) };
}

/// The poll has panicked.
///
/// # Safety
///
/// The caller is the runner, and the future is there.
#[cold]
unsafe fn fail(cell: NonNull<Header>, payload: Box<dyn Any + Send>) {
    // SAFETY: as the caller promised.
    let header = unsafe { cell.as_ref() };
    // SAFETY: the future is dropped below.
    let home = unsafe { header.meta.home() }.clone();
    let panic = Box::new(UnhandledPanic::new(&header.meta, home, payload));
    // SAFETY: the future is dropped once, and the panic takes its place.
    unsafe {
        quietly(|| (header.table.drop_future)(cell));
        (header.table.fail)(cell, panic);
    }
    let kept = header.meta.release();
    // SAFETY: as the caller promised.
    unsafe { conclude(cell, true, kept) };
}

/// The runner leaves; and the home's list, if it is `counted`, with it.
///
/// # Safety
///
/// The caller is the runner, the future is gone, and the output is there if `output` says so.
unsafe fn conclude(cell: NonNull<Header>, mut output: bool, counted: bool) {
    // SAFETY: the runner's, until the answer comes.
    let control = &unsafe { cell.as_ref() }.control;
    let awaiter = loop {
        match control.conclude(output, counted) {
            Concluded::Unwanted => {
                output = false;
                // SAFETY: nobody has a handle, so that it is the runner's.
                unsafe { drop_output(cell) };
            }
            Concluded::Left(awaiter) => break awaiter,
            Concluded::Last(awaiter) => {
                // SAFETY: so it is, and the stage is empty: without a handle there is no output.
                unsafe { free(cell) };
                break awaiter;
            }
        }
    };
    if let Some(awaiter) = awaiter {
        quietly(|| awaiter.wake());
    }
}

// The four are `inline`, so that each is compiled beside its future, whose `poll` then becomes part of `poll_in_cell`.
impl<F: Future> Task<F> {
    const TABLE: Table = Table {
        poll: Self::poll_in_cell,
        drop_future: Self::drop_future,
        fail: Self::fail,
        drop_output: Self::drop_output,
        values_drop: std::mem::needs_drop::<F::Output>(),
        output: offset_of!(Task<F>, stage),
        layout: Layout::new::<Task<F>>(),
        class: memory::class(Layout::new::<Task<F>>()),
    };

    // A pointer to a field of a union: no reference, as the other field may be what is there.
    fn future(cell: NonNull<Header>) -> *mut F {
        // SAFETY: the task is there, and of this type.
        unsafe { UnsafeCell::raw_get(&raw const (*cell.cast::<Task<F>>().as_ptr()).stage).cast() }
    }

    fn output(cell: NonNull<Header>) -> *mut Outcome<F::Output> {
        Self::future(cell).cast()
    }

    // Reports on stacks end here, and know it by its name.
    #[inline]
    unsafe fn poll_in_cell(cell: NonNull<Header>, cx: &mut Context<'_>) -> Poll<()> {
        let future = Self::future(cell);
        // SAFETY: the future is there, and stays where it is until it is dropped.
        match unsafe { Pin::new_unchecked(&mut *future) }.poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(value) => {
                // SAFETY: dropped once, and the output takes its place.
                unsafe {
                    if std::mem::needs_drop::<F>() {
                        quietly(|| ptr::drop_in_place(future));
                    }
                    Self::output(cell).write(Ok(value));
                }
                Poll::Ready(())
            }
        }
    }

    #[inline]
    unsafe fn drop_future(cell: NonNull<Header>) {
        // SAFETY: as the table says.
        unsafe { ptr::drop_in_place(Self::future(cell)) }
    }

    #[inline]
    unsafe fn fail(cell: NonNull<Header>, panic: Box<UnhandledPanic>) {
        // SAFETY: as the table says.
        unsafe { Self::output(cell).write(Err(panic)) }
    }

    #[inline]
    unsafe fn drop_output(cell: NonNull<Header>) {
        // SAFETY: as the table says.
        discard(unsafe { Self::output(cell).read() });
    }
}
