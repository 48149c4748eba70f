//! The links of a message. The link that the reader needs next comes first.

use crate::contract::action::Action;
use crate::contract::context::Event;
use crate::contract::jobs::Job;
use crate::contract::setting::Setting;
use crate::contract::state::State;
use crate::contract::wait::Wait;
use crate::contract::warning::{Code, Warning};
use crate::facts::Facts;
use crate::facts::failures;
use crate::facts::settings_file::NAME;
use crate::facts::waiting;
use crate::language::reasons;
use crate::message::changes;
use crate::message::runtime_logs;
use crate::text;
use crate::text::url::{SafeUrl, unexpanded};

/// The number of failed jobs that GitLab's own integration lists.
const MAX_JOBS: usize = 10;

/// The most characters of all links of a message, labels and addresses together. Slack is known to take a block
/// up to this size.
const MAX_TOTAL: usize = 3000;

/// The longest name of a job, or label of a link in the settings file, in characters.
const MAX_LABEL: usize = 75;

/// The most characters of the failed jobs' links, out of [`MAX_TOTAL`].
const MAX_JOBS_TOTAL: usize = 1500;

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) label: String,
    pub(crate) url: SafeUrl,
}

impl Link {
    fn size(&self) -> usize {
        self.label.chars().count() + self.url.as_str().len()
    }
}

/// Returns the links for `facts.state`, without those whose address is unknown.
#[inline(never)]
pub(crate) fn links(facts: &Facts, warnings: &mut Vec<Warning>) -> Vec<Link> {
    let labels = facts.language.labels();
    let is_closing = facts.context.event == Event::PipelineFinished;
    let found: Vec<Option<Link>> = match (facts.state, facts.action) {
        (State::PipelineFailed | State::PipelineStillFailing, _) => {
            failed_jobs(facts).into_iter().map(Some).chain([pipeline(facts)]).collect()
        }
        (State::DeployFailed, _) if is_closing => {
            // The closing job knows only some of the deployment's variables.
            let logs = logs(facts, &mut Vec::new());
            failed_jobs(facts).into_iter().map(Some).chain([logs, pipeline(facts)]).collect()
        }
        (State::PipelineFixed, _) if facts.context.operators.is_some() => vec![pipeline(facts)],
        (State::PipelineSucceeded | State::PipelineFixed, _) => vec![pipeline(facts), changed(facts)],
        (State::PipelineWaiting, _) => waiting_jobs(facts).into_iter().map(Some).chain([pipeline(facts)]).collect(),
        (State::PipelineStarted | State::PipelineCanceled | State::PipelineFinished | State::Digest, _) => {
            vec![pipeline(facts)]
        }
        (State::DeployStarted | State::DeployFinished, Action::Deploy) => vec![logs(facts, warnings), pipeline(facts)],
        (State::DeploySucceeded, Action::Deploy) => {
            vec![site(facts, warnings), changed(facts), logs(facts, warnings), pipeline(facts)]
        }
        (State::DeployAgain | State::DeployRolledBack, Action::Deploy) => {
            vec![site(facts, warnings), logs(facts, warnings), pipeline(facts)]
        }
        (State::DeployFailed, Action::Deploy) => {
            vec![this_job(facts, labels.failed_job), logs(facts, warnings), pipeline(facts)]
        }
        (State::DeployFailed, _) => vec![this_job(facts, labels.failed_job), pipeline(facts)],
        (State::DeployCanceled, _) | (_, Action::Other) => vec![this_job(facts, labels.job), pipeline(facts)],
        (State::DeployStopped, _) | (_, Action::Stop) => vec![pipeline(facts)],
    };
    let mut links: Vec<Link> = found.into_iter().flatten().collect();
    if let Some(second) = facts.context.operators.as_ref().or(facts.context.direct.as_ref()) {
        let url = second.first_message.as_deref().and_then(SafeUrl::parse);
        links.splice(0..0, url.map(|url| Link { label: labels.message.to_owned(), url }));
    }
    // If the pipeline's link is the last, it stays the last.
    let last = pipeline(facts).and_then(|pipeline| links.pop_if(|last| last.url == pipeline.url));
    links.extend(extra(facts, warnings));
    links.extend(last);
    let mut total = 0;
    links.retain(|link| {
        let fits = total + link.size() <= MAX_TOTAL;
        if fits {
            total += link.size();
        } else {
            warnings.push(Warning::new(
                Code::TooLong,
                format!("the link `{}` is too long for a Slack message, so it is left out", link.label),
            ));
        }
        fits
    });
    links
}

/// Returns the links that the settings file adds. They come after our own, and show their host, so that none is taken for one of ours.
#[inline(never)]
fn extra(facts: &Facts, warnings: &mut Vec<Warning>) -> Vec<Link> {
    let mut links = Vec::new();
    for extra in facts.file.links() {
        let link =
            facts.line(extra.label).and_then(|label| Ok((text::cut(&label, MAX_LABEL), facts.address(extra.url)?)));
        match link {
            Ok((label, _)) if label.is_empty() => {}
            Ok((label, url)) => {
                links.push(Link { label: format!("{label} ({})", text::cut_start(url.host(), MAX_LABEL)), url });
            }
            Err(fault) => {
                let label = text::shown(extra.label, 40);
                warnings.push(Warning::of(
                    Code::BadTemplate,
                    NAME,
                    format_args!("the link `{label}`: {fault}; it is left out"),
                ));
            }
        }
    }
    links
}

pub(crate) fn pipeline(facts: &Facts) -> Option<Link> {
    let label = facts.language.labels().pipeline;
    let id = facts.context.ci("CI_PIPELINE_ID").filter(|id| id.chars().all(|c| c.is_ascii_digit()));
    Some(Link {
        label: id.map_or_else(|| label.to_owned(), |id| format!("{label} #{id}")),
        url: facts.url("CI_PIPELINE_URL")?,
    })
}

#[inline(never)]
fn changed(facts: &Facts) -> Option<Link> {
    changes::link(facts).map(|(label, url)| Link { label: label.to_owned(), url })
}

/// Links each job that the pipeline waits for. The label has the cause of the wait, unless the headline does.
fn waiting_jobs(facts: &Facts) -> Vec<Link> {
    let waits = waiting::waits(facts.context);
    let headline = waits.first().map(|(wait, _)| *wait);
    let link = |waiting: &(Wait, &Job)| {
        let (wait, job) = waiting;
        let label = if Some(*wait) == headline {
            text::shown(&job.name, MAX_LABEL)
        } else {
            facts.language.waiting(*wait, &text::shown(waiting::name(waiting), MAX_LABEL))
        };
        Some(Link { label, url: facts.context.gitlab_url(&job.web_url)? })
    };
    waits.iter().take(MAX_JOBS).filter_map(link).collect()
}

fn logs(facts: &Facts, warnings: &mut Vec<Warning>) -> Option<Link> {
    Some(Link { label: facts.language.labels().runtime_logs.to_owned(), url: runtime_logs::link(facts, warnings)? })
}

/// Links the deployed site: from the setting, else from the deploy job's file, else from the environment. GitLab
/// applies a dynamic `environment:url` only after the job (gitlab-org/gitlab#247641), so that comes last.
#[inline(never)]
fn site(facts: &Facts, warnings: &mut Vec<Warning>) -> Option<Link> {
    let configured = facts.context.setting(Setting::APP_URL).map(|template| facts.address(template));
    let url = match configured {
        Some(Ok(url)) => Some(url),
        other => {
            if let Some(Err(fault)) = other {
                warnings.push(Warning::of(
                    Code::BadTemplate,
                    "NOTIFIER_APP_URL",
                    format_args!("{fault}; the address of the deploy job's environment is used instead"),
                ));
            }
            let written = facts.context.history.environment_url.as_deref().map(|url| ("environment_url.txt", url));
            let of_gitlab = facts.context.ci("CI_ENVIRONMENT_URL").map(|url| ("CI_ENVIRONMENT_URL", url));
            written.into_iter().chain(of_gitlab).find_map(|(source, address)| {
                if let Some(variable) = unexpanded(address) {
                    let variable = text::shown(variable, 80);
                    warnings.push(Warning::of(
                        Code::BadAddress,
                        source,
                        format_args!("GitLab did not expand {variable}; the message has no link to the site"),
                    ));
                }
                let url = SafeUrl::parse(address);
                if url.is_none() && unexpanded(address).is_none() {
                    // The text before an @ may be a password.
                    let shown = text::shown(address.rsplit('@').next().unwrap_or_default(), 80);
                    warnings.push(Warning::of(
                        Code::BadAddress,
                        source,
                        format_args!(
                            "`{shown}` is not an http or https address with an ASCII host; the message has no link to the site"
                        ),
                    ));
                }
                url
            })
        }
    };
    Some(Link { label: facts.language.labels().open_site.to_owned(), url: url? })
}

fn this_job(facts: &Facts, label: &str) -> Option<Link> {
    let name = facts.context.ci("CI_JOB_NAME").map(|name| text::shown(name, MAX_LABEL));
    Some(Link {
        label: name.map_or_else(|| label.to_owned(), |name| format!("{label}: {name}")),
        url: facts.url("CI_JOB_URL")?,
    })
}

/// Links each failed job by name and reason, or the page where GitLab lists them all. The label names the stage if the headline does
/// not.
fn failed_jobs(facts: &Facts) -> Vec<Link> {
    let labels = facts.language.labels();
    let all = facts.url("CI_PIPELINE_URL").and_then(|pipeline| pipeline.join("failures"));
    let jobs = facts.unreported.as_deref().unwrap_or_default();
    let headline = failures::common_stage(&facts.headline_failures());
    let mut links: Vec<Link> = Vec::new();
    let mut total = 0;
    for job in jobs.iter().take(MAX_JOBS) {
        let mut addresses = job.downstream_url.as_deref().into_iter().chain([job.web_url.as_str()]);
        let of_job = addresses.find_map(|address| facts.context.gitlab_url(address));
        let Some(url) = of_job.or_else(|| all.clone()) else {
            break;
        };
        let name = text::shown(&job.name, MAX_LABEL);
        let stage = text::shown(&job.stage, 40);
        let exit_code = facts.context.why.logs.iter().find(|log| log.job_id == job.id && job.id.is_some());
        let exit_code = exit_code.and_then(|log| log.exit_code).filter(|_| job.failure_reason == "script_failure");
        let exit_code = exit_code.map_or_else(String::new, |code| facts.language.exit_code(code));
        let reason = reasons::describe(job, facts.language) + &exit_code;
        let is_named = headline == Some(job.stage.as_str()) || facts.state == State::DeployFailed && stage == "deploy";
        let named = if is_named || stage.is_empty() || stage == name { name } else { format!("{name} ({stage})") };
        let label = match (jobs.len(), reason.as_str()) {
            (1, "") => format!("{}: {named}", labels.failed_job),
            (_, "") if links.is_empty() => format!("{}: {named}", labels.failed_jobs),
            (_, "") => named,
            (_, reason) => format!("{named}: {reason}"),
        };
        let label = match failures::failed_before(facts.context, job) {
            Some(true) => facts.context.history.previous_pipeline_id.map(|id| facts.language.failed_before(Some(id))),
            Some(false) => Some(facts.language.failed_before(None)),
            None => None,
        }
        .map_or_else(|| label.clone(), |before| format!("{label} · {before}"));
        let link = Link { label, url };
        total += link.size();
        if total > MAX_JOBS_TOTAL {
            break;
        }
        links.push(link);
    }
    let more = jobs.len() - links.len();
    let is_counted = !facts.context.jobs.more_failed;
    links.extend(all.filter(|_| more > 0 || !is_counted || links.is_empty()).map(|url| Link {
        label: if links.is_empty() {
            labels.failed_job.to_owned()
        } else {
            facts.language.and_more(is_counted.then_some(more))
        },
        url,
    }));
    links
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::contract::context::context;
    use crate::contract::warning::texts;

    fn labels_and_urls(json: Value) -> (Vec<String>, Vec<String>) {
        let context = context(json);
        let mut warnings = Vec::new();
        let links = links(&Facts::of(&context, &mut vec![]), &mut warnings);
        (links.iter().map(|link| format!("{} -> {}", link.label, link.url.as_str())).collect(), texts(warnings))
    }

    fn build_failed(jobs: Value) -> Vec<String> {
        labels_and_urls(json!({"event": "pipeline-finished", "result": "failed", "failed_jobs": jobs, "ci": {"CI_SERVER_URL": "https://g.example", "CI_PIPELINE_ID": "9", "CI_PIPELINE_URL": "https://g.example/p/-/pipelines/9"}})).0
    }

    fn job(name: &str) -> Value {
        json!({"name": name, "stage": "build", "failure_reason": "script_failure", "web_url": format!("https://g.example/p/-/jobs/{name}")})
    }

    #[test]
    fn each_failed_job_is_linked_by_name_and_reason() {
        assert_eq!(
            build_failed(json!([job("compile"), job("lint")])),
            [
                "compile: script failed -> https://g.example/p/-/jobs/compile",
                "lint: script failed -> https://g.example/p/-/jobs/lint",
                "Pipeline #9 -> https://g.example/p/-/pipelines/9",
            ]
        );
    }

    #[test]
    fn jobs_that_are_not_known_are_on_the_failures_page() {
        for unknown in [json!(null), json!([])] {
            assert_eq!(build_failed(unknown)[0], "Failed job -> https://g.example/p/-/pipelines/9/failures");
        }
        assert_eq!(
            build_failed(json!([job("compile")]))[0],
            "compile: script failed -> https://g.example/p/-/jobs/compile"
        );
        let odd = json!([{"name": "x", "web_url": "javascript:alert(1)"}]);
        assert_eq!(build_failed(odd)[0], "Failed job: x -> https://g.example/p/-/pipelines/9/failures");
    }

    #[test]
    fn at_most_ten_jobs_are_named_and_none_is_forgotten() {
        let jobs: Vec<Value> = (0..13).map(|n| job(&format!("job-{n}"))).collect();
        let links = build_failed(json!(jobs));
        assert_eq!(links.len(), 12);
        assert_eq!(links[10], "and 3 more -> https://g.example/p/-/pipelines/9/failures");
        let long: Vec<Value> = (0..10).map(|_| job(&"x".repeat(255))).collect();
        assert!(build_failed(json!(long)).iter().any(|link| link.starts_with("and ")));
    }

    #[test]
    fn the_site_is_the_setting_then_what_the_job_wrote_then_the_environment() {
        let site = |settings: Value, history: Value| {
            let ci = json!({"CI_JOB_STATUS": "success", "CI_ENVIRONMENT_URL": "https://environment.example"});
            let (links, warnings) = labels_and_urls(
                json!({"event": "deploy-finished", "ci": ci, "settings": settings, "history": history}),
            );
            (links.into_iter().next().unwrap_or_default(), warnings.len())
        };
        let written = json!({"environment_url": "https://written.example\n"});
        assert_eq!(
            site(json!({"app_url": "https://set.example"}), written.clone()),
            ("Open site -> https://set.example".into(), 0)
        );
        assert_eq!(
            site(json!({"app_url": "%{NOPE}"}), written.clone()),
            ("Open site -> https://written.example".into(), 1)
        );
        assert_eq!(site(json!({}), written), ("Open site -> https://written.example".into(), 0));
        assert_eq!(site(json!({}), json!({})), ("Open site -> https://environment.example".into(), 0));
        let unexpanded = json!({"environment_url": "https://$REGION.shop.example"});
        assert_eq!(site(json!({}), unexpanded), ("Open site -> https://environment.example".into(), 1));
    }

    #[test]
    fn a_link_too_long_for_slack_becomes_a_warning() {
        let ci = json!({"CI_SERVER_URL": "https://g.example", "CI_PIPELINE_URL": "https://g.example/p", "KUBE_NAMESPACE": "x".repeat(2400)});
        let settings = json!({"logs_url": "https://logs.example/%{KUBE_NAMESPACE}"});
        let (links, warnings) = labels_and_urls(json!({"event": "deploy-started", "ci": ci, "settings": settings}));
        assert_eq!((links.len(), warnings.len()), (2, 0));
        let ci = json!({"CI_SERVER_URL": "https://g.example", "CI_PIPELINE_URL": format!("https://g.example/{}", "p".repeat(900)), "KUBE_NAMESPACE": "x".repeat(2400)});
        let (links, warnings) = labels_and_urls(json!({"event": "deploy-started", "ci": ci, "settings": settings}));
        assert_eq!((links.len(), warnings.len()), (1, 1));
    }
}
