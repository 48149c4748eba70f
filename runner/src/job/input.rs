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
    Input {
        name: "start_stage",
        default: ".post",
        help: "Stage of the start job, which waits for nothing in any stage. In .post no stage need be yours.",
        takes: Pattern(r#"^[^"'\\]{1,255}$"#),
    },
    Input {
        name: "finish_job",
        default: "notify-finish",
        help: "Name of the closing job, which tells what failed and nobody has told; that of a success has -success behind it.",
        takes: Pattern(r#"^[^"'\\]{1,240}$"#),
    },
    Input {
        name: "finish_stage",
        default: ".post",
        help: "Stage of the closing job. In one right after the build, failures are told before the pipeline is over, and no success is.",
        takes: Pattern(r#"^[^"'\\]{1,255}$"#),
    },
    Input {
        name: "merge_into",
        default: ".notify-deploy",
        help: "Name of a deploy job that cannot be edited, into which the hooks merge. The default is a hidden job to reference or extend.",
        takes: Pattern(r#"^[^"'\\]{1,255}$"#),
    },
    Input {
        name: "image",
        default: "docker.io/curlimages/curl:8.16.0",
        help: "Image of the notifier's own jobs, anything with a POSIX shell, gzip and curl or wget.",
        takes: Pattern(r#"^[^"'\\\s]{1,255}$"#),
    },
    Input {
        name: "git_strategy",
        default: "none",
        help: "GIT_STRATEGY of the notifier's own jobs. With fetch they read the repository's .pipeline-notifier.json too.",
        takes: OneOf(&["none", "fetch", "clone"]),
    },
    Input {
        name: "package_url",
        default: "-",
        help: "Where the notifier is downloaded from, for mirrors and air gaps; - is the component project's package registry.",
        takes: Pattern(r#"^(-|https?://[^\s"'\\]{1,900})?$"#),
    },
    Input {
        name: "module_url",
        default: "-",
        help: "Address of a message module of your own; - is that of this release.",
        takes: Pattern(r"^(-|https?://[A-Za-z0-9._~:/?@!&()*+,;=%-]{1,900})?$"),
    },
    Input {
        name: "module_sha256",
        default: "-",
        help: "SHA-256 of that module, 64 hexadecimal digits. What does not match is not run.",
        takes: Pattern(r"^(-|[0-9A-Fa-f]{64})?$"),
    },
];
