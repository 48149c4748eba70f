//! The table of the settings: one entry for the command line, the environment, the component's input and variable, the docs and the
//! playground. `make settings` writes it into those.

use Reaches::{Input, Joined, Literal, VariableOnly};
use Takes::{Anything, List, Number, OneOf, Pattern, Switch, Text};

/// One setting: `--name value`, or `NOTIFIER_NAME` in the environment.
#[derive(Debug)]
pub struct Setting {
    /// Lower case with underscores, as the context has it.
    pub name: &'static str,
    /// What the value looks like.
    pub value: &'static str,
    /// What counts where nothing is set; empty is what `help` says.
    pub default: &'static str,
    /// What it is for, in at most 1024 bytes.
    pub help: &'static str,
    /// What GitLab lets a pipeline say.
    pub takes: Takes,
    /// How it gets from the component to the notifier.
    pub reaches: Reaches,
    /// Whether the module gets it; the others are about delivery.
    pub for_module: bool,
}

/// What an input says in place of an empty value.
pub const NOTHING: &str = "-";

/// What an input takes (<https://docs.gitlab.com/ci/inputs/#define-input-parameters-with-specinputs>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One line of text. No regular expression stands beside it, since GitLab before 18.1 refuses every empty value beside one
    /// (<https://gitlab.com/gitlab-org/gitlab/-/issues/477707>); `settings.rs` judges its length and line ends.
    Text,
    /// Entries, separated by commas or line ends, without a regular expression for the same reason.
    List,
    /// A regular expression as GitLab reads it, RE2. Its default is never blank, for the same reason: `NOTHING` stands there.
    Pattern(&'static str),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A number.
    Number,
    /// True or false, which is how GitLab reads an unquoted `on` and `off` too.
    Switch,
    /// No input holds it.
    Anything,
}

/// How a setting gets from the component to the notifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaches {
    /// By an input and a variable of its value.
    Input,
    /// By an input that is a literal of the script, so that no variable of a pipeline can change it: it says where secrets go.
    Literal,
    /// By an input, and a variable that component.yml puts together by hand.
    Joined,
    /// By a variable of the team's alone.
    VariableOnly,
}

/// Every setting, in the order of the docs.
#[rustfmt::skip]
pub const SETTINGS: [Setting; 25] = [
    Setting { name: "environments", value: "PATTERN=ENVIRONMENT@CLUSTER,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Environment and cluster by branch, as PATTERN=ENVIRONMENT@CLUSTER, separated by commas; the first match wins, * globs, %{branch} and %{NAME} of a variable are filled in. Where nothing matches it is what GitLab names; else main is prod, development is dev, and any other branch its name." },
    Setting { name: "project_name", value: "name|path", default: "name", takes: OneOf(&["name", "path"]), reaches: Input, for_module: true,
        help: "How messages name the project, shop-api or shop/shop-api." },
    Setting { name: "language", value: "en|ko", default: "en", takes: Text, reaches: Input, for_module: true,
        help: "Language of the messages." },
    Setting { name: "events", value: "EVENT,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Which events to send, as globs separated by commas (deploy-failed, *-failed); empty is all." },
    Setting { name: "branches", value: "PATTERN,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Which branches and tags to send for, as globs separated by commas; a plain name is a branch, tags is every tag, ! leaves out; empty is all." },
    Setting { name: "finish", value: "failure|change|always|never", default: "failure", takes: OneOf(&["failure", "change", "always", "never"]), reaches: Input, for_module: true,
        help: "Which ends of a pipeline to tell - failures; changes from success to failure and back; all; or none." },
    Setting { name: "deploy_jobs", value: "JOB,…", default: "", takes: List, reaches: Joined, for_module: true,
        help: "Names of the jobs that carry the hooks, as globs separated by commas, so that the closing job tells nothing twice." },
    Setting { name: "start_job", value: "JOB", default: "notify-start", takes: Pattern(r#"^[^"'\\]{1,255}$"#), reaches: Input, for_module: false,
        help: "Name of the job that reports the pipeline's start, and keeps for later jobs where a bot's message is." },
    Setting { name: "mention", value: "subteam:S…|user:U…|here|channel|author|user,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Whom to mention on failure and recovery - here, channel, author, user, and IDs of people (U…) and of groups (S…), separated by commas; empty is nobody." },
    Setting { name: "timeout", value: "SECONDS", default: "5", takes: Number, reaches: Input, for_module: false,
        help: "The most seconds that a hook takes of a deploy job, before it and after it, download included." },
    Setting { name: "webhook_variable", value: "NAME", default: "SLACK_WEBHOOK_URL", takes: Pattern("^[A-Za-z_][A-Za-z0-9_]{0,254}$"), reaches: Input, for_module: false,
        help: "Name of the CI/CD variable that holds the webhook URL. Never the URL itself." },
    Setting { name: "channel", value: "NAME|ID", default: "", takes: Text, reaches: Input, for_module: false,
        help: "Channel of a bot's messages (SLACK_BOT_TOKEN), a name or better an ID or a link to it; a webhook has its own." },
    Setting { name: "ops_channel", value: "NAME|ID", default: "", takes: Text, reaches: Input, for_module: false,
        help: "Channel in which the bot tells the operators of a failure; without a bot set SLACK_OPS_WEBHOOK_URL." },
    Setting { name: "ops_mention", value: "subteam:S…|user:U…|here|channel|author|user,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Whom to mention in the operators' message, as in mention; empty is nobody." },
    Setting { name: "ops_environments", value: "ENVIRONMENT,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Environments whose failures the operators are told of, as globs separated by commas; empty is all." },
    Setting { name: "app_url", value: "URL", default: "", takes: Text, reaches: Input, for_module: true,
        help: "Address of the deployed site, with %{NAME} placeholders; empty is what the deploy job says." },
    Setting { name: "compare", value: "on|off", default: "on", takes: Switch, reaches: Input, for_module: false,
        help: "Whether a successful deployment lists the commits since the last one, where NOTIFIER_GITLAB_TOKEN may read them; off links them alone." },
    Setting { name: "grafana_url", value: "URL", default: "", takes: Text, reaches: Input, for_module: true,
        help: "Address of Grafana, for links to the runtime logs in Explore; empty is no link." },
    Setting { name: "grafana_org", value: "ID", default: "1", takes: Text, reaches: Input, for_module: true,
        help: "ID of Grafana's organisation." },
    Setting { name: "loki_datasource", value: "UID", default: "", takes: Text, reaches: Input, for_module: true,
        help: "UID of the Loki data source; empty is Grafana's default data source." },
    Setting { name: "loki_query", value: "LOGQL", default: "", takes: Text, reaches: Input, for_module: true,
        help: "LogQL query of the link, with %{NAME} placeholders inside double quotes; empty is that of Auto DevOps." },
    Setting { name: "logs_url", value: "URL", default: "", takes: Text, reaches: Input, for_module: true,
        help: "Address of the runtime logs in any other system, with %{NAME} placeholders, instead of Grafana." },
    Setting { name: "allow_hosts", value: "HOST,…", default: "", takes: Pattern(r"^[A-Za-z0-9., :/_-]{0,900}$"), reaches: Literal, for_module: false,
        help: "More hosts that may get messages, beside Slack's, separated by commas (Slack-compatible servers). No variable can add one." },
    Setting { name: "slack_api_url", value: "URL", default: "", takes: Pattern("^(-|https?://[A-Za-z0-9.:/_-]{1,300})?$"), reaches: Literal, for_module: false,
        help: "Address of Slack's Web API for a bot, for GovSlack and allowed hosts. No variable can change it." },
    Setting { name: "user_map", value: "JSON|FILE", default: "", takes: Anything, reaches: VariableOnly, for_module: false,
        help: "GitLab login or e-mail address to Slack user ID, as a JSON object or a file with one." },
];
