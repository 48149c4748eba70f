use std::error::Error;
use std::path::Path;
use std::process::Command;

/// Returns the flags of rustc that map paths of this machine away, so that the same source gives the same bytes anywhere. The build
/// scripts of the binary and of the playground build the module with them.
pub(crate) fn flags(rustc: &str, cargo_home: &str, workspace: &Path) -> Result<String, Box<dyn Error>> {
    let printed = |argument| -> Result<String, Box<dyn Error>> {
        Ok(String::from_utf8(Command::new(rustc).arg(argument).output()?.stdout)?)
    };
    let (version, sysroot) = (printed("-vV")?, printed("--print=sysroot")?);
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or("unknown");
    let flags = [
        // If the sources of the standard library are installed, its paths are those of this machine, too.
        format!("--remap-path-prefix={}/lib/rustlib/src/rust=/rustc/{commit}", sysroot.trim()),
        format!("--remap-path-prefix={cargo_home}=/cargo"),
        format!("--remap-path-prefix={}=/src", workspace.display()),
    ];
    Ok(flags.join("\u{1f}"))
}
