//! Sockets as the system makes them: options, bind, and the start of a connect or of listening.
//!
//! Every socket is made non-blocking, and a stream socket's connect is begun *before* a reactor hears of it: Linux reports a
//! socket that is neither connected nor connecting as writable and hung up, and that edge would be taken for an answer.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use whit_core::SocketOptions;

/// A socket on its way to `peer`.
pub(super) fn connecting(peer: SocketAddr, options: &SocketOptions) -> io::Result<Socket> {
    let socket = stream(peer, options)?;
    if let Some(reuse) = options.reuse_address {
        socket.set_reuse_address(reuse)?;
    }
    if let Some(local) = options.bind {
        socket.bind(&local.into())?;
    }
    whit_reactor::start_connect(&socket, peer)?;
    Ok(socket)
}

/// A socket that listens on `local`.
pub(super) fn listening(local: SocketAddr, options: &SocketOptions) -> io::Result<Socket> {
    let socket = stream(local, options)?;
    if options.reuse_address.unwrap_or(cfg!(unix)) {
        socket.set_reuse_address(true)?;
    }
    if let (Some(only), true) = (options.only_v6, local.is_ipv6()) {
        socket.set_only_v6(only)?;
    }
    socket.bind(&local.into())?;
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    Ok(socket)
}

/// A datagram socket bound to `local`.
pub(super) fn datagram(local: SocketAddr, options: &SocketOptions) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    if options.reuse_address == Some(true) {
        socket.set_reuse_address(true)?;
    }
    if let (Some(only), true) = (options.only_v6, local.is_ipv6()) {
        socket.set_only_v6(only)?;
    }
    shared(&socket, options)?;
    socket.bind(&local.into())?;
    Ok(socket)
}

fn stream(address: SocketAddr, options: &SocketOptions) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    if let Some(nodelay) = options.nodelay {
        socket.set_tcp_nodelay(nodelay)?;
    }
    if let Some(idle) = options.keepalive {
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle))?;
    }
    shared(&socket, options)?;
    Ok(socket)
}

fn shared(socket: &Socket, options: &SocketOptions) -> io::Result<()> {
    // Buffers before connect and listen: the window that TCP offers is agreed on with the first packets.
    if let Some(bytes) = options.send_buffer {
        socket.set_send_buffer_size(bytes)?;
    }
    if let Some(bytes) = options.recv_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    #[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin"))))]
    if options.reuse_port {
        socket.set_reuse_port(true)?;
    }
    Ok(())
}
