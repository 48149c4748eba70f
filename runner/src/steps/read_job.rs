//! Read the job: its variables and settings, its time limit, and its destinations.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::findings::Findings;
use crate::cli::{EventArgs, JobArgs};
use crate::gitlab::tokens::unusable_token;
use crate::job::context::{Context, Gathered};
use crate::job::key::Key;
use crate::job::settings::{self, Settings};
use crate::job::settings_file::SettingsFile;
use crate::job::unknown;
use crate::module::pin::Pin;
use crate::module::render::Module;
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::net::secret::Redactor;
use crate::report::{Report, Sink};
use crate::slack::destination::Destinations;
use crate::slack::{people, webhook_url};
use crate::variables::Variables;

/// One call: its input, its time limit, and its destinations.
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
    pub(crate) fn begin(job: JobArgs, variables: Variables) -> Self {
        Self::begin_watched(job, variables, |_, _| {})
    }

    /// Begins a call. `watch` gets its deadline before anything that can hang.
    pub(crate) fn begin_watched(
        job: JobArgs,
        variables: Variables,
        watch: impl FnOnce(Deadline, &Arc<Report>),
    ) -> Self {
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
                "{} is ignored, because the job's script has the value of the component's input {name}; set the input instead",
                settings::variable(name)
            ));
        }
        let ignored = settings.refused().chain(unknown::unknown(&variables)).chain(unusable_token(&variables));
        for warning in ignored {
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

    /// Returns the context of an event.
    pub(crate) fn context(&self, args: EventArgs, findings: &Findings, warnings: &dyn Sink) -> Context {
        self.context_of(args, &self.variables, findings, warnings)
    }

    /// Returns the same for other variables than the job's own.
    pub(crate) fn context_of(
        &self,
        EventArgs { event, result }: EventArgs,
        variables: &Variables,
        findings: &Findings,
        warnings: &dyn Sink,
    ) -> Context {
        let gathered = Gathered {
            event,
            result,
            variables,
            settings: &self.settings,
            pass: &self.pass,
            jobs: findings.jobs.as_ref(),
            history: &findings.history,
            why: &findings.why,
            digest: findings.digest.as_ref(),
            shows_logs: self.to.bot().is_none(),
            people: &findings.people,
            updates: self.to.bot().is_some(),
            text_only: self.to.is_text_only(),
            file: self.file.for_module(),
        };
        gathered.context(warnings)
    }

    /// Returns the Slack users of people, by the setting `user_map`.
    pub(crate) fn people(&self) -> Map<String, Value> {
        people::of_map(&self.settings, &*self.report)
    }

    /// Returns the variables that name the mentions of a message.
    pub(crate) fn mention_settings(&self) -> &'static str {
        match self.settings.get(Key::OWNERS) {
            Some(_) => "NOTIFIER_MENTION and NOTIFIER_OWNERS",
            None => "NOTIFIER_MENTION",
        }
    }

    /// Returns whether a setting or the settings file has a mention.
    pub(crate) fn mentions_somebody(&self) -> bool {
        [Key::MENTION, Key::OPS_MENTION].into_iter().any(|key| self.settings.get(key).is_some())
            || self.file.mentions_somebody()
    }
}
