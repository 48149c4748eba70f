//! The files that a job asks for.

use std::fs;
use std::path::Path;

use crate::files;

/// Writes a file that a job names, through no link: neither of its own nor of its folder's.
pub(super) fn write(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
        if !fs::symlink_metadata(folder)?.is_dir() {
            return Err(std::io::Error::other("its folder is a link"));
        }
    }
    files::replace(path, 0o644, contents)
}
