//! The table of the component's inputs that are no settings of the notifier. `make settings` writes it into component.yml.

use super::setting::Takes::{self, OneOf, Pattern};

/// One input.
#[derive(Debug)]
pub struct Input {
    /// Lower case with underscores.
    pub name: &'static str,
    /// What counts where nothing is set.
    pub default: &'static str,
    /// What it is for, in at most 1024 bytes.
    pub help: &'static str,
    /// What GitLab lets a pipeline say.
    pub takes: Takes,
}

/// Every input that is no setting, in the order of the docs.
#[rustfmt::skip]
pub const INPUTS: [Input; 9] = [
    Input { name: "start_stage", default: ".post", takes: Pattern(r#"^[^"'\\]{1,255}$"#),
        help: "Stage of the start job, which waits for nothing in any stage. In .post no stage need be yours." },
    Input { name: "finish_job", default: "notify-finish", takes: Pattern(r#"^[^"'\\]{1,240}$"#),
        help: "Name of the closing job, which tells what failed and nobody has told; that of a success has -success behind it." },
    Input { name: "finish_stage", default: ".post", takes: Pattern(r#"^[^"'\\]{1,255}$"#),
        help: "Stage of the closing job. In one right after the build, failures are told before the pipeline is over, and no success is." },
    Input { name: "merge_into", default: ".notify-deploy", takes: Pattern(r#"^[^"'\\]{1,255}$"#),
        help: "Name of a deploy job that cannot be edited, into which the hooks merge. The default is a hidden job to reference or extend." },
    Input { name: "image", default: "docker.io/curlimages/curl:8.16.0", takes: Pattern(r#"^[^"'\\\s]{1,255}$"#),
        help: "Image of the notifier's own jobs, anything with a POSIX shell, gzip and curl or wget." },
    Input { name: "git_strategy", default: "none", takes: OneOf(&["none", "fetch", "clone"]),
        help: "GIT_STRATEGY of the notifier's own jobs. With fetch they read the repository's .pipeline-notifier.json too." },
    Input { name: "package_url", default: "-", takes: Pattern(r#"^(-|https?://[^\s"'\\]{1,900})?$"#),
        help: "Where the notifier is downloaded from, for mirrors and air gaps; - is the component project's package registry." },
    Input { name: "module_url", default: "-", takes: Pattern(r"^(-|https?://[A-Za-z0-9._~:/?@!&()*+,;=%-]{1,900})?$"),
        help: "Address of a message module of your own; - is that of this release." },
    Input { name: "module_sha256", default: "-", takes: Pattern(r"^(-|[0-9A-Fa-f]{64})?$"),
        help: "SHA-256 of that module, 64 hexadecimal digits. What does not match is not run." },
];
