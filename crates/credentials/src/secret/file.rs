//! Where the master secret comes from: a text of the configuration, or a file of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use underpin_base::Secret;

use super::MasterSecret;
use crate::encoding;

/// Bytes of a file that are read at most; no secret needs more.
const FILE_BYTES_MAX: u64 = 4_096;

/// Words that stand in texts which somebody meant to replace.
const PLACEHOLDERS: &[&str] = &[
    "changeme",
    "change-me",
    "change_me",
    "change me",
    "changethis",
    "change-this",
    "change_this",
    "replace",
    "example",
    "placeholder",
    "yoursecret",
    "your-secret",
    "your_secret",
    "supersecret",
    "super-secret",
    "super_secret",
    "mysecret",
    "my-secret",
    "my_secret",
    "password",
    "insecure",
    "at least 32",
    "at-least-32",
    "at_least_32",
];

/// Different bytes that a secret has at least. A random one of 32 hexadecimal digits has more but
/// once in a million million times.
const DISTINCT_BYTES_MIN: usize = 8;

/// Why a master secret is not usable.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It has fewer than [`MasterSecret::BYTES_MIN`] bytes.
    #[error(
        "the secret has {n_bytes} bytes and needs at least 32: \
         make one with `openssl rand -base64 32`"
    )]
    TooShort {
        /// How many it has.
        n_bytes: usize,
    },
    /// It is a text that was meant to be replaced, or one that can be guessed.
    #[error(
        "the secret can be guessed ({reason}): replace it with a random one, \
         for example from `openssl rand -base64 32`"
    )]
    Guessable {
        /// What gives it away.
        reason: &'static str,
    },
    /// Other users of the machine can read the file.
    #[error(
        "{} can be read by other users of this machine (its mode is {mode:03o}): \
         run `chmod 600` on it, and replace the secret if somebody may have read it",
        path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else.
    #[error("{} is not a file that holds a secret as one line of text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be read.
    #[error("could not read the secret in {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("could not write a new secret to {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds a secret that is not usable.
    #[error("the secret in {} is not usable", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<SecretError>,
    },
}

impl MasterSecret {
    /// Bytes of the text at least.
    pub const BYTES_MIN: usize = 32;

    /// A secret from configuration. White space around it does not count.
    ///
    /// # Errors
    /// When it is too short, or a text that can be guessed.
    pub fn from_text(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        if text.len() < Self::BYTES_MIN {
            return Err(SecretError::TooShort { n_bytes: text.len() });
        }
        match weakness(text) {
            Some(reason) => Err(SecretError::Guessable { reason }),
            None => Ok(Self(Secret::new(text.as_bytes().to_vec()))),
        }
    }

    /// The secret in the file at `path`; a random one, written there first, when there is no file.
    ///
    /// The file appears whole or not at all, on the disk before this returns, readable by its owner
    /// alone. When several processes start at once, all of them get the same secret.
    ///
    /// # Errors
    /// When the file cannot be read or written, is open to others, or holds no usable secret.
    pub fn load_or_create(path: &Path) -> Result<Self, SecretError> {
        if let Some(found) = Self::load(path)? {
            return Ok(found);
        }
        let text = encoding::encode(&encoding::random::<{ Self::BYTES_MIN }>());
        match write_new(path, &text) {
            Ok(()) => Self::from_text(&text),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::load(path)?.ok_or_else(|| write_error(path, error))
            }
            Err(source) => Err(write_error(path, source)),
        }
    }

    /// The secret in the file at `path`; `None` when there is no file.
    ///
    /// # Errors
    /// When the file cannot be read, is open to others, or holds no usable secret.
    pub fn load(path: &Path) -> Result<Option<Self>, SecretError> {
        let read_error = |source| SecretError::Read { path: path.to_owned(), source };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read_error(error)),
        };
        refuse_exposed(path, &file.metadata().map_err(read_error)?)?;
        let mut bytes = Vec::new();
        let mut start = file.take(FILE_BYTES_MAX + 1);
        start.read_to_end(&mut bytes).map_err(read_error)?;
        let text = String::from_utf8(bytes).ok().filter(|text| is_one_line(text));
        let text = text.ok_or_else(|| SecretError::NotText { path: path.to_owned() })?;
        let secret = Self::from_text(&text).map_err(|source| SecretError::InFile {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        Ok(Some(secret))
    }
}

fn is_one_line(text: &str) -> bool {
    text.len() as u64 <= FILE_BYTES_MAX && !text.trim().contains(char::is_control)
}

fn write_error(path: &Path, source: io::Error) -> SecretError {
    SecretError::Write { path: path.to_owned(), source }
}

/// What gives the secret away; `None` for one that looks random. A random base64 text meets none of
/// these but once in many millions of times, and then another one is made easily.
fn weakness(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    if PLACEHOLDERS.iter().any(|word| lower.contains(word)) {
        return Some("it is a text that was meant to be replaced");
    }
    let bytes = text.as_bytes();
    let mut seen = [false; 256];
    bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    if seen.iter().filter(|seen| **seen).count() < DISTINCT_BYTES_MIN {
        return Some("it consists of few different characters");
    }
    if (1..=bytes.len() / 2).any(|n_bytes| bytes[n_bytes..] == bytes[..bytes.len() - n_bytes]) {
        return Some("it repeats itself");
    }
    let n_steps = bytes.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) == 1).count();
    (n_steps > bytes.len() / 2).then_some("it is a row of characters in their order")
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, metadata: &fs::Metadata) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_file() && mode & 0o077 != 0 {
        return Err(SecretError::Exposed { path: path.to_owned(), mode });
    }
    refuse_other_than_file(path, metadata)
}

#[cfg(not(unix))]
fn refuse_exposed(path: &Path, metadata: &fs::Metadata) -> Result<(), SecretError> {
    refuse_other_than_file(path, metadata)
}

fn refuse_other_than_file(path: &Path, metadata: &fs::Metadata) -> Result<(), SecretError> {
    let file = metadata.is_file().then_some(());
    file.ok_or_else(|| SecretError::NotText { path: path.to_owned() })
}

/// Writes beside `path` and links the whole file into place, which fails when something is there.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let suffix = encoding::encode(&encoding::random::<9>());
    let draft = path.with_file_name(format!(".{name}.{suffix}"));
    let written = write_synced(&draft, text).and_then(|()| link_or_write(&draft, path, text));
    let removed = fs::remove_file(&draft);
    written?;
    removed?;
    sync_directory(path)
}

/// Some file systems have no hard links; there the file is written in place, still never over
/// another one.
fn link_or_write(draft: &Path, path: &Path, text: &str) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => write_synced(path, text),
        linked => linked,
    }
}

fn write_synced(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// Other systems do not open directories as files, and sync names with the file.
#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_hard_links_the_file_is_written_in_place_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let no_draft = folder.path().join("draft");
        link_or_write(&no_draft, &path, "one").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\n");
        let error = link_or_write(&no_draft, &path, "two").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\n");
    }
}
