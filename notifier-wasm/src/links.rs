//! The links of a message, the one that the reader needs next first.

use crate::changes;
use crate::facts::Facts;
use crate::language::Labels;
use crate::runtime_logs;
use crate::settings_file::NAME;
use crate::state::State;
use crate::text;
use crate::url::SafeUrl;

/// As many failed jobs as GitLab's own integration lists.
const MAX_JOBS: usize = 10;

/// The most that all links of a message may hold, labels and addresses together, in characters: the size up to
/// which Slack is known to take a block.
const MAX_TOTAL: usize = 3000;

/// The longest name of a job, or label of somebody else's link, in characters.
const MAX_LABEL: usize = 75;

/// What the failed jobs may take of it.
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

/// The links that `facts.state` calls for, without those whose address is not known.
pub(crate) fn links(facts: &Facts, warnings: &mut Vec<String>) -> Vec<Link> {
    let labels = facts.language.labels();
    let mut links: Vec<Link> = match facts.state {
        State::PipelineStarted => [pipeline(facts), commit(facts)].into_iter().flatten().collect(),
        State::PipelineFailed => failed_jobs(facts).into_iter().chain(pipeline(facts)).collect(),
        State::DeployStarted | State::DeployFinished => {
            [logs(facts, warnings), pipeline(facts)].into_iter().flatten().collect()
        }
        State::DeploySucceeded => [site(facts, warnings), changed(facts), logs(facts, warnings), pipeline(facts)]
            .into_iter()
            .flatten()
            .collect(),
        State::DeployFailed => {
            [this_job(facts, labels.failed_job), logs(facts, warnings), pipeline(facts)].into_iter().flatten().collect()
        }
        State::DeployCanceled => [this_job(facts, labels.job), pipeline(facts)].into_iter().flatten().collect(),
        State::PipelineSucceeded | State::PipelineFixed | State::PipelineFinished => {
            [pipeline(facts), changed(facts)].into_iter().flatten().collect()
        }
    };
    if let Some(operators) = &facts.context.operators {
        let url = operators.first_message.as_deref().and_then(SafeUrl::parse);
        links.splice(0..0, url.map(|url| Link { label: labels.message.to_owned(), url }));
    }
    links.extend(extra(facts, warnings));
    let mut total = 0;
    links.retain(|link| {
        let fits = total + link.size() <= MAX_TOTAL;
        if fits {
            total += link.size();
        } else {
            warnings.push(format!("the link `{}` is too long for a Slack message and left out", link.label));
        }
        fits
    });
    links
}

/// What the settings file adds, behind our own.
fn extra(facts: &Facts, warnings: &mut Vec<String>) -> Vec<Link> {
    let mut links = Vec::new();
    for extra in facts.file.links() {
        let link = facts
            .line(extra.label)
            .and_then(|label| Ok(Link { label: text::cut(&label, MAX_LABEL), url: facts.address(extra.url)? }));
        match link {
            Ok(link) if link.label.is_empty() => {}
            Ok(link) => links.push(link),
            Err(fault) => {
                let label = text::shown(extra.label, 40);
                warnings.push(format!("{NAME}: the link `{label}`: {fault}; it is left out"));
            }
        }
    }
    links
}

fn pipeline(facts: &Facts) -> Option<Link> {
    let label = facts.language.labels().pipeline;
    let id = facts.context.ci("CI_PIPELINE_ID").filter(|id| id.chars().all(|c| c.is_ascii_digit()));
    Some(Link {
        label: id.map_or_else(|| label.to_owned(), |id| format!("{label} #{id}")),
        url: facts.url("CI_PIPELINE_URL")?,
    })
}

fn commit(facts: &Facts) -> Option<Link> {
    Some(Link { label: facts.language.labels().commit.to_owned(), url: changes::commit(facts)? })
}

fn changed(facts: &Facts) -> Option<Link> {
    Some(Link { label: facts.language.labels().changes.to_owned(), url: changes::link(facts)? })
}

fn logs(facts: &Facts, warnings: &mut Vec<String>) -> Option<Link> {
    Some(Link { label: facts.language.labels().runtime_logs.to_owned(), url: runtime_logs::link(facts, warnings)? })
}

/// The deployed site: the setting, else what the deploy job wrote, else the environment's address. GitLab applies
/// a dynamic `environment:url` only after the job (gitlab-org/gitlab#247641), so that comes last.
fn site(facts: &Facts, warnings: &mut Vec<String>) -> Option<Link> {
    let configured = facts.context.setting("app_url").map(|template| facts.address(template));
    let url = match configured {
        Some(Ok(url)) => Some(url),
        other => {
            if let Some(Err(fault)) = other {
                warnings
                    .push(format!("NOTIFIER_APP_URL: {fault}; taking the address from the deploy job's environment"));
            }
            facts
                .context
                .history
                .environment_url
                .as_deref()
                .and_then(SafeUrl::parse)
                .or_else(|| facts.url("CI_ENVIRONMENT_URL"))
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

/// Each failed job by name and stage, or the page on which GitLab lists them all.
fn failed_jobs(facts: &Facts) -> Vec<Link> {
    let Labels { failed_job, .. } = *facts.language.labels();
    let all = facts.url("CI_PIPELINE_URL").and_then(|pipeline| pipeline.join("failures"));
    let jobs = facts.untold.as_deref().unwrap_or_default();
    let mut links: Vec<Link> = Vec::new();
    let mut total = 0;
    for job in jobs.iter().take(MAX_JOBS) {
        let Some(url) = SafeUrl::parse(&job.web_url).or_else(|| all.clone()) else {
            break;
        };
        let mut label = text::shown(&job.name, MAX_LABEL);
        let stage = text::shown(&job.stage, 40);
        if !stage.is_empty() {
            label = format!("{label} ({stage})");
        }
        if links.is_empty() {
            label = format!("{failed_job}: {label}");
        }
        let link = Link { label, url };
        total += link.size();
        if total > MAX_JOBS_TOTAL {
            break;
        }
        links.push(link);
    }
    let more = jobs.len() - links.len();
    links.extend(all.filter(|_| more > 0 || links.is_empty()).map(|url| Link {
        label: if links.is_empty() { failed_job.to_owned() } else { facts.language.and_more(more) },
        url,
    }));
    links
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::context::context;

    fn labels_and_urls(json: Value) -> (Vec<String>, Vec<String>) {
        let context = context(json);
        let mut warnings = Vec::new();
        let links = links(&Facts::of(&context, &mut vec![]), &mut warnings);
        (links.iter().map(|link| format!("{} -> {}", link.label, link.url.as_str())).collect(), warnings)
    }

    fn build_failed(jobs: Value) -> Vec<String> {
        labels_and_urls(json!({"event": "pipeline-finished", "result": "failed", "failed_jobs": jobs, "ci": {"CI_PIPELINE_ID": "9", "CI_PIPELINE_URL": "https://g.example/p/-/pipelines/9"}})).0
    }

    fn job(name: &str) -> Value {
        json!({"name": name, "stage": "build", "web_url": format!("https://g.example/p/-/jobs/{name}")})
    }

    #[test]
    fn each_failed_job_is_linked_by_name_and_stage() {
        assert_eq!(
            build_failed(json!([job("compile"), job("lint")])),
            [
                "Failed job: compile (build) -> https://g.example/p/-/jobs/compile",
                "lint (build) -> https://g.example/p/-/jobs/lint",
                "Pipeline #9 -> https://g.example/p/-/pipelines/9",
            ]
        );
    }

    #[test]
    fn jobs_that_are_not_known_are_on_the_failures_page() {
        for unknown in [json!(null), json!([])] {
            assert_eq!(build_failed(unknown)[0], "Failed job -> https://g.example/p/-/pipelines/9/failures");
        }
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
    }

    #[test]
    fn a_link_too_long_for_slack_is_left_out_and_told() {
        let ci = json!({"CI_PIPELINE_URL": "https://g.example/p", "KUBE_NAMESPACE": "x".repeat(2400)});
        let settings = json!({"logs_url": "https://logs.example/%{KUBE_NAMESPACE}"});
        let (links, warnings) = labels_and_urls(json!({"event": "deploy-started", "ci": ci, "settings": settings}));
        assert_eq!((links.len(), warnings.len()), (2, 0));
        let ci = json!({"CI_PIPELINE_URL": format!("https://g.example/{}", "p".repeat(900)), "KUBE_NAMESPACE": "x".repeat(2400)});
        let (links, warnings) = labels_and_urls(json!({"event": "deploy-started", "ci": ci, "settings": settings}));
        assert_eq!((links.len(), warnings.len()), (1, 1));
    }
}
