//! `AsyncToSocketAddrs`: what can be connected to or bound, and how a name becomes addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use whit_core::Handle;

use crate::error::{explain, no_address};
use crate::parts::Parts;

/// What stands for one or several socket addresses: the asynchronous [`std::net::ToSocketAddrs`].
///
/// Implemented for socket addresses, for pairs of an address or a host name and a port, for `"host:port"` texts, for arrays,
/// slices and vectors of socket addresses, and for references to all of these. Names are looked up without blocking; numeric
/// addresses need no look-up. The trait is sealed.
pub trait AsyncToSocketAddrs: sealed::ToAddrs {}

impl<T: sealed::ToAddrs + ?Sized> AsyncToSocketAddrs for T {}

/// Looks up a `"host:port"` text, a `(host, port)` pair, or whatever else stands for addresses.
///
/// ```
/// # whit_core::block_on(async {
/// let addresses = whit_net::resolve("127.0.0.1:80").await?;
/// assert_eq!(addresses, ["127.0.0.1:80".parse().unwrap()]);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
///
/// # Errors
///
/// The name cannot be looked up, or the text is not `host:port` (`InvalidInput`).
///
/// # Cancel safety
///
/// Dropping the future gives up. A look-up that has begun goes on in the blocking pool until the system answers it.
pub async fn resolve<A: AsyncToSocketAddrs>(addrs: A) -> io::Result<Vec<SocketAddr>> {
    lookup(&Parts::current(), addrs.to_addrs()).await
}

/// As [`resolve`], with the network of `handle`.
///
/// # Errors
///
/// As for [`resolve`].
///
/// # Cancel safety
///
/// As for [`resolve`].
pub async fn resolve_in<A: AsyncToSocketAddrs>(handle: &Handle, addrs: A) -> io::Result<Vec<SocketAddr>> {
    lookup(&Parts::of(handle), addrs.to_addrs()).await
}

/// Turns what the caller gave into at least one address.
pub(crate) async fn lookup(parts: &Parts, addrs: io::Result<sealed::Addrs>) -> io::Result<Vec<SocketAddr>> {
    match addrs? {
        sealed::Addrs::Known(known) if known.is_empty() => Err(no_address("using an empty list of addresses")),
        sealed::Addrs::Known(known) => Ok(known),
        sealed::Addrs::Name(host, port) => {
            let asked = format!("resolving {host:?}");
            match parts.network().resolve(host, port).await {
                Ok(found) if found.is_empty() => Err(no_address(asked)),
                Ok(found) => Ok(found),
                Err(error) => Err(explain(error, asked)),
            }
        }
    }
}

pub(crate) mod sealed {
    use super::*;

    /// What is known without asking anybody.
    #[derive(Debug, PartialEq, Eq)]
    pub enum Addrs {
        /// Addresses.
        Known(Vec<SocketAddr>),
        /// A host name and a port.
        Name(String, u16),
    }

    pub trait ToAddrs {
        fn to_addrs(&self) -> io::Result<Addrs>;
    }

    fn named(host: &str, port: u16) -> Addrs {
        match host.parse::<IpAddr>() {
            Ok(ip) => Addrs::Known(vec![SocketAddr::new(ip, port)]),
            Err(_) => Addrs::Name(host.to_owned(), port),
        }
    }

    macro_rules! known {
        ($($ty:ty),*) => {$(
            impl ToAddrs for $ty {
                fn to_addrs(&self) -> io::Result<Addrs> {
                    Ok(Addrs::Known(vec![SocketAddr::from(*self)]))
                }
            }
        )*};
    }
    known!(SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

    impl ToAddrs for (&str, u16) {
        fn to_addrs(&self) -> io::Result<Addrs> {
            Ok(named(self.0, self.1))
        }
    }

    impl ToAddrs for (String, u16) {
        fn to_addrs(&self) -> io::Result<Addrs> {
            Ok(named(&self.0, self.1))
        }
    }

    impl ToAddrs for str {
        fn to_addrs(&self) -> io::Result<Addrs> {
            if let Ok(address) = self.parse::<SocketAddr>() {
                return Ok(Addrs::Known(vec![address]));
            }
            let pair = self.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
            match pair {
                Some((host, port)) if !host.is_empty() && !host.as_bytes().contains(&b':') => Ok(named(host, port)),
                _ => Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!(
                        "{self:?} is not a socket address: write `host:port`, such as `localhost:80`, `127.0.0.1:80` or `[::1]:80`"
                    ),
                )),
            }
        }
    }

    impl ToAddrs for String {
        fn to_addrs(&self) -> io::Result<Addrs> {
            (**self).to_addrs()
        }
    }

    impl ToAddrs for [SocketAddr] {
        fn to_addrs(&self) -> io::Result<Addrs> {
            Ok(Addrs::Known(self.to_vec()))
        }
    }

    impl<const N: usize> ToAddrs for [SocketAddr; N] {
        fn to_addrs(&self) -> io::Result<Addrs> {
            self[..].to_addrs()
        }
    }

    impl ToAddrs for Vec<SocketAddr> {
        fn to_addrs(&self) -> io::Result<Addrs> {
            self[..].to_addrs()
        }
    }

    impl<T: ToAddrs + ?Sized> ToAddrs for &T {
        fn to_addrs(&self) -> io::Result<Addrs> {
            (**self).to_addrs()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sealed::{Addrs, ToAddrs};
    use super::*;

    #[test]
    fn numbers_need_no_look_up() {
        let v4: SocketAddr = "127.0.0.1:80".parse().unwrap();
        let v6: SocketAddr = "[::1]:80".parse().unwrap();
        let known = |address| Addrs::Known(vec![address]);
        assert_eq!("127.0.0.1:80".to_addrs().unwrap(), known(v4));
        assert_eq!("[::1]:80".to_owned().to_addrs().unwrap(), known(v6));
        assert_eq!(("::1", 80).to_addrs().unwrap(), known(v6));
        assert_eq!((Ipv4Addr::LOCALHOST, 80).to_addrs().unwrap(), known(v4));
        assert_eq!(<&SocketAddr as ToAddrs>::to_addrs(&&v4).unwrap(), known(v4));
        assert_eq!([v4, v6].to_addrs().unwrap(), Addrs::Known(vec![v4, v6]));
        assert_eq!(vec![v4].to_addrs().unwrap(), known(v4));
    }

    #[test]
    fn names_do() {
        assert_eq!("localhost:80".to_addrs().unwrap(), Addrs::Name("localhost".into(), 80));
        assert_eq!(("localhost", 80).to_addrs().unwrap(), Addrs::Name("localhost".into(), 80));
    }

    #[test]
    fn nonsense_is_refused_with_a_hint() {
        for text in ["", "localhost", ":80", "::1:80", "localhost:", "localhost:http", "localhost:65536"] {
            let error = text.to_addrs().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{text}");
            assert!(error.to_string().contains("host:port"), "{error}");
        }
    }
}
