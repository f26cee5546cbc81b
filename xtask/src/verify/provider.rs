//! The certified provider of logins that some tests need: a package of npm, installed below `target`.
//!
//! `tests/oidc` names its versions, to the letter, and holds the server. What is installed is kept
//! until the lock file changes.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace;

/// What the names of the tests begin with that need the provider.
pub(crate) const TESTS: &str = "certified_provider";

/// The variable that names the folder of the installed provider to them.
pub(super) const FOLDER_VARIABLE: &str = "UNDERPIN_OIDC_PROVIDER";

/// What is installed, in the order of `tests/oidc`.
const FILES: &[&str] = &["package.json", "package-lock.json", "server.mjs"];

/// The provider's folder, with what it needs installed.
pub(super) fn install() -> Result<PathBuf> {
    ensure_node()?;
    let source = workspace::root().join("tests/oidc");
    let lock = fs::read(source.join("package-lock.json"))
        .context("could not read tests/oidc/package-lock.json")?;
    let mut hasher = DefaultHasher::new();
    lock.hash(&mut hasher);
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace::root().join("target"), PathBuf::from);
    let folder = target.join(format!("oidc-provider/{:016x}", hasher.finish()));
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    for file in FILES {
        fs::copy(source.join(file), folder.join(file))
            .with_context(|| format!("could not copy tests/oidc/{file}"))?;
    }
    let done = folder.join("installed");
    if !done.exists() {
        // Nothing of the packages may run but what the tests ask for.
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(Command::new("npm").args(arguments).current_dir(&folder))
            .context("installing the provider needs the npm registry, once")?;
        fs::write(&done, "").with_context(|| format!("could not write {}", done.display()))?;
    }
    Ok(folder)
}

/// Makes sure that `node` and `npm` are there, with Debian's packages where we may install them.
fn ensure_node() -> Result<()> {
    let is_here = || starts("node") && starts("npm");
    if is_here() {
        return Ok(());
    }
    if !(starts("apt-get") && is_root()) {
        bail!(
            "logins are tested with a provider that runs on Node: install Node 18 or later and npm \
             (Debian: the packages `nodejs` and `npm`)"
        );
    }
    run(Command::new("apt-get").arg("update"))?;
    let install = ["install", "--yes", "--no-install-recommends", "nodejs", "npm"];
    run(Command::new("apt-get").args(install).env("DEBIAN_FRONTEND", "noninteractive"))?;
    ensure!(is_here(), "`node` and `npm` were installed but do not start");
    Ok(())
}

fn starts(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether we may install packages.
fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn run(command: &mut Command) -> Result<()> {
    let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    let shown = format!("{} {}", command.get_program().to_string_lossy(), arguments.join(" "));
    let status = command.status().with_context(|| format!("could not start `{shown}`"))?;
    ensure!(status.success(), "`{shown}` failed");
    Ok(())
}
