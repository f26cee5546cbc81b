//! Builds both servers, fills their databases alike, and starts and stops them.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::client::Request;
use super::requests::Kind;
use crate::workspace;

/// A server that has not answered by then never will.
const START_MAX: Duration = Duration::from_secs(20);

/// Between two looks whether a server that starts answers already.
const POLL: Duration = Duration::from_micros(200);

/// Who logs in at Underpin, where the bench does.
pub(super) const EMAIL: &str = "till@example.com";
/// Their password.
pub(super) const PASSWORD: &str = "a drawer full of small coins";

/// How the servers are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// Quickly.
    Debug,
    /// To be fast.
    Release,
}

/// The servers compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Rival {
    /// The hand-written one.
    Limit,
    /// Ours.
    Underpin,
}

impl Rival {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::Limit, Self::Underpin];

    /// The name in reports.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Underpin => "underpin",
        }
    }
}

/// Both servers, built, with databases of the same rows.
pub(super) struct Rivals {
    folder: TempDir,
    binaries: PathBuf,
    token: String,
}

/// A running server; stopped when dropped.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
    token: String,
    first_answer: Duration,
}

impl Rivals {
    /// Builds both and fills their databases.
    pub(super) fn prepare(profile: Profile) -> Result<Self> {
        let binaries = build(profile)?;
        // Below `target`, which lies on a disk: a folder in memory would make every sync free.
        let target = binaries.parent().context("binaries lie in a folder of target")?;
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(target)?;
        let mut rivals = Self { folder, binaries, token: String::new() };
        rivals.fill()?;
        Ok(rivals)
    }

    /// Where files of the bench may lie.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a server and waits for its first answer.
    pub(super) fn start(&self, rival: Rival) -> Result<Server> {
        let address = free_address()?;
        let token = match rival {
            Rival::Limit => String::new(),
            Rival::Underpin => self.token.clone(),
        };
        let mut command = self.command(rival, address);
        let started = Instant::now();
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut server = Server { child, address, token, first_answer: Duration::ZERO };
        server.wait(started).with_context(|| format!("{} did not start", rival.name()))?;
        server.first_answer = started.elapsed();
        Ok(server)
    }

    fn command(&self, rival: Rival, address: SocketAddr) -> Command {
        match rival {
            Rival::Limit => {
                let mut command = Command::new(self.binaries.join("bench-limit"));
                command.arg("serve").arg(self.limit_database()).arg(address.to_string());
                command
            }
            Rival::Underpin => {
                let mut command = self.underpin(&["serve"]);
                command.env("UNDERPIN_SERVER__ADDRESS", address.to_string());
                // What is measured is the server, not what callers are allowed.
                for tier in ["ANONYMOUS", "KEY", "USER", "AUTHENTICATION", "AUTHENTICATION_ACCOUNT"]
                {
                    command.env(format!("UNDERPIN_TIERS__{tier}"), "unlimited");
                }
                command
            }
        }
    }

    /// A command of Underpin's on the bench's project.
    fn underpin(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.binaries.join("underpin"));
        command.args(arguments).arg(self.project());
        command
    }

    fn project(&self) -> PathBuf {
        self.folder().join("shop")
    }

    fn database(&self) -> PathBuf {
        self.project().join("data/app.db")
    }

    fn limit_database(&self) -> PathBuf {
        self.folder().join("limit.db")
    }

    /// Lets Underpin make its tables, fills them, and copies the file for the limit.
    fn fill(&mut self) -> Result<()> {
        fs::create_dir(self.project())?;
        let schema = workspace::root().join("bench/shop/schema.graphql");
        fs::copy(schema, self.project().join("schema.graphql"))?;
        output(&mut self.underpin(&["migrate", "apply"]))?;
        let mut seed = Command::new(self.binaries.join("bench-limit"));
        output(seed.arg("seed").arg(self.database()))?;
        let made = output(&mut self.underpin(&["key", "create", "--role", "till", "--json"]))?;
        let made: Value = serde_json::from_slice(&made).context("the key is not told as JSON")?;
        let key = made.get("key").and_then(Value::as_str).context("no key was made")?;
        key.clone_into(&mut self.token);
        self.make_user()?;
        let n_bytes = fs::copy(self.database(), self.limit_database())?;
        ensure!(n_bytes > 1_000_000, "the database is too small to hold the rows");
        Ok(())
    }

    /// Makes the account that logs in.
    fn make_user(&self) -> Result<()> {
        let mut command = self.underpin(&[
            "user",
            "create",
            EMAIL,
            "--fields",
            r#"{"name":"Till"}"#,
            "--role",
            "till",
            "--password-stdin",
            "--verified",
        ]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        let mut input = child.stdin.take().context("a pipe was asked for")?;
        input.write_all(PASSWORD.as_bytes())?;
        drop(input);
        ensure!(child.wait()?.success(), "the account for logins could not be made");
        Ok(())
    }
}

impl Server {
    /// Has requests carry another token from here on.
    pub(super) fn set_token(&mut self, token: &str) {
        token.clone_into(&mut self.token);
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What requests must carry; empty where nothing.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// From exec to the first 200.
    pub(super) fn first_answer(&self) -> Duration {
        self.first_answer
    }

    fn wait(&mut self, started: Instant) -> Result<()> {
        let target = Kind::ReadById.targets().swap_remove(0);
        let token = self.token.clone();
        let request = Request { method: "GET", target: &target, token: &token, body: "" };
        loop {
            match request.send(self.address) {
                Ok((200, _)) => return Ok(()),
                Ok((status, body)) => bail!("its first answer is {status}: {body}"),
                Err(_) => {}
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}");
            }
            ensure!(started.elapsed() < START_MAX, "it does not answer");
            thread::sleep(POLL);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Builds both binaries and returns the folder they are in.
fn build(profile: Profile) -> Result<PathBuf> {
    let mut command =
        workspace::cargo(&["build", "--locked", "-p", "underpin", "-p", "bench-limit"]);
    command.args(["--message-format", "json-render-diagnostics"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    let output = command.stderr(Stdio::inherit()).output().context("could not start cargo")?;
    ensure!(output.status.success(), "could not build the servers");
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    });
    let executable = executable.context("cargo names no binary")?;
    Ok(executable.parent().context("a binary lies in a folder")?.to_path_buf())
}

/// Runs a command to its end and returns what it wrote.
fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("could not run {command:?}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed:\n{complaint}");
    Ok(output.stdout)
}

/// A port of the loopback interface that nobody listens on.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
