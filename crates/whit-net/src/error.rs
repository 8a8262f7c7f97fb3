//! Errors as sentences: what was asked, what went wrong, what to do. The kind and the system's own error are kept.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Whether an error means that the process, or the system, has no descriptor left.
///
/// The system has no [`io::ErrorKind`] for it, and the errors of this crate carry the system's number one level down. See
/// [`TcpListener::accept`](crate::TcpListener::accept) for what a server can do about it.
///
/// ```
/// let plain = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
/// assert!(!whit_net::is_out_of_descriptors(&plain));
/// ```
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    #[cfg(unix)]
    let numbers = [rustix::io::Errno::MFILE.raw_os_error(), rustix::io::Errno::NFILE.raw_os_error()];
    // WSAEMFILE and WSAENOBUFS: Windows runs out of sockets and of buffers for them.
    #[cfg(windows)]
    let numbers = [10024, 10055];
    system_number(error).is_some_and(|number| numbers.contains(&number))
}

/// The system's number for an error, through any sentences around it.
fn system_number(error: &io::Error) -> Option<i32> {
    error.raw_os_error().or_else(|| {
        let sentence = error.get_ref()?.downcast_ref::<Sentence>()?;
        sentence.sources.iter().find_map(|(_, source)| system_number(source))
    })
}

/// Puts a sentence around an error: "`asked` failed: `error`; `advice`".
pub(crate) fn explain(error: io::Error, asked: impl fmt::Display) -> io::Error {
    if error.get_ref().is_some_and(|inner| inner.is::<Sentence>()) {
        return error;
    }
    let text = format!("{asked} failed: {error}{}", advice(&error));
    io::Error::new(error.kind(), Sentence { text, sources: vec![(None, error)] })
}

/// One error of a connect that tried several addresses: each is named with what went wrong there.
pub(crate) fn explain_all(mut errors: Vec<(SocketAddr, io::Error)>) -> io::Error {
    if errors.len() == 1 {
        let (address, error) = errors.remove(0);
        return explain(error, format_args!("connecting to {address}"));
    }
    let Some((_, last)) = errors.last() else {
        return no_address("connecting");
    };
    let kind = last.kind();
    let mut text = format!("connecting failed at each of {} addresses: ", errors.len());
    for (i, (address, error)) in errors.iter().enumerate() {
        let separator = if i == 0 { "" } else { "; " };
        text.push_str(&format!("{separator}{address}: {error}"));
    }
    text.push_str(advice(last));
    let sources = errors.into_iter().map(|(address, error)| (Some(address), error)).collect();
    io::Error::new(kind, Sentence { text, sources })
}

/// A name or a list that stands for no address at all.
pub(crate) fn no_address(asked: impl fmt::Display) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{asked} failed: there is no address to use; give at least one, or a name that resolves to one"),
    )
}

/// What the caller can do, for the errors where that is known.
fn advice(error: &io::Error) -> &'static str {
    if is_out_of_descriptors(error) {
        return "; no descriptor is left: close some, or raise the limit (`ulimit -n`)";
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "; nothing listens there: start the server first, or check the port",
        io::ErrorKind::AddrInUse => {
            "; something has this address already: stop it, take another port, or port 0 for a free one"
        }
        io::ErrorKind::AddrNotAvailable => "; this machine does not have that address, or has no free port left",
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 often need a privilege, and a firewall may forbid the rest"
        }
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            "; no route leads there: check the network"
        }
        io::ErrorKind::TimedOut => "; the other side did not answer",
        _ => "",
    }
}

/// A text around the errors it was made from.
struct Sentence {
    text: String,
    sources: Vec<(Option<SocketAddr>, io::Error)>,
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sentence").field("text", &self.text).field("sources", &self.sources).finish()
    }
}

impl Error for Sentence {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.sources.last().map(|(_, error)| error as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> io::Error {
        io::Error::from(io::ErrorKind::ConnectionRefused)
    }

    #[test]
    fn one_address_is_named_and_the_kind_kept() {
        let error = explain_all(vec![("127.0.0.1:9".parse().unwrap(), refused())]);
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let text = error.to_string();
        assert!(text.starts_with("connecting to 127.0.0.1:9 failed: "), "{text}");
        assert!(text.ends_with("check the port"), "{text}");
        // A second sentence around it would only repeat the first.
        assert_eq!(explain(error, "something else").to_string(), text);
    }

    #[test]
    fn all_addresses_are_named() {
        let timeout = io::Error::from(io::ErrorKind::TimedOut);
        let error =
            explain_all(vec![("127.0.0.1:9".parse().unwrap(), refused()), ("[::1]:9".parse().unwrap(), timeout)]);
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let text = error.to_string();
        assert!(text.contains("127.0.0.1:9: ") && text.contains("; [::1]:9: "), "{text}");
        assert_eq!(explain_all(Vec::new()).kind(), io::ErrorKind::InvalidInput);
    }

    #[cfg(unix)]
    #[test]
    fn running_out_is_recognised_through_the_sentence() {
        let error = io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error());
        assert!(is_out_of_descriptors(&error));
        let error = explain(error, "accepting on 127.0.0.1:80");
        assert!(error.to_string().contains("ulimit -n"), "{error}");
        assert!(is_out_of_descriptors(&error));
        let source = error.get_ref().unwrap().source().unwrap().downcast_ref::<io::Error>().unwrap();
        assert_eq!(source.raw_os_error(), Some(rustix::io::Errno::MFILE.raw_os_error()));
        assert!(is_out_of_descriptors(&explain_all(vec![
            ("127.0.0.1:9".parse().unwrap(), refused()),
            ("127.0.0.1:8".parse().unwrap(), error),
        ])));
    }
}
