//! What a user types to run this very program.
//!
//! Commands that are printed to be copied must work: `underpin` where the shell finds this program
//! under that name, and the path of its file where it does not, as after `cargo run`.

use std::ffi::OsStr;
use std::path::Path;

use crate::config;

const NAME: &str = "underpin";

/// The first word of a command, as a shell takes it.
pub(crate) fn program() -> String {
    let (exe, here) = (std::env::current_exe(), std::env::current_dir());
    // A system that does not tell has the name as good as anything.
    let Ok(exe) = exe else { return NAME.to_owned() };
    let environment = config::environment();
    let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.as_str());
    named(&exe, here.ok().as_deref(), path.unwrap_or_default())
}

fn named(exe: &Path, here: Option<&Path>, path: &str) -> String {
    let mut named = std::env::split_paths(path).map(|dir| dir.join(NAME));
    let found = named.find(|file| file.is_file());
    let is_this = |file: &Path| matches!((file.canonicalize(), exe.canonicalize()), (Ok(found), Ok(exe)) if found == exe);
    if found.is_some_and(|file| is_this(&file)) {
        return NAME.to_owned();
    }
    match here.and_then(|here| exe.strip_prefix(here).ok()) {
        // Without a folder before it, a shell would look for the name elsewhere.
        Some(file) if file.components().count() == 1 => {
            quoted(Path::new(".").join(file).as_os_str())
        }
        Some(inside) => quoted(inside.as_os_str()),
        None => quoted(exe.as_os_str()),
    }
}

/// A word that a shell takes as it is.
pub(crate) fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:@%,".contains(c);
    if word.chars().all(is_plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_enough_where_the_shell_finds_this_program_by_it() {
        let (bin, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let exe = bin.path().join("underpin");
        std::fs::write(&exe, "").unwrap();
        let path = |dirs: &[&Path]| std::env::join_paths(dirs).unwrap().into_string().unwrap();
        assert_eq!(named(&exe, None, &path(&[other.path(), bin.path()])), "underpin");
        assert_eq!(named(&exe, None, &path(&[other.path()])), exe.display().to_string());
        // Another program of that name comes first.
        std::fs::write(other.path().join("underpin"), "").unwrap();
        let found = named(&exe, None, &path(&[other.path(), bin.path()]));
        assert_eq!(found, exe.display().to_string());
    }

    #[test]
    fn a_file_below_the_current_folder_is_named_from_there() {
        let exe = Path::new("/srv/shop/target/release/underpin");
        let named = |here: &str| named(exe, Some(Path::new(here)), "");
        assert_eq!(named("/srv/shop"), "target/release/underpin");
        assert_eq!(named("/srv/shop/target/release"), "./underpin");
        assert_eq!(named("/opt"), "/srv/shop/target/release/underpin");
    }

    #[test]
    fn a_path_that_a_shell_would_take_apart_is_quoted() {
        let exe = Path::new("/opt/a b/it's/underpin");
        assert_eq!(named(exe, None, ""), r"'/opt/a b/it'\''s/underpin'");
    }
}
