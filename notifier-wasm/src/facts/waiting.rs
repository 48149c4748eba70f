//! The jobs that a pipeline waits for (<https://docs.gitlab.com/ci/jobs/job_control/>, <https://docs.gitlab.com/ci/resource_groups/>,
//! <https://docs.gitlab.com/ci/environments/deployment_approvals/>).

use crate::contract::context::Context;
use crate::contract::jobs::Job;
use crate::contract::wait::Wait;
use crate::facts::failures;

/// Returns the waiting jobs, those that need somebody first. A manual job counts if it blocks the pipeline, or if `deploy_jobs` names it.
pub(crate) fn waits(context: &Context) -> Vec<(Wait, &Job)> {
    let optional = context.jobs.optional.iter().filter(|job| failures::carries_hooks(context, &job.name));
    let jobs: Vec<(Wait, &Job)> =
        context.jobs.other.iter().chain(optional).filter_map(|job| Some((wait(job)?, job))).collect();
    let of = |waits: [Wait; 2]| jobs.iter().filter(move |(wait, _)| waits.contains(wait)).copied();
    let order = [[Wait::Manual, Wait::Approval], [Wait::Turn, Wait::Turn], [Wait::Delay, Wait::Delay]];
    order.into_iter().flat_map(of).collect()
}

/// Returns the cause of a job's wait. Nobody waits for a job that stops an environment.
fn wait(job: &Job) -> Option<Wait> {
    match job.status.as_str() {
        _ if job.stops() => None,
        "manual" if job.needs_approval && job.environment.is_some() => Some(Wait::Approval),
        "manual" => Some(Wait::Manual),
        "waiting_for_resource" => Some(Wait::Turn),
        "scheduled" => Some(Wait::Delay),
        _ => None,
    }
}

/// Returns the name by which people know a waiting job: the environment, if that needs approval.
pub(crate) fn name<'a>((wait, job): &(Wait, &'a Job)) -> &'a str {
    job.environment.as_deref().filter(|_| *wait == Wait::Approval).unwrap_or(&job.name)
}
