//! The way of a request: proxies and their exceptions, and waits that the server asks for.

use std::time::Duration;

use crate::support::harness::{Notifier, WEBHOOK_PATH};
use crate::support::loopback::{Reply, Server};

const JOB: &str = "gitlab-18-deploy-on-main";

/// Case R10: GitLab by its address, with a network in `NO_PROXY`.
#[test]
fn an_excepted_network_is_reached_without_the_proxy() {
    for (gitlab, excepted, by_proxy) in [
        ("https://192.0.2.7", "192.0.2.0/24", false),
        ("https://192.0.2.7:8080", "10.0.0.0/8,192.0.2.7/32", false),
        ("https://[2001:db8::7]", "2001:db8::/32", false),
        ("https://192.0.2.7", "198.51.100.0/24", true),
        ("https://[2001:db8::7]", "192.0.2.0/24", true),
    ] {
        let (proxy, slack) = (Server::start([Reply::status(502, "")]), Server::start([Reply::ok()]));
        let sent = Notifier::new(&["send", "pipeline-finished", "--result", "failed"])
            .job(JOB)
            .without("NOTIFIER_GITLAB_TOKEN")
            .with("CI_SERVER_URL", gitlab)
            .with("CI_API_V4_URL", format!("{gitlab}/api/v4"))
            .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
            .with("https_proxy", proxy.url(""))
            .with("NO_PROXY", excepted)
            .with("NOTIFIER_TIMEOUT", "1")
            .run();
        assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
        assert_eq!(!proxy.requests().is_empty(), by_proxy, "{gitlab} {excepted}: {}", sent.stderr);
    }
}

/// Case R20: a wait of more than 5 s, if the call has that time.
#[test]
fn a_wait_that_the_time_allows_is_kept() {
    for (header, timeout, is_sent) in
        [("Retry-After: 6\r\n", "30", true), ("Retry-After: 6\r\n", "3", false), ("Retry-After: 40\r\n", "30", false)]
    {
        let slack = Server::start([Reply::Answer(429, header, "rate_limited".into()), Reply::ok()]);
        let sent = Notifier::new(&["send", "deploy-finished"])
            .job(JOB)
            .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
            .with("NOTIFIER_TIMEOUT", timeout)
            .run();
        let last = if is_sent { "notify: sent" } else { "notify: failed reason=rate_limited" };
        assert_eq!(sent.last_line(), last, "{header}: {}", sent.stderr);
        assert_eq!(sent.took >= Duration::from_secs(6), is_sent, "{:?}", sent.took);
    }
}
