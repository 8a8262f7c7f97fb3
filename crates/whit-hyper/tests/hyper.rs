//! hyper's own server and client on the three parts: I/O, executor and timer.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_lite::future::{block_on, zip};
use futures_lite::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::rt::{Executor, Read, ReadBuf, Write};
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};
use whit_core::{Clock, Handle, Home, ManualClock, Runnable, Schedule, ScheduleInfo};
use whit_hyper::{WhitExecutor, WhitIo, WhitTimer};
use whit_net::{TcpListener, TcpStream};

const LONG: Duration = Duration::from_secs(10);

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = zip(TcpStream::connect(address), listener.accept()).await;
    (near.unwrap(), far.unwrap().0)
}

/// Answers with the length of the body and the name of the thread that answers.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or("?").to_owned();
    Ok(Response::new(Full::from(format!("{} bytes on {thread}", body.len()))))
}

/// A home that counts its spawns and hands them to another.
struct Counted {
    home: Home,
    spawned: Arc<AtomicUsize>,
}

impl Schedule for Counted {
    fn schedule(&self, runnable: Runnable, info: ScheduleInfo) {
        if info.spawned {
            self.spawned.fetch_add(1, Ordering::SeqCst);
        }
        self.home.schedule(runnable, info);
    }
}

/// HTTP/2 is where hyper itself spawns: each request's stream on the server, the connection's parts on the client.
async fn round_trip_over_http2(executor: WhitExecutor, requests: usize) -> Vec<String> {
    let (near, far) = pair().await;
    let serving = server::conn::http2::Builder::new(executor.clone())
        .timer(WhitTimer)
        .serve_connection(WhitIo::new(far), service_fn(answer));
    executor.execute(serving);
    let (sender, connection) = client::conn::http2::handshake(executor.clone(), WhitIo::new(near)).await.unwrap();
    executor.execute(connection);
    let mut bodies = Vec::new();
    for number in 0..requests {
        let body = Full::<Bytes>::from(vec![7; number * 30_000]);
        let request = Request::post("http://localhost/").body(body).unwrap();
        let response = sender.clone().send_request(request).await.unwrap();
        bodies.push(String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().into()).unwrap());
    }
    bodies
}

#[test]
fn hyper_spawns_onto_the_executor_that_it_was_given() {
    let executor = whit_executor::Executor::new();
    let spawned = Arc::<AtomicUsize>::default();
    let home = Counted { home: executor.home(), spawned: spawned.clone() };
    let given = WhitExecutor::new(Handle::builder().schedule(Arc::new(home)).build());
    let bodies = block_on(executor.run(round_trip_over_http2(given, 3)));
    for (number, body) in bodies.iter().enumerate() {
        assert!(body.starts_with(&format!("{} bytes on ", number * 30_000)), "{body}");
        assert!(!body.ends_with("whit-hyper"), "{body}");
    }
    // The two connections are the test's; hyper spawned the rest.
    assert!(spawned.load(Ordering::SeqCst) >= 2 + 3, "{spawned:?} tasks");
}

#[test]
fn outside_a_runtime_an_executor_starts_by_itself() {
    let bodies = block_on(async { round_trip_over_http2(WhitExecutor::current(), 2).await });
    assert_eq!(bodies, ["0 bytes on whit-hyper", "30000 bytes on whit-hyper"]);
    // A handle without a scheduler is as good as none.
    let handle = Handle::builder().build();
    let _entered = handle.enter();
    assert_eq!(block_on(round_trip_over_http2(WhitExecutor::default(), 1)), ["0 bytes on whit-hyper"]);
}

#[test]
fn all_of_it_works_inside_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let bodies = runtime.block_on(round_trip_over_http2(WhitExecutor::current(), 2));
    assert_eq!(bodies, ["0 bytes on whit-hyper", "30000 bytes on whit-hyper"]);
}

/// Serves one connection with a limit on how long a request's head may take, and sends half a head: the server's error.
async fn half_a_head(limit: Duration) -> hyper::Error {
    let (mut near, far) = pair().await;
    let mut server = server::conn::http1::Builder::new();
    let server = server.timer(WhitTimer).header_read_timeout(limit);
    let serving = server.serve_connection(WhitIo::new(far), service_fn(answer));
    let client = async {
        near.write_all(b"GET / HTTP/1.1\r\nhost: local").await.unwrap();
        // Its end, or a reset, if the server closes with bytes unread.
        let _ = near.read_to_end(&mut Vec::new()).await;
    };
    zip(serving, client).await.0.unwrap_err()
}

#[test]
fn the_timer_ends_a_request_that_does_not_come() {
    let limit = Duration::from_millis(50);
    let started = Instant::now();
    let error = block_on(half_a_head(limit));
    assert!(error.is_timeout(), "{error:?}");
    assert!((limit..LONG).contains(&started.elapsed()), "{:?}", started.elapsed());
}

#[test]
fn the_timer_is_that_of_the_current_clock() {
    let clock = Arc::new(ManualClock::new());
    let handle = Handle::builder().clock(clock.clone()).build();
    let _entered = handle.enter();
    let day = Duration::from_secs(86_400);
    let started = Instant::now();
    let advancing = async {
        let due = loop {
            match clock.next_deadline() {
                Some(due) => break due,
                None => futures_lite::future::yield_now().await,
            }
        };
        assert_eq!(due, clock.now() + day, "counted from the clock's time");
        clock.advance(day);
    };
    let (error, ()) = block_on(zip(half_a_head(day), advancing));
    assert!(error.is_timeout(), "{error:?}");
    assert!(started.elapsed() < LONG);
}

/// What was written, in which calls: the lengths of the buffers of each.
#[derive(Clone, Default)]
struct Recorder {
    request: Arc<Mutex<Vec<u8>>>,
    calls: Arc<Mutex<Vec<Vec<usize>>>>,
}

impl Recorder {
    fn record(&self, lengths: Vec<usize>) -> Poll<io::Result<usize>> {
        let sum = lengths.iter().sum();
        self.calls.lock().unwrap().push(lengths);
        Poll::Ready(Ok(sum))
    }
}

impl AsyncRead for Recorder {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut request = self.request.lock().unwrap();
        let length = request.len().min(buf.len());
        buf[..length].copy_from_slice(&request[..length]);
        request.drain(..length);
        Poll::Ready(Ok(length))
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.record(vec![buf.len()])
    }
    fn poll_write_vectored(self: Pin<&mut Self>, _: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.record(bufs.iter().map(|buf| buf.len()).collect())
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The write calls of a server that answers one request with a large body.
fn writes(io: impl Fn(Recorder) -> WhitIo<Recorder>) -> Vec<Vec<usize>> {
    const BODY: usize = 50_000;
    let recorder = Recorder::default();
    recorder.request.lock().unwrap().extend(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let large = service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(vec![7; BODY]))) });
    let mut server = server::conn::http1::Builder::new();
    // After the request the recorder reads its end.
    block_on(server.half_close(true).serve_connection(io(recorder.clone()), large)).unwrap();
    let calls = recorder.calls.lock().unwrap().clone();
    assert!(calls.iter().flatten().sum::<usize>() > BODY, "{calls:?}");
    calls
}

#[test]
fn hyper_hears_the_truth_about_vectored_writes() {
    let vectored = writes(WhitIo::new);
    assert!(vectored.iter().any(|bufs| bufs.len() == 2), "head and body by one call: {vectored:?}");
    let copied = writes(|recorder| WhitIo::new(recorder).vectored(false));
    assert!(copied.iter().all(|bufs| bufs.len() == 1), "one buffer a call: {copied:?}");
}

#[test]
fn a_socket_of_whit_does_take_several_buffers_at_once() {
    block_on(async {
        let (near, mut far) = pair().await;
        let mut near = WhitIo::new(near);
        assert!(near.is_write_vectored());
        let bufs = [IoSlice::new(b"head "), IoSlice::new(b"body")];
        let written = std::future::poll_fn(|cx| Pin::new(&mut near).poll_write_vectored(cx, &bufs)).await;
        assert_eq!(written.unwrap(), 9);
        let mut heard = [0; 9];
        far.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"head body");
    });
}

/// Gives what it has, as much at a time as is asked for, and tells how much that was.
struct Asked {
    left: usize,
    asked: Vec<usize>,
}

impl AsyncRead for Asked {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let length = self.left.min(buf.len());
        buf[..length].fill(7);
        self.left -= length;
        self.asked.push(buf.len());
        Poll::Ready(Ok(length))
    }
}

#[test]
fn a_read_asks_for_much_only_while_there_is_much() {
    let mut io = WhitIo::new(Asked { left: 1024 + 2 * 8192 + 10, asked: Vec::new() });
    let mut read = |most: usize| {
        let mut bytes = vec![0; most];
        let mut buf = ReadBuf::new(&mut bytes);
        let polled = Pin::new(&mut io).poll_read(&mut Context::from_waker(Waker::noop()), buf.unfilled());
        assert!(matches!(polled, Poll::Ready(Ok(()))));
        assert!(buf.filled().iter().all(|byte| *byte == 7));
        buf.filled().len()
    };
    assert_eq!([read(100_000), read(100_000), read(100_000), read(100_000), read(100_000)], [1024, 8192, 8192, 10, 0]);
    assert_eq!(io.get_ref().asked, [1024, 8192, 8192, 8192, 1024]);
}

#[test]
fn a_kept_connection_carries_bodies_larger_than_a_read() {
    let executor = WhitExecutor::current();
    block_on(async {
        let (near, far) = pair().await;
        executor.execute(async move {
            server::conn::http1::Builder::new().serve_connection(WhitIo::new(far), service_fn(answer)).await
        });
        let (mut sender, connection) = client::conn::http1::handshake(WhitIo::new(near)).await.unwrap();
        executor.execute(connection);
        for length in [0, 1, 900, 1023, 1024, 1025, 8 * 1024, 8 * 1024 + 1, 1_000_000, 1] {
            let request = Request::post("/").header("host", "localhost").body(Full::<Bytes>::from(vec![7; length]));
            let response = sender.send_request(request.unwrap()).await.unwrap();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert!(body.starts_with(format!("{length} bytes").as_bytes()), "{body:?}");
            sender.ready().await.unwrap();
        }
    });
}
