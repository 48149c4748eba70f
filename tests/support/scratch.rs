//! Directories for tests. They are removed when the test process ends.

use std::fs;
use std::path::PathBuf;
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
