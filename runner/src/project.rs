//! The checkout of a job, which holds what anybody who may push has put there: little of it is read, and nothing written.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::variables::Variables;

/// The most that is read of a text file, in bytes.
const MAX_FILE: u64 = 64 << 10;

/// A text file at the top of the checkout: a regular one, no link, and small. Not there where the job did not check its own commit
/// out (`GIT_STRATEGY: none`): what lies there is another branch's.
pub(crate) fn read_checked_out(variables: &Variables, name: &str) -> io::Result<String> {
    if variables.get("GIT_STRATEGY") == Some("none") {
        return Err(io::ErrorKind::NotFound.into());
    }
    let directory = variables.get("CI_PROJECT_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let path = directory.join(name);
    let found = fs::symlink_metadata(&path)?;
    if !found.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let file = File::open(path)?;
    let opened = file.metadata()?;
    if (opened.dev(), opened.ino()) != (found.dev(), found.ino()) {
        return Err(io::Error::other("it changed while it was opened"));
    }
    text(file)
}

/// Reads a small text file that a setting names.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    text(open_regular(path)?)
}

/// Reads a file that a setting names up to a size in bytes.
pub(crate) fn read_at_most(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Anything but a regular file is refused before it is opened: opening a pipe waits for its writer.
fn open_regular(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() { File::open(path) } else { Err(io::Error::other("it is no regular file")) }
}

fn text(file: File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_checkout_only_regular_files_of_this_commit_are_read() {
        let checkout = std::env::temp_dir().join(format!("checkout-{}", std::process::id()));
        fs::create_dir_all(&checkout).unwrap();
        fs::write(checkout.join("url.txt"), "https://shop.example").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", checkout.join("link.txt")).unwrap();
        let read = |name: &str, strategy: &str| {
            let job = [("CI_PROJECT_DIR", checkout.to_str().unwrap()), ("GIT_STRATEGY", strategy)];
            read_checked_out(&job.into_iter().collect(), name).ok()
        };
        assert_eq!(read("url.txt", "fetch").as_deref(), Some("https://shop.example"));
        assert_eq!(read("url.txt", "none"), None);
        assert_eq!(read("link.txt", "fetch"), None);
    }
}
