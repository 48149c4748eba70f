//! Directories for tests, which go with the test process.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The directory of all, and the process that removes it once this one has ended, however it ended: it waits for the end of its
/// stdin, which is ours.
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

/// A directory of a test's own.
pub(crate) fn scratch() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let path = all().path.join(COUNT.fetch_add(1, Ordering::Relaxed).to_string());
    fs::create_dir_all(&path).unwrap();
    path
}
