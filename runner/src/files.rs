//! Files on a machine that others use too. Nothing is read that hangs or has no end, and nothing is written through a link.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// The limit for reading a text file, in bytes.
const MAX_TEXT: u64 = 64 << 10;

/// Opens a regular file that is no link, and returns its metadata too.
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

/// Reads a file that a setting names, up to `max` bytes. It refuses anything but a regular file before opening it: opening a pipe waits
/// for its writer.
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

/// Reads the beginning of a text file, up to the limit of our text files.
pub(crate) fn read_text(file: File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(MAX_TEXT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes a new file with these permissions. It replaces a link and does not touch the link's target. It does not replace a device:
/// root would remove `/dev/null` for everybody.
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
