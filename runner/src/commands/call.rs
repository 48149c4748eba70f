//! One call of a command: what it knows, how long it may take, and where it sends to.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::ask::Asked;
use crate::cli::{Job, Told};
use crate::job::context::{Context, Gathered};
use crate::job::settings::{self, Settings};
use crate::job::settings_file::SettingsFile;
use crate::module::download;
use crate::module::message::Message;
use crate::module::pin::Pin;
use crate::module::render::{self, ModuleError};
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::net::secret::Redactor;
use crate::report::{Report, Sink};
use crate::slack::destination::Destinations;
use crate::slack::people::{self, Directory};
use crate::slack::webhook_url;
use crate::variables::Variables;

/// One call: what it knows, how long it may take, and where it sends to.
pub(crate) struct Call {
    pub(crate) variables: Variables,
    pub(crate) settings: Settings,
    pub(crate) pass: Vec<String>,
    pub(crate) pin: Option<Pin>,
    pub(crate) to: Destinations,
    pub(crate) file: SettingsFile,
    pub(crate) redactor: Redactor,
    pub(crate) report: Arc<Report>,
    pub(crate) deadline: Deadline,
    pub(crate) client: Client,
}

impl Call {
    pub(crate) fn begin(job: Job, variables: Variables) -> Self {
        Self::begin_watched(job, variables, |_, _| {})
    }

    /// Begins a call; `watch` gets its deadline before anything that could hang.
    pub(crate) fn begin_watched(job: Job, variables: Variables, watch: impl FnOnce(Deadline, &Arc<Report>)) -> Self {
        let settings = job.settings.or_from(&variables);
        let (timeout, odd_timeout) = settings.timeout();
        let timeout = timeout.saturating_sub(Duration::from_secs_f64(job.spent));
        let mut redactor = Redactor::of(&variables, webhook_url::variable(&settings));
        let report = Arc::new(Report::redacting(redactor.clone()));
        let deadline = Deadline::after(timeout);
        watch(deadline, &report);
        if let Some(warning) = odd_timeout {
            report.warning(&warning);
        }
        for name in settings.overruled(&variables) {
            report.warning(&format!(
                "{} is not used: what the component's input {name} says stands in the job's script, and no variable changes it",
                settings::variable(name)
            ));
        }
        for warning in settings.unexpanded().chain(settings::unknown(&variables)) {
            report.warning(&warning);
        }
        let file = SettingsFile::read(&variables, &*report);
        let to = Destinations::find(&variables, &settings, &file);
        // A File-type variable's contents are not among the variables.
        for webhook in to.webhook.iter().chain(&to.ops_webhook) {
            redactor.add(webhook.url().expose());
            report.redact(webhook.url().expose());
        }
        let pin = job.module.zip(job.module_sha256).map(|(source, sha256)| Pin { source, sha256 });
        Self {
            pass: job.pass,
            pin,
            to,
            file,
            redactor,
            report,
            deadline,
            client: Client::new(&variables),
            variables,
            settings,
        }
    }

    /// The context of an event. Where `asks` is set, GitLab and Slack are asked, as far as the event is about what they know.
    pub(crate) fn context(&self, told: impl Into<Told>, asks: bool) -> Context {
        self.learn(told.into(), asks).0
    }

    /// The same, and what was learnt for it.
    pub(crate) fn learn(&self, told: Told, asks: bool) -> (Context, Asked) {
        let asked = if asks { self.ask(told) } else { Asked::of_job(&self.variables) };
        let mut people = people::of_map(&self.settings, &*self.report);
        let unknown = people::unknown(&people, &self.variables, &self.mention_lists(), told.event);
        if let Some(api) = self.to.bot().filter(|_| asks && !unknown.is_empty()) {
            let directory = Directory { api, client: &self.client, deadline: self.deadline };
            directory.add_to(&mut people, &unknown, &*self.report);
        }
        (self.gathered(told, &self.variables, &asked, people).context(&*self.report), asked)
    }

    fn gathered<'a>(
        &'a self,
        Told { event, result }: Told,
        variables: &'a Variables,
        asked: &'a Asked,
        people: Map<String, Value>,
    ) -> Gathered<'a> {
        Gathered {
            event,
            result,
            variables,
            settings: &self.settings,
            pass: &self.pass,
            jobs: asked.jobs.as_ref(),
            history: &asked.history,
            people,
            updates: self.to.bot().is_some(),
            text_only: self.to.is_text_only(),
            file: self.file.for_module(),
            redactor: &self.redactor,
        }
    }

    /// The context of an event with what is known so far, of which nobody is warned.
    pub(crate) fn draft(&self, told: Told, asked: &Asked) -> Context {
        let people = people::of_map(&self.settings, &RefCell::default());
        self.gathered(told, &self.variables, asked, people).context(&RefCell::default())
    }

    /// The context of an event in a job that ends like this, without asking anybody.
    pub(crate) fn context_of(&self, status: &str, told: Told) -> Context {
        let mut variables = self.variables.clone();
        variables.set("CI_JOB_STATUS", status);
        let people = people::of_map(&self.settings, &RefCell::default());
        self.gathered(told, &variables, &Asked::of_job(&variables), people).context(&RefCell::default())
    }

    /// Everything that says whom to mention, wherever it says so.
    pub(crate) fn mention_lists(&self) -> Vec<&str> {
        let lists = ["mention", "ops_mention"].into_iter().filter_map(|name| self.settings.get(name));
        lists.chain(self.file.mention_lists()).collect()
    }

    /// Renders a context; the second value is what was wrong with the pinned module.
    pub(crate) fn render(&self, context: &Context) -> (Result<Message, ModuleError>, Option<String>) {
        render::render(&context.encode(), self.pin.as_ref(), self.deadline, |pin| {
            download::module(&self.client, &self.variables, &pin.source, &pin.sha256, self.deadline)
        })
    }

    /// The message of a context, by the module that the call names.
    pub(crate) fn message(&self, context: &Context) -> Result<Message, ModuleError> {
        let (message, warning) = self.render(context);
        if let Some(warning) = warning {
            self.report.warning(&warning);
        }
        if let Ok(message) = &message {
            for warning in &message.warnings {
                self.report.warning(warning);
            }
        }
        message
    }
}
