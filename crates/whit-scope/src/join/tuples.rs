//! Tuples of futures: a struct of pinned slots for each size.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;

use pin_project_lite::pin_project;

use super::Together;
use super::slots::{OneOf, Slots, TakeAll, TryAll, no_error};
use crate::slot::Slot;

macro_rules! tuples {
    ($($slots:ident $count:literal: $(($index:literal $future:ident $field:ident $value:ident)),+;)+) => {$(
        pin_project! {
            #[doc(hidden)]
            #[allow(missing_debug_implementations, reason = "nobody holds one: it stands behind the futures of `join`")]
            pub struct $slots<$($future: Future),+> {
                $(#[pin] $field: Slot<$future>),+
            }
        }

        impl<$($future: Future),+> Together for ($($future,)+) {
            type Slots = $slots<$($future),+>;

            fn into_slots(self) -> Self::Slots {
                let ($($field,)+) = self;
                $slots { $($field: Slot::new($field)),+ }
            }
        }

        impl<$($future: Future),+> Slots for $slots<$($future),+> {
            fn len(&self) -> usize {
                $count
            }

            fn poll_one(self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> bool {
                let slots = self.project();
                match index {
                    $($index => slots.$field.poll(cx),)+
                    _ => unreachable!("there is no such child"),
                }
            }

            fn clear(self: Pin<&mut Self>) {
                let slots = self.project();
                $(slots.$field.clear();)+
            }
        }

        impl<$($future: Future),+> TakeAll for $slots<$($future),+> {
            type All = ($($future::Output,)+);

            fn take_all(self: Pin<&mut Self>) -> Self::All {
                let slots = self.project();
                ($(slots.$field.take(),)+)
            }
        }

        impl<Error, $($value,)+ $($future: Future<Output = Result<$value, Error>>),+> TryAll for $slots<$($future),+> {
            type Values = ($($value,)+);
            type Error = Error;

            fn take_error(self: Pin<&mut Self>, index: usize) -> Option<Error> {
                let slots = self.project();
                match index {
                    $($index => slots.$field.take_error(),)+
                    _ => unreachable!("there is no such child"),
                }
            }

            fn take_values(self: Pin<&mut Self>) -> Self::Values {
                let slots = self.project();
                ($(no_error(slots.$field.take()),)+)
            }
        }

        impl<Output, $($future: Future<Output = Output>),+> OneOf for $slots<$($future),+> {
            type One = Output;

            fn take_one(self: Pin<&mut Self>, index: usize) -> Output {
                let slots = self.project();
                match index {
                    $($index => slots.$field.take(),)+
                    _ => unreachable!("there is no such child"),
                }
            }
        }
    )+};
}

tuples! {
    Slots1 1: (0 A a A1);
    Slots2 2: (0 A a A1), (1 B b B1);
    Slots3 3: (0 A a A1), (1 B b B1), (2 C c C1);
    Slots4 4: (0 A a A1), (1 B b B1), (2 C c C1), (3 D d D1);
    Slots5 5: (0 A a A1), (1 B b B1), (2 C c C1), (3 D d D1), (4 E e E1);
    Slots6 6: (0 A a A1), (1 B b B1), (2 C c C1), (3 D d D1), (4 E e E1), (5 F f F1);
    Slots7 7: (0 A a A1), (1 B b B1), (2 C c C1), (3 D d D1), (4 E e E1), (5 F f F1), (6 G g G1);
    Slots8 8: (0 A a A1), (1 B b B1), (2 C c C1), (3 D d D1), (4 E e E1), (5 F f F1), (6 G g G1), (7 H h H1);
    Slots9 9: (0 A a A1), (1 B b B1), (2 C c C1), (3 D d D1), (4 E e E1), (5 F f F1), (6 G g G1), (7 H h H1), (8 I i I1);
    Slots10 10: (0 A a A1), (1 B b B1), (2 C c C1), (3 D d D1), (4 E e E1), (5 F f F1), (6 G g G1), (7 H h H1), (8 I i I1), (9 J j J1);
    Slots11 11: (0 A a A1), (1 B b B1), (2 C c C1), (3 D d D1), (4 E e E1), (5 F f F1), (6 G g G1), (7 H h H1), (8 I i I1), (9 J j J1), (10 K k K1);
    Slots12 12: (0 A a A1), (1 B b B1), (2 C c C1), (3 D d D1), (4 E e E1), (5 F f F1), (6 G g G1), (7 H h H1), (8 I i I1), (9 J j J1), (10 K k K1), (11 L l L1);
}
