//! The table of the settings. One entry serves the command line, the environment, the component's input and variable, the docs and the
//! playground. `make settings` writes it into those.

use Reaches::{Input, Literal, VariableOnly};
use Takes::{Anything, List, Number, OneOf, Pattern, Switch, Text};

/// One setting: `--name value`, or `NOTIFIER_NAME` in the environment.
#[derive(Debug)]
pub struct Setting {
    /// Lower case with underscores, as the context has it.
    pub name: &'static str,
    /// The form of the value.
    pub value: &'static str,
    /// The value if nothing is set. Empty means the default in `help`.
    pub default: &'static str,
    /// Its purpose, in at most 1024 bytes.
    pub help: &'static str,
    /// The values that GitLab accepts from a pipeline.
    pub takes: Takes,
    /// The way from the component to the notifier.
    pub reaches: Reaches,
    /// True if the module gets it. The others are about delivery.
    pub for_module: bool,
}

/// The end of the help of each command that takes settings.
pub const WHERE_LISTED: &str = "Every setting is a flag or a variable; `pipeline-notifier settings` lists them.";

/// The value of an input that stands for an empty one.
pub const NOTHING: &str = "-";

/// The values that an input takes (<https://docs.gitlab.com/ci/inputs/#define-input-parameters-with-specinputs>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One line of text. It has no regular expression, since GitLab before 18.1 refuses every empty value of an input with one
    /// (<https://gitlab.com/gitlab-org/gitlab/-/issues/477707>). `settings.rs` checks its length and line ends.
    Text,
    /// Entries, separated by commas or line ends. They have no regular expression, for the same reason.
    List,
    /// A regular expression as GitLab reads it, RE2. Its default is `NOTHING` and never blank, for the same reason.
    Pattern(&'static str),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A number.
    Number,
    /// True or false. GitLab reads an unquoted `on` and `off` as these too.
    Switch,
    /// A list of mappings, as GitLab's `needs` takes it. Only an input holds it.
    Needs,
    /// No input holds it.
    Anything,
}

/// The way of a setting from the component to the notifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaches {
    /// By an input, and a variable with its value.
    Input,
    /// By an input that is a literal of the script, so that no variable of a pipeline can change it. It decides where secrets go.
    Literal,
    /// Only by a variable of the team.
    VariableOnly,
}

/// Every setting, in the order of the docs.
#[rustfmt::skip]
pub const SETTINGS: [Setting; 33] = [
    Setting { name: "environments", value: "PATTERN=ENVIRONMENT@CLUSTER,…", default: "main=prod,development=dev", takes: List, reaches: Input, for_module: true,
        help: "Environment (and cluster) of each branch, if the job has no environment in GitLab or a review environment: PATTERN=ENVIRONMENT@CLUSTER, separated by commas. The first match wins; * globs; %{branch} and %{NAME} of a variable are filled in. Without a match it is the branch's name; empty maps no branch." },
    Setting { name: "project_name", value: "name|path", default: "name", takes: OneOf(&["name", "path"]), reaches: Input, for_module: true,
        help: "How messages name the project: name (shop-api) or path (shop/shop-api)." },
    Setting { name: "language", value: "en|ko", default: "en", takes: Text, reaches: Input, for_module: true,
        help: "Language of the messages: en or ko." },
    Setting { name: "events", value: "EVENT,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Events to send: globs separated by commas, such as deploy-failed or *-failed; ! excludes, as in !pipeline-started. Default: all." },
    Setting { name: "branches", value: "PATTERN,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Branches and tags to send for: globs separated by commas. A plain name is a branch, tags means every tag, ! excludes. Default: all." },
    Setting { name: "finish", value: "failure|change|always|never", default: "failure", takes: OneOf(&["failure", "change", "always", "never"]), reaches: Input, for_module: true,
        help: "Pipeline ends to report: failure, change (from success to failure and back), always, or never." },
    Setting { name: "deploy_jobs", value: "JOB,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Names of the jobs with hooks: globs separated by commas. The closing job does not report their failures again." },
    Setting { name: "merge_into", value: "JOB", default: ".notify-deploy", takes: Pattern(r#"^[^"'\\]{1,255}$"#), reaches: Input, for_module: true,
        help: "Name of a deploy job that you cannot edit: the hooks merge into it. Default: a hidden job to reference or extend." },
    Setting { name: "start_job", value: "JOB", default: "notify-start", takes: Pattern(r#"^[^"'\\]{1,255}$"#), reaches: Input, for_module: false,
        help: "Name of the job that reports the pipeline's start. It also records the bot message's location for later jobs." },
    Setting { name: "mention", value: "subteam:S…|user:U…|here|channel|author|user,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Who gets a mention on failure and recovery: here, channel, author, user, user:U… and subteam:S…, separated by commas. Default: nobody." },
    Setting { name: "owners", value: "JOB=MENTION+MENTION,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Who also gets a mention if a job fails: JOB=MENTION+MENTION, separated by commas. JOB is a name or a glob as in deploy_jobs, MENTION as in mention. The first match wins." },
    Setting { name: "waiting_mention", value: "subteam:S…|user:U…|here|channel|author|user,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Who gets a mention if a pipeline waits for somebody, written as in mention. Default: nobody. See waiting_job." },
    Setting { name: "direct", value: "on|off", default: "off", takes: Switch, reaches: Input, for_module: true,
        help: "Whether a bot also sends a direct message to the person who ran a pipeline or a deployment that failed newly: on or off." },
    Setting { name: "tests", value: "on|off", default: "on", takes: Switch, reaches: Input, for_module: false,
        help: "Whether a failed pipeline's message names the failed tests: on or off. It needs NOTIFIER_GITLAB_TOKEN and JUnit reports." },
    Setting { name: "log_lines", value: "COUNT", default: "0", takes: Number, reaches: Input, for_module: false,
        help: "How many of the last lines of a failed job's script are posted, 0 to 20. It needs NOTIFIER_GITLAB_TOKEN. Everybody in the channel can read them." },
    Setting { name: "timeout", value: "SECONDS", default: "5", takes: Number, reaches: Input, for_module: false,
        help: "Time limit of each hook in seconds, the download included." },
    Setting { name: "webhook_variable", value: "NAME", default: "SLACK_WEBHOOK_URL", takes: Pattern("^[A-Za-z_][A-Za-z0-9_]{0,254}$"), reaches: Input, for_module: false,
        help: "Name of the CI/CD variable that holds the webhook URL. Never the URL itself." },
    Setting { name: "channel", value: "NAME|ID", default: "", takes: Text, reaches: Input, for_module: false,
        help: "Channel of a bot's messages (SLACK_BOT_TOKEN): its ID, a link to it, or its name. A webhook has a channel of its own." },
    Setting { name: "ops_channel", value: "NAME|ID", default: "", takes: Text, reaches: Input, for_module: false,
        help: "Channel where the bot posts failures for the operators. Without a bot, set SLACK_OPS_WEBHOOK_URL instead." },
    Setting { name: "ops_mention", value: "subteam:S…|user:U…|here|channel|author|user,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Who gets a mention in the operators' message, written as in mention. Default: nobody." },
    Setting { name: "ops_environments", value: "ENVIRONMENT,…", default: "", takes: List, reaches: Input, for_module: true,
        help: "Environments whose failures go to the operators: globs separated by commas. Default: all." },
    Setting { name: "app_url", value: "URL", default: "", takes: Text, reaches: Input, for_module: true,
        help: "Address of the deployed site, with %{NAME} placeholders. Default: the address that the deploy job or its environment has." },
    Setting { name: "compare", value: "on|off", default: "on", takes: Switch, reaches: Input, for_module: false,
        help: "Whether a successful deployment lists the commits since the last one: on or off. The list needs NOTIFIER_GITLAB_TOKEN; off shows only the link." },
    Setting { name: "grafana_url", value: "URL", default: "", takes: Text, reaches: Input, for_module: true,
        help: "Address of Grafana, for links to the runtime logs in Explore. Default: no link." },
    Setting { name: "grafana_org", value: "ID", default: "1", takes: Text, reaches: Input, for_module: true,
        help: "ID of the Grafana organization." },
    Setting { name: "loki_datasource", value: "UID", default: "", takes: Text, reaches: Input, for_module: true,
        help: "UID of the Loki data source. Default: Grafana's default data source." },
    Setting { name: "loki_query", value: "LOGQL", default: "", takes: Text, reaches: Input, for_module: true,
        help: "LogQL query of the link, with %{NAME} placeholders inside double quotes. Default: the Auto DevOps query." },
    Setting { name: "logs_url", value: "URL", default: "", takes: Text, reaches: Input, for_module: true,
        help: "Address of the runtime logs in another system, with %{NAME} placeholders. It replaces the Grafana link." },
    Setting { name: "allow_hosts", value: "HOST,…", default: "", takes: Pattern(r"^[A-Za-z0-9., :/_-]{0,900}$"), reaches: Literal, for_module: false,
        help: "Hosts of Slack-compatible servers that may get messages, separated by commas. No variable can add one." },
    Setting { name: "slack_api_url", value: "URL", default: "", takes: Pattern("^(-|https?://[A-Za-z0-9.:/_-]{1,300})?$"), reaches: Literal, for_module: false,
        help: "Address of Slack's Web API for a bot, on GovSlack and allowed hosts. No variable can change it." },
    Setting { name: "days", value: "COUNT", default: "7", takes: Number, reaches: VariableOnly, for_module: false,
        help: "How many days a digest is about, 1 to 31. The component digest has it as the input days." },
    Setting { name: "projects", value: "PROJECT@BRANCH,…", default: "", takes: List, reaches: VariableOnly, for_module: false,
        help: "Other projects whose digest is one message: their paths, separated by commas, each with its branch if that is not this project's default branch. At most 30. It needs NOTIFIER_GITLAB_TOKEN, a group access token with read_api. The component digest has it as the input projects." },
    Setting { name: "user_map", value: "JSON|FILE", default: "", takes: Anything, reaches: VariableOnly, for_module: false,
        help: "GitLab logins or e-mail addresses and their Slack user IDs: a JSON object, or the path of a file with one." },
];
