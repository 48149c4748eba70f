//! One call of a command: what it knows, how long it may take, and where it sends to.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::cli::{Job, Told};
use crate::gitlab::jobs::Jobs;
use crate::job::context::{Context, Gathered};
use crate::job::history::History;
use crate::job::key::Key;
use crate::job::settings::{self, Settings};
use crate::job::settings_file::SettingsFile;
use crate::module::message::Message;
use crate::module::pin::Pin;
use crate::module::render::{Module, ModuleError};
use crate::module::route::Route;
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::net::secret::Redactor;
use crate::report::{Report, Sink};
use crate::slack::destination::Destinations;
use crate::slack::webhook_url;
use crate::variables::Variables;

/// One call: what it knows, how long it may take, and where it sends to.
pub(crate) struct Call {
    pub(crate) variables: Variables,
    pub(crate) settings: Settings,
    pub(crate) pass: Vec<String>,
    pub(crate) module: Module,
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
                "{} is not used: what the component's input {name} says stands in the job's script, and no variable changes it; set the input instead",
                settings::variable(name)
            ));
        }
        for warning in settings.refused().chain(settings::unknown(&variables)) {
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
            module: Module::of(pin),
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

    /// The context of an event, of what was learnt for it.
    pub(crate) fn context(
        &self,
        Told { event, result }: Told,
        variables: &Variables,
        (jobs, history): (Option<&Jobs>, &History),
        people: Map<String, Value>,
        warnings: &dyn Sink,
    ) -> Context {
        let gathered = Gathered {
            event,
            result,
            variables,
            settings: &self.settings,
            pass: &self.pass,
            jobs,
            history,
            people,
            updates: self.to.bot().is_some(),
            text_only: self.to.is_text_only(),
            file: self.file.for_module(),
            redactor: &self.redactor,
        };
        gathered.context(warnings)
    }

    /// Everything that says whom to mention, wherever it says so.
    pub(crate) fn mention_lists(&self) -> Vec<&str> {
        let lists = [Key::Mention, Key::OpsMention].into_iter().filter_map(|key| self.settings.get(key));
        lists.chain(self.file.mention_lists()).collect()
    }

    /// Renders a context; the second value is what was wrong with the pinned module.
    pub(crate) fn render(&self, context: &Context) -> (Result<Message, ModuleError>, Option<String>) {
        self.module.render(&context.encode(), &self.client, &self.variables, self.deadline)
    }

    /// The route of a context's message.
    pub(crate) fn route(&self, context: Context) -> Route {
        self.module.route(&context.for_route().encode(), &self.client, &self.variables, self.deadline)
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
