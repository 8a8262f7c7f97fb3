//! Counts what the example `echo` asks of the system for each message: one wait, one read, one write, and nothing else.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::ci::{Result, cargo, root};

const MESSAGES: u64 = 10_000;
const MESSAGE: [u8; 64] = [b'w'; 64];
/// What may come on top of each of the three, and what all others may be together: calls a message.
const MORE_MAX: f64 = 0.1;
/// What is called less often than this each message is counted, and not named.
const RARE: f64 = 0.002;

/// On one worker and on two.
pub(crate) fn count() -> Result {
    if !Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success()) {
        println!("system calls were not counted: there is no `strace` here; install it, and try again");
        return Ok(());
    }
    cargo(&["build", "--release", "--quiet", "-p", "whit", "--example", "echo"], &[])?;
    let mut wrong = Vec::new();
    for workers in [1, 2] {
        let calls = traced(workers)?;
        println!("\n{MESSAGES} messages of {} bytes on one connection, {workers} worker(s)", MESSAGE.len());
        println!("{:>10} {:>10}  call", "calls", "a message");
        let mut by_number: Vec<_> = calls.iter().collect();
        by_number.sort_by_key(|(name, calls)| (std::cmp::Reverse(**calls), name.as_str()));
        let rare = by_number.iter().position(|(_, calls)| a_message(**calls) < RARE).unwrap_or(by_number.len());
        for (name, calls) in &by_number[..rare] {
            println!("{calls:>10} {:>10.4}  {name}", a_message(**calls));
        }
        let others = by_number[rare..].iter().map(|(_, calls)| **calls).sum();
        println!(
            "{others:>10} {:>10.4}  {} others, of the start and the end",
            a_message(others),
            by_number.len() - rare
        );
        wrong.extend(judge(&calls).into_iter().map(|what| format!("{workers} worker(s): {what}")));
    }
    if wrong.is_empty() {
        println!("\none wait, one read and one write a message, and of all else at most {MORE_MAX}");
        return Ok(());
    }
    Err(format!("the echo server asks too much of the system:\n  {}", wrong.join("\n  ")))
}

/// The server under strace, in a process of its own; we are the client.
fn traced(workers: u32) -> Result<BTreeMap<String, u64>> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let table = target.join(format!("syscalls-{workers}.txt"));
    let mut server = Command::new("strace")
        .args(["-c", "-f", "-o"])
        .arg(&table)
        .arg(target.join("release/examples/echo"))
        .args([workers.to_string(), "1".to_owned()])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("strace could not be started: {error}"))?;
    let talked = server.stdout.take().ok_or_else(|| "the server has no output".to_owned()).and_then(talk);
    if talked.is_err() {
        // It would wait for a connection for ever.
        drop(server.kill());
    }
    let ended = server.wait().map_err(|error| format!("the server could not be waited for: {error}"))?;
    talked?;
    if !ended.success() {
        return Err(format!("the server under strace ended with {ended}"));
    }
    let text = std::fs::read_to_string(&table)
        .map_err(|error| format!("strace's table {} cannot be read: {error}", table.display()))?;
    let calls = parse(&text);
    if calls.is_empty() { Err(format!("strace counted nothing; it wrote:\n{text}")) } else { Ok(calls) }
}

/// Message by message: the next goes out when the last has come back.
fn talk(output: impl Read) -> Result {
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).map_err(|error| format!("the server said nothing: {error}"))?;
    let Some(address) = line.trim().strip_prefix("listening on ") else {
        return Err(format!("the server said {line:?}, and not where it listens"));
    };
    let failed = |error: std::io::Error| format!("talking to the server at {address} failed: {error}");
    let mut stream = TcpStream::connect(address).map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    for _ in 0..MESSAGES {
        stream.write_all(&MESSAGE).map_err(failed)?;
        let mut heard = [0; MESSAGE.len()];
        stream.read_exact(&mut heard).map_err(failed)?;
        if heard != MESSAGE {
            return Err("the server said something else than it had heard".into());
        }
    }
    Ok(())
}

/// The calls in a table of `strace -c`: its columns are share, seconds, microseconds a call, calls, errors (if any), name.
fn parse(table: &str) -> BTreeMap<String, u64> {
    let row = |line: &str| {
        let columns: Vec<_> = line.split_whitespace().collect();
        let name = *columns.get(4..)?.last()?;
        let calls = columns[3].parse().ok()?;
        (name != "total").then(|| (name.to_owned(), calls))
    };
    table.lines().filter_map(row).collect()
}

/// What is too much, or too little to be true.
fn judge(calls: &BTreeMap<String, u64>) -> Vec<String> {
    let sum = |names: &[&str]| calls.iter().filter(|(name, _)| names.contains(&&***name)).map(|(_, calls)| calls).sum();
    let all: u64 = calls.values().sum();
    let needed = [
        ("waits", sum(&["epoll_wait", "epoll_pwait", "epoll_pwait2"])),
        ("reads", sum(&["read", "readv", "recvfrom", "recvmsg"])),
        ("writes", sum(&["write", "writev", "sendto", "sendmsg"])),
    ];
    let others = all - needed.iter().map(|(_, calls)| calls).sum::<u64>();
    let mut wrong: Vec<_> = needed
        .into_iter()
        .filter(|(_, calls)| !(0.9..=1.0 + MORE_MAX).contains(&a_message(*calls)))
        .map(|(what, calls)| format!("{:.2} {what} a message, and not 1", a_message(calls)))
        .collect();
    if a_message(others) > MORE_MAX {
        wrong.push(format!("{:.2} other calls a message, more than {MORE_MAX}", a_message(others)));
    }
    wrong
}

fn a_message(calls: u64) -> f64 {
    calls as f64 / MESSAGES as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 50.10    0.050000           5     10003           epoll_pwait
 25.00    0.025000           2     10010         3 recvfrom
 24.00    0.024000           2     10001           sendto
  0.90    0.000900          10        90         2 futex
------ ----------- ----------- --------- --------- ----------------
100.00    0.099900           3     30104         5 total
";

    #[test]
    fn a_table_is_read_and_found_good() {
        let calls = parse(TABLE);
        let expected = [("epoll_pwait", 10003), ("futex", 90), ("recvfrom", 10010), ("sendto", 10001)];
        assert_eq!(calls, expected.map(|(name, calls)| (name.to_owned(), calls)).into());
        assert_eq!(judge(&calls), Vec::<String>::new());
    }

    #[test]
    fn what_is_too_much_or_missing_is_named() {
        let calls = |more: &[(&str, u64)]| {
            let mut calls = parse(TABLE);
            calls.extend(more.iter().map(|(name, calls)| ((*name).to_owned(), *calls)));
            judge(&calls)
        };
        assert_eq!(calls(&[("futex", 1001)]), ["0.10 other calls a message, more than 0.1"]);
        assert_eq!(calls(&[("recvfrom", 20_000)]), ["2.00 reads a message, and not 1"]);
        assert_eq!(calls(&[("epoll_wait", 5_000)]), ["1.50 waits a message, and not 1"]);
        assert_eq!(calls(&[("sendto", 0)]), ["0.00 writes a message, and not 1"]);
    }
}
