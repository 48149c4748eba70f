//! The lines of `doctor`, and the next steps that end it.

use crate::commands::language::Language;
use crate::report::{one_line, print};
use crate::slack::webhook_url::{Problem, UnusableWebhook};
use crate::steps::read_job::Call;

/// The topic of a line.
#[derive(Clone, Copy)]
pub(super) enum Topic {
    Job,
    Settings,
    Module,
    Message,
    Event(&'static str),
    GitLab,
    Network,
    Slack,
    Bot,
    Webhook,
    Operators,
    Owners,
}

impl Topic {
    fn name(self, language: Language) -> &'static str {
        match self {
            Self::Job => language.say("job", "작업"),
            Self::Settings => language.say("settings", "설정"),
            Self::Module => language.say("module", "모듈"),
            Self::Message => language.say("message", "메시지"),
            Self::Event(name) => name,
            Self::GitLab => "GitLab",
            Self::Network => language.say("network", "네트워크"),
            Self::Slack => "Slack",
            Self::Bot => language.say("bot", "봇"),
            Self::Webhook => language.say("webhook", "웹훅"),
            Self::Operators => language.say("operators", "운영자"),
            Self::Owners => language.say("owners", "담당자"),
        }
    }
}

/// The checklist while it is printed.
pub(super) struct Checklist<'a> {
    call: &'a Call,
    language: Language,
    steps: Vec<String>,
}

impl<'a> Checklist<'a> {
    pub(super) fn new(call: &'a Call) -> Self {
        Self { call, language: Language::of(&call.settings), steps: Vec::new() }
    }

    /// Returns a text in the language of the checklist.
    pub(super) fn say<T>(&self, english: T, korean: T) -> T {
        self.language.say(english, korean)
    }

    pub(super) fn ok(&self, topic: Topic, detail: &str) {
        self.line("[ok]  ", topic, detail);
    }

    /// Adds a line about something that works, and could do more.
    pub(super) fn note(&self, topic: Topic, detail: &str) {
        self.line("[note]", topic, detail);
    }

    /// Adds a line about something without which nothing is sent, and its next step.
    pub(super) fn wrong(&mut self, topic: Topic, detail: &str, step: &str) {
        self.line("[!!]  ", topic, detail);
        self.steps.push(format!("{}: {step}", self.say("Next step", "다음 할 일")));
    }

    pub(super) fn unusable_webhook(&mut self, topic: Topic, unusable: &UnusableWebhook) {
        use crate::explain::Explain as _;
        let variable = unusable.variable();
        let (problem, step) = in_korean(unusable.problem());
        let detail = self.say(unusable.to_string(), format!("{variable}: {problem}"));
        let step = self.say(unusable.step().into_owned(), step.to_owned());
        self.wrong(topic, &detail, &format!("{variable}: {step}"));
    }

    /// Prints the next steps. Returns true if there are none. `is_sent` is true after a test message.
    pub(super) fn end(self, is_sent: bool) -> bool {
        let everything = self.say("Everything works.", "모두 잘 작동합니다.");
        let test = self.say(
            "Next step: `doctor --send` sends one test message.",
            "다음 할 일: `doctor --send`로 시험 메시지를 하나 보낼 수 있습니다.",
        );
        print("\n");
        match self.steps.as_slice() {
            [] => print(&format!("{}\n", if is_sent { everything } else { test })),
            steps => steps.iter().for_each(|step| self.print(step)),
        }
        self.steps.is_empty()
    }

    fn line(&self, sign: &str, topic: Topic, detail: &str) {
        self.print(&format!("{sign} {}: {detail}", topic.name(self.language)));
    }

    fn print(&self, line: &str) {
        print(&format!("{}\n", one_line(&self.call.redactor.redact(line))));
    }
}

/// Returns the problem of a webhook and its next step in Korean.
fn in_korean(problem: &Problem) -> (&'static str, &'static str) {
    match problem {
        Problem::NotAName => (
            "SLACK_WEBHOOK_URL 같은 변수의 이름을 적는 곳이며, 값을 적으면 안 됩니다",
            "거기서 값을 지우고, 웹훅 URL이었다면 웹훅을 새로 만드세요",
        ),
        Problem::Missing => (
            "설정되지 않았거나 비어 있습니다",
            "Settings > CI/CD > Variables에서 설정하세요. 이미 설정했다면 환경 범위(environment scope)나 Protect variable 때문에 이 \
             작업에 전달되지 않은 것입니다",
        ),
        Problem::Unexpanded => (
            "GitLab이 풀지 못한 변수가 들어 있습니다. 이 작업에는 그 변수가 없습니다",
            "그 변수를 설정하거나, 이 변수에 URL을 직접 적으세요",
        ),
        Problem::Unreadable => (
            "File 유형 변수의 경로인데 그 파일을 읽을 수 없습니다",
            "Settings > CI/CD > Variables에서 유형과 값을 확인하세요",
        ),
        Problem::NotAnAddress => (
            "URL이 아닙니다",
            "Slack 앱의 Incoming Webhooks 페이지에서 따옴표 없이 다시 복사하세요(https://hooks.slack.com/services/…)",
        ),
        Problem::NotHttps => ("https URL이 아니므로 비밀 값을 보내지 않습니다", "https 주소를 쓰세요"),
        Problem::Workflow => (
            "Workflow Builder의 URL(/triggers/, /workflows/)이며, 블록을 받지 않습니다",
            "Slack 앱의 Incoming Webhooks 페이지에서 웹훅을 만드세요(https://hooks.slack.com/services/…)",
        ),
        Problem::Host => (
            "hooks.slack.com이나 hooks.slack-gov.com의 주소가 아닙니다",
            "웹훅을 다시 복사하세요. Slack 호환 서버라면 입력 allow_hosts에 그 호스트를 적으세요(컴포넌트 없이는 NOTIFIER_ALLOW_HOSTS)",
        ),
    }
}
