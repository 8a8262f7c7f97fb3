//! `Command`: std's, with futures instead of waiting.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::{self, ExitStatus, Output, Stdio};

use crate::child::Child;
use crate::error::explain;
use crate::process::OnDrop;

/// A program to be started, as [`std::process::Command`]. The API is async-process's.
///
/// What is not here (uid, process group, creation flags, …) is set on [`as_std_mut`](Command::as_std_mut).
///
/// ```
/// use whit_process::Command;
///
/// # #[cfg(unix)]
/// futures_lite::future::block_on(async {
///     let output = Command::new("echo").arg("hello").output().await?;
///     assert!(output.status.success());
///     assert_eq!(output.stdout, b"hello\n");
///     std::io::Result::Ok(())
/// })
/// .unwrap();
/// ```
pub struct Command {
    inner: process::Command,
    // Which of stdin, stdout and stderr were set; std does not tell.
    set: [bool; 3],
    on_drop: OnDrop,
}

impl Command {
    /// `program` with no arguments, our environment and working directory, and our stdin, stdout and stderr. Dropped children
    /// run on, and are reaped.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        process::Command::new(program).into()
    }

    /// Adds an argument.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.inner.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args(&mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Command {
        self.inner.args(args);
        self
    }

    /// Sets a variable of the environment.
    pub fn env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.inner.env(key, value);
        self
    }

    /// Sets variables of the environment.
    pub fn envs(&mut self, vars: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>) -> &mut Command {
        self.inner.envs(vars);
        self
    }

    /// Takes a variable out of the environment.
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Command {
        self.inner.env_remove(key);
        self
    }

    /// Starts with an empty environment.
    pub fn env_clear(&mut self) -> &mut Command {
        self.inner.env_clear();
        self
    }

    /// Sets the working directory.
    pub fn current_dir(&mut self, folder: impl AsRef<Path>) -> &mut Command {
        self.inner.current_dir(folder);
        self
    }

    /// Where the child reads from: ours, if nothing is said.
    pub fn stdin(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.inner.stdin(stdio);
        self.set[0] = true;
        self
    }

    /// Where the child writes to: for [`output`](Command::output) a pipe, else ours, if nothing is said.
    pub fn stdout(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.inner.stdout(stdio);
        self.set[1] = true;
        self
    }

    /// Where the child writes errors to: for [`output`](Command::output) a pipe, else ours, if nothing is said.
    pub fn stderr(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.inner.stderr(stdio);
        self.set[2] = true;
        self
    }

    /// Whether a child is killed when its [`Child`] and all futures of its status are dropped. No, if nothing is said.
    pub fn kill_on_drop(&mut self, kill: bool) -> &mut Command {
        self.on_drop.kill = kill;
        self
    }

    /// Whether a child that was dropped while it ran is reaped when it ends, so that it does not stay as a zombie until this
    /// program ends. Yes, if nothing is said; say no if something else in the program waits for all children.
    pub fn reap_on_drop(&mut self, reap: bool) -> &mut Command {
        self.on_drop.reap = reap;
        self
    }

    /// Starts the program. This is the one thing here that blocks: about a millisecond, until the new process runs the program
    /// or has failed to.
    ///
    /// # Errors
    ///
    /// There is no such program, it may not be executed, or the system has no processes, descriptors or memory left. The text
    /// names the program.
    pub fn spawn(&mut self) -> io::Result<Child> {
        let started = self.inner.spawn().map_err(|error| {
            explain(error, format_args!("starting `{}`", self.inner.get_program().to_string_lossy()))
        })?;
        Child::new(started, self.on_drop)
    }

    /// Starts the program, and waits for its end.
    ///
    /// # Errors
    ///
    /// As for [`spawn`](Command::spawn) and [`Child::status`].
    ///
    /// # Cancel safety
    ///
    /// The program is started by this call, not by the first poll. Dropping the future drops the child.
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + Send + use<> {
        let child = self.spawn();
        async { child?.status().await }
    }

    /// Starts the program, and collects what it writes until it has ended.
    ///
    /// # Errors
    ///
    /// As for [`spawn`](Command::spawn) and [`Child::output`].
    ///
    /// # Cancel safety
    ///
    /// The program is started by this call, not by the first poll. Dropping the future drops the child and what was collected.
    pub fn output(&mut self) -> impl Future<Output = io::Result<Output>> + Send + use<> {
        let [_, stdout, stderr] = self.set;
        if !stdout {
            self.inner.stdout(Stdio::piped());
        }
        if !stderr {
            self.inner.stderr(Stdio::piped());
        }
        let child = self.spawn();
        // For another `spawn` of this command.
        if !stdout {
            self.inner.stdout(Stdio::inherit());
        }
        if !stderr {
            self.inner.stderr(Stdio::inherit());
        }
        async { child?.output().await }
    }

    /// The program.
    pub fn get_program(&self) -> &OsStr {
        self.inner.get_program()
    }

    /// std's command inside.
    pub fn as_std(&self) -> &process::Command {
        &self.inner
    }

    /// std's command inside, for the settings that are not repeated here. Set stdin, stdout and stderr by our own methods:
    /// [`output`](Command::output) does not see what was set there.
    pub fn as_std_mut(&mut self) -> &mut process::Command {
        &mut self.inner
    }
}

impl From<process::Command> for Command {
    /// Takes std's command over. [`output`](Command::output) does not see what was set for stdout and stderr.
    fn from(inner: process::Command) -> Command {
        Command { inner, set: [false; 3], on_drop: OnDrop { kill: false, reap: true } }
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("inner", &self.inner).field("on_drop", &self.on_drop).finish()
    }
}
