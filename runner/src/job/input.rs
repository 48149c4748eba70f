//! The table of the component's inputs that are no settings of the notifier. `make settings` writes it into component.yml.

use super::setting::Takes::{self, OneOf, Pattern};

/// One input.
#[derive(Debug)]
pub struct Input {
    /// Lower case with underscores.
    pub name: &'static str,
    /// The value if nothing is set.
    pub default: &'static str,
    /// Its purpose, in at most 1024 bytes.
    pub help: &'static str,
    /// The values that GitLab accepts from a pipeline.
    pub takes: Takes,
}

/// Every input that is no setting, in the order of the docs.
#[rustfmt::skip]
pub const INPUTS: [Input; 10] = [
    Input { name: "start_stage", default: ".post", takes: Pattern(r#"^[^"'\\]{1,255}$"#),
        help: "Stage of the start job. The job waits for nothing in any stage, and .post needs no stage of yours." },
    Input { name: "finish_job", default: "notify-finish", takes: Pattern(r#"^[^"'\\]{1,240}$"#),
        help: "Name of the closing job, which reports every failure that no hook reported. After a success it is this name with -success." },
    Input { name: "finish_stage", default: ".post", takes: Pattern(r#"^[^"'\\]{1,255}$"#),
        help: "Stage of the closing job. Right after the build, failures are reported before the pipeline ends, but no success is." },
    Input { name: "waiting_job", default: ".notify-waiting", takes: Pattern(r#"^[^"'\\]{1,255}$"#),
        help: "Name of the job that reports what the pipeline waits for, such as notify-waiting. The default begins with a dot, so there is no such job." },
    Input { name: "waiting_needs", default: "[]", takes: Takes::Needs,
        help: "The jobs before the wait, as in needs: a list of mappings with job, optional: true and artifacts: false. waiting_job runs after them." },
    Input { name: "image", default: "docker.io/curlimages/curl:8.16.0", takes: Pattern(r#"^[^"'\\\s]{1,255}$"#),
        help: "Image of the notifier's own jobs. It needs a POSIX shell, gzip, and curl or wget." },
    Input { name: "git_strategy", default: "none", takes: OneOf(&["none", "fetch", "clone"]),
        help: "GIT_STRATEGY of the notifier's own jobs: none, fetch or clone. With fetch they also read the repository's .pipeline-notifier.json." },
    Input { name: "package_url", default: "-", takes: Pattern(r#"^(-|https?://[^\s"'\\]{1,900})?$"#),
        help: "Address to download the notifier from, for mirrors and air gaps. Default: the component project's package registry." },
    Input { name: "module_url", default: "-", takes: Pattern(r"^(-|https?://[A-Za-z0-9._~:/?@!&()*+,;=%-]{1,900})?$"),
        help: "Address of your own message module. Default: the module of this release." },
    Input { name: "module_sha256", default: "-", takes: Pattern(r"^(-|[0-9A-Fa-f]{64})?$"),
        help: "SHA-256 of that module, 64 hexadecimal digits. A module with another digest does not run." },
];
