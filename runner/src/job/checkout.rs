//! The checkout of a job. Anybody who may push can put files there, so little of it is read and nothing written.

use std::io;
use std::path::PathBuf;

use crate::files;
use crate::variables::Variables;

/// Reads a text file at the top of the checkout: a regular one, no link, and small. It counts as missing if the job did not check its
/// own commit out (`GIT_STRATEGY: none`): the files are then another branch's.
pub(crate) fn read_checked_out(variables: &Variables, name: &str) -> io::Result<String> {
    if variables.get("GIT_STRATEGY") == Some("none") {
        return Err(io::ErrorKind::NotFound.into());
    }
    let directory = variables.get("CI_PROJECT_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
    files::read_text(files::open_unlinked(&directory.join(name))?.0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn of_the_checkout_only_regular_files_of_this_commit_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let checkout = directory.path();
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
