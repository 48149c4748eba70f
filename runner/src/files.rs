//! Files on a machine that others use too: nothing that hangs or has no end is read, and nothing is written through a link.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// The most that is read of a text file, in bytes.
const MAX_TEXT: u64 = 64 << 10;

/// Opens a regular file that is no link, and says what it is.
pub(crate) fn open_unlinked(path: &Path) -> io::Result<(File, Metadata)> {
    let found = fs::symlink_metadata(path)?;
    if !found.is_file() {
        return Err(not_regular());
    }
    let file = File::open(path)?;
    let opened = file.metadata()?;
    if (opened.dev(), opened.ino()) == (found.dev(), found.ino()) {
        Ok((file, opened))
    } else {
        Err(io::Error::other("it changed while it was opened"))
    }
}

/// Reads a file that a setting names, up to a size in bytes. Anything but a regular file is refused before it is opened: opening a
/// pipe waits for its writer.
pub(crate) fn read_at_most(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(not_regular());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a text file that a setting names.
pub(crate) fn read_named(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&read_at_most(path, MAX_TEXT)?).into_owned())
}

/// The beginning of a text, as much of it as a text file of ours may have.
pub(crate) fn read_text(file: File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(MAX_TEXT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes a file anew, with these permissions: a link in its place is replaced, and what it points to stays. A device is not:
/// whoever is root would take `/dev/null` from everybody.
pub(crate) fn replace(path: &Path, mode: u32, contents: &[u8]) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() && !found.is_symlink() => return Err(not_regular()),
        Ok(_) => fs::remove_file(path)?,
        Err(_) => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(contents)
}

fn not_regular() -> io::Error {
    io::Error::other("it is no regular file")
}
