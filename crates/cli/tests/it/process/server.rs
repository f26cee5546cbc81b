//! A server process, and what it says.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::run::Sandbox;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; killed when the test ends without stopping it.
pub(super) struct Server {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    pub(super) address: SocketAddr,
}

impl Server {
    /// `underpin dev` on a free port, once it serves.
    #[track_caller]
    pub(super) fn dev(sandbox: &Sandbox) -> Self {
        let mut server = Self::spawn(sandbox, &["dev", "--address", "127.0.0.1:0"]);
        let line = server.stdout_line("API");
        server.address = line.rsplit('/').nth(2).unwrap().parse().unwrap();
        server
    }

    /// `underpin serve` on a free port with a log of JSON, once it serves.
    #[track_caller]
    pub(super) fn serve(sandbox: &Sandbox, args: &[&str]) -> Self {
        let args = [&["serve", "--address", "127.0.0.1:0"], args].concat();
        let mut server = Self::spawn(sandbox, &args);
        let line = server.stderr_line("\"serving\"");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        server.address = line["address"].as_str().unwrap().parse().unwrap();
        server
    }

    /// A server that may not have begun to serve; its address is not known.
    pub(super) fn spawn(sandbox: &Sandbox, args: &[&str]) -> Self {
        let mut command = sandbox.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Self { child, stdout, stderr, address: SocketAddr::from(([127, 0, 0, 1], 0)) }
    }

    /// The next line of standard output that contains `text`.
    #[track_caller]
    pub(super) fn stdout_line(&mut self, text: &str) -> String {
        self.line(text, |server| &server.stdout)
    }

    /// The next line of standard error that contains `text`.
    #[track_caller]
    pub(super) fn stderr_line(&mut self, text: &str) -> String {
        self.line(text, |server| &server.stderr)
    }

    #[track_caller]
    fn line(&mut self, text: &str, stream: fn(&Self) -> &Receiver<String>) -> String {
        let mut seen = Vec::new();
        loop {
            match stream(self).recv_timeout(PATIENCE) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => seen.push(line),
                Err(_) => {
                    let rest: Vec<String> =
                        self.stderr.try_iter().chain(self.stdout.try_iter()).collect();
                    panic!("no line with {text:?} in {seen:#?}; also {rest:#?}");
                }
            }
        }
    }

    /// Sends SIGTERM.
    pub(super) fn terminate(&self) {
        let pid = self.child.id().to_string();
        let killed = std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(killed.success());
    }

    /// The exit code, once the process has ended.
    pub(super) fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended by itself in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
