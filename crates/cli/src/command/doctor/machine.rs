//! What the machine has to give: room on the disk, and the port.

use std::net::TcpListener;
use std::path::Path;

use super::Finding;
use crate::database::{Database, Purpose};
use crate::project::Project;

/// Less than this is too little for the write-ahead log and a migration.
const FREE_MIB_MIN: u64 = 256;

/// Below this it is time to think about it.
const FREE_MIB_GOOD: u64 = 1_024;

pub(super) fn look(project: &Project) -> Vec<Finding> {
    let database = Database::of(project, Purpose::Command);
    [disk(database.path()), Some(port(project))].into_iter().flatten().collect()
}

/// Room on the disk of the database. `None` where the system does not tell.
fn disk(path: &Path) -> Option<Finding> {
    const ABOUT: &str = "disk";
    // The database, or the nearest folder above it that is there.
    let there = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let disk = rustix::fs::statvfs(there).ok()?;
    let free_mib = disk.f_bavail.saturating_mul(disk.f_frsize) / (1_024 * 1_024);
    let message = format!("{free_mib} MiB free");
    let advice = "the database needs room for its log, and for a copy of itself in a migration";
    Some(match free_mib {
        ..FREE_MIB_MIN => Finding::bad(ABOUT, message, advice),
        FREE_MIB_MIN..FREE_MIB_GOOD => Finding::warning(ABOUT, message, advice),
        FREE_MIB_GOOD.. => Finding::good(ABOUT, message),
    })
}

fn port(project: &Project) -> Finding {
    const ABOUT: &str = "port";
    let address = project.config.server.address;
    match TcpListener::bind(address) {
        Ok(_) => Finding::good(ABOUT, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Finding::warning(
            ABOUT,
            format!("{address} is in use"),
            "by this project's own server, or choose another: `[server] address`, `--address`",
        ),
        Err(error) => Finding::bad(
            ABOUT,
            format!("{address} cannot be used: {error}"),
            "choose another: `[server] address`, `--address`",
        ),
    }
}
