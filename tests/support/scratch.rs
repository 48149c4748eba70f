//! Directories for tests. They are removed when the test process ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The directory of all tests, and a process that removes it after this one ends, however it ends. It waits for the end of its
/// stdin, which is a pipe from this process.
struct All {
    path: PathBuf,
    _remover: Child,
}

fn all() -> &'static All {
    static ALL: OnceLock<All> = OnceLock::new();
    ALL.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("pipeline-notifier-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let mut remover = Command::new("sh");
        remover.args(["-c", "cat >/dev/null; exec rm -rf -- \"$1\"", "sh"]).arg(&path).stdin(Stdio::piped());
        let remover = remover.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        All { path, _remover: remover }
    })
}

/// Creates a new directory for a test.
pub(crate) fn scratch() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let path = all().path.join(COUNT.fetch_add(1, Ordering::Relaxed).to_string());
    fs::create_dir_all(&path).unwrap();
    path
}

/// Writes a program that every user may run.
pub(crate) fn write_program(path: &Path, script: impl AsRef<[u8]>) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
