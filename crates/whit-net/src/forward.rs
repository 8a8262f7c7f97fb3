//! Reading and writing that is passed on: to a shared reference, or to a field.

/// `AsyncRead` and `AsyncWrite` for a type whose shared reference has them.
macro_rules! read_write_by_reference {
    ($ty:ty) => {
        $crate::forward::read!([] $ty [], |this| &mut &*this);
        $crate::forward::write!([] $ty [], |this| &mut &*this);
    };
}

/// `AsyncRead` through `$inner`, an expression for a `&mut` reader.
macro_rules! read {
    ([$($generics:tt)*] $ty:ty [$($bounds:tt)*], |$this:ident| $inner:expr) => {
        impl<$($generics)*> futures_io::AsyncRead for $ty
        where
            $($bounds)*
        {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buf: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                let $this = self.get_mut();
                std::pin::Pin::new($inner).poll_read(cx, buf)
            }

            fn poll_read_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bufs: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                let $this = self.get_mut();
                std::pin::Pin::new($inner).poll_read_vectored(cx, bufs)
            }
        }
    };
}

/// `AsyncWrite` through `$inner`, an expression for a `&mut` writer.
macro_rules! write {
    ([$($generics:tt)*] $ty:ty [$($bounds:tt)*], |$this:ident| $inner:expr) => {
        impl<$($generics)*> futures_io::AsyncWrite for $ty
        where
            $($bounds)*
        {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buf: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                let $this = self.get_mut();
                std::pin::Pin::new($inner).poll_write(cx, buf)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bufs: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                let $this = self.get_mut();
                std::pin::Pin::new($inner).poll_write_vectored(cx, bufs)
            }

            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                let $this = self.get_mut();
                std::pin::Pin::new($inner).poll_flush(cx)
            }

            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                let $this = self.get_mut();
                std::pin::Pin::new($inner).poll_close(cx)
            }
        }
    };
}

pub(crate) use {read, read_write_by_reference, write};
