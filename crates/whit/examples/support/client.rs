//! A real HTTP/1.1 client that keeps its connections.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Mutex;

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use whit::net::TcpStream;
use whit_hyper::WhitIo;

pub type BoxError = Box<dyn Error + Send + Sync>;

/// Asks one server. A connection that is not in use waits for the next request.
#[derive(Debug)]
pub struct Client {
    server: SocketAddr,
    idle: Mutex<Vec<SendRequest<Empty<Bytes>>>>,
}

impl Client {
    pub fn new(server: SocketAddr) -> Client {
        Client { server, idle: Mutex::default() }
    }

    /// `GET path`; the body of the answer as text.
    pub async fn get(&self, path: &str) -> Result<String, BoxError> {
        let mut connection = self.connection().await?;
        let request = Request::get(path).header("host", "localhost").body(Empty::new())?;
        let response = connection.send_request(request).await?;
        if !response.status().is_success() {
            return Err(format!("GET {path} was answered with {}", response.status()).into());
        }
        let body = response.into_body().collect().await?.to_bytes();
        self.idle.lock().unwrap().push(connection);
        Ok(String::from_utf8(body.into())?)
    }

    async fn connection(&self) -> Result<SendRequest<Empty<Bytes>>, BoxError> {
        loop {
            let idle = self.idle.lock().unwrap().pop();
            match idle {
                // The server may have closed it meanwhile.
                Some(mut connection) => {
                    if connection.ready().await.is_ok() {
                        return Ok(connection);
                    }
                }
                None => break,
            }
        }
        let stream = TcpStream::connect(self.server).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(WhitIo::new(stream)).await?;
        // The connection does the talking; it ends when the sender is dropped.
        whit::spawn(async move { drop(connection.await) }).detach();
        Ok(sender)
    }
}
