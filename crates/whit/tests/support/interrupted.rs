//! A test that gets signals: a child process runs it, tells its steps on stderr, and is sent signals by whoever started it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

const CHILD: &str = "WHIT_TEST_CHILD";
/// A child that takes longer to say the next thing hangs, and is killed.
const LONG: Duration = Duration::from_secs(60);

/// A process that says what it does.
pub(crate) struct Child {
    process: std::process::Child,
    lines: mpsc::Receiver<String>,
}

/// Starts the test `name` again, alone in a process of its own. `None` in that process: it is to do what is tested.
pub(crate) fn child(name: &str) -> Option<Child> {
    if std::env::var_os(CHILD).is_some_and(|child| child == name) {
        return None;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads", "1"]).env(CHILD, name).stdout(Stdio::null());
    Some(Child::start(&mut command))
}

impl Child {
    /// Starts a program whose stderr is read.
    pub(crate) fn start(command: &mut Command) -> Child {
        let mut process = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Child { process, lines }
    }

    /// Waits until it says `wanted`.
    pub(crate) fn says(&mut self, wanted: &str) {
        let line = self.line();
        assert!(line.as_deref() == Some(wanted), "wanted {wanted:?}, heard {line:?}");
    }

    /// Whether it has said nothing more, and lives.
    pub(crate) fn is_silent(&self) -> bool {
        self.lines.try_recv() == Err(mpsc::TryRecvError::Empty)
    }

    fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(LONG) {
            Err(mpsc::RecvTimeoutError::Timeout) => {
                self.process.kill().unwrap();
                panic!("the child hangs");
            }
            line => line.ok(),
        }
    }

    pub(crate) fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    /// Waits for its end: what it still says, its exit code, or the signal that killed it, and the time this took.
    pub(crate) fn end(mut self) -> (Vec<String>, Result<i32, i32>, Duration) {
        let started = Instant::now();
        let rest = std::iter::from_fn(|| self.line()).collect();
        let status: ExitStatus = self.process.wait().unwrap();
        (rest, status.code().ok_or_else(|| status.signal().unwrap()), started.elapsed())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It has ended, unless the test failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
