//! TCP, UDP and Unix sockets over a network that can be exchanged
