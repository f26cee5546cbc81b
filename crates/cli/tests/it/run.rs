//! Runs the binary in a folder of its own and shows everything a user would see.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder that goes away with the test, and the command run in it.
pub(crate) struct Sandbox {
    dir: TempDir,
    environment: Vec<(String, String)>,
}

impl Sandbox {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { dir: TempDir::new().unwrap(), environment: Vec::new() }
    }

    /// A folder with `schema.graphql`.
    pub(crate) fn with_schema(schema: &str) -> Self {
        let sandbox = Self::empty();
        sandbox.write("schema.graphql", schema);
        sandbox
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file of the folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Sets a variable for the commands that follow.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The command, ready to run, without any variable of ours that the test did not set.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_underpin"));
        command.current_dir(self.path()).args(args).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a line that was printed to be copied, in a shell that does not know where we are.
    pub(crate) fn shell(&self, line: &str) -> Output {
        let mut shell = Command::new("/bin/sh");
        shell.current_dir(self.path()).args(["-c", line]).env_clear();
        shell.output().unwrap()
    }

    /// Runs the command and shows exit code and both streams.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        self.show(&self.command(args).output().unwrap())
    }

    /// Runs the command, which must succeed, and returns what it printed.
    #[track_caller]
    pub(crate) fn stdout(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{}", self.show(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn show(&self, output: &Output) -> String {
        let mut shown = String::new();
        let code = output.status.code().map_or("none".to_owned(), |code| code.to_string());
        writeln!(shown, "exit code: {code}").unwrap();
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            let text = String::from_utf8_lossy(bytes);
            let text = text.replace(&self.path().display().to_string(), "[DIR]");
            let text = text.replace(env!("CARGO_BIN_EXE_underpin"), "[UNDERPIN]");
            if !text.is_empty() {
                writeln!(shown, "--- {name} ---\n{}", text.trim_end()).unwrap();
            }
        }
        shown
    }
}
