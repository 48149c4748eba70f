//! The mentions of a message.

use crate::contract::context::Event;
use crate::contract::jobs::Job;
use crate::contract::setting::Setting;
use crate::contract::state::State;
use crate::contract::warning::{Code, Warning};
use crate::facts::owners::{self, Owner};
use crate::facts::settings_file::{NAME, every};
use crate::facts::{Facts, direct, failures, waiting};
use crate::text;

/// A person or a group that a message mentions, by Slack ID.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mention {
    Group(String),
    User(String),
    /// `here` or `channel`.
    All(&'static str),
}

impl Mention {
    /// The ID, or the range.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Group(id) | Self::User(id) => id,
            Self::All(range) => range,
        }
    }
}

/// The mentions of a message.
#[derive(Debug, Default)]
pub(crate) struct Mentions {
    pub(crate) shown: Vec<Mention>,
    /// The number of groups and people beyond the limit.
    pub(crate) more: usize,
}

/// The most groups and people that a message mentions.
const MAX_MENTIONS: usize = 5;

/// Returns the mentions from `NOTIFIER_MENTION`, or for the operators `NOTIFIER_OPS_MENTION`, else from the settings file, and the owners
/// of the failed jobs. Only a new failure and a recovery mention anybody, so that a muted channel stays useful. An invalid entry causes
/// a warning at every event.
#[inline(never)]
pub(crate) fn mentions(facts: &Facts, warnings: &mut Vec<Warning>) -> Mentions {
    if facts.context.direct.is_some() {
        return Mentions::default();
    }
    let is_recovery = facts.state.is_recovery();
    let failure = facts.context.history.failure().filter(|_| is_recovery && facts.context.operators.is_none());
    let mut found = match failure.filter(|failure| !failure.mentions.is_empty()) {
        // A bot remembers the mentions of the failure.
        Some(failure) => {
            let whom = failure.mentions.iter().filter_map(|it| Whom::of(it));
            whom.filter_map(|whom| whom.mention(facts)).collect()
        }
        None => by_settings(facts, warnings),
    };
    if is_recovery {
        found.retain(|mention| !matches!(mention, Mention::All(_)));
    }
    let mut count = 0;
    found.retain(|mention| {
        count += usize::from(!matches!(mention, Mention::All(_)));
        count <= MAX_MENTIONS
    });
    Mentions { shown: found, more: count.saturating_sub(MAX_MENTIONS) }
}

/// Returns the mentions of the settings for this message.
fn by_settings(facts: &Facts, warnings: &mut Vec<Warning>) -> Vec<Mention> {
    let is_waiting = facts.state == State::PipelineWaiting;
    let (setting, variable) = match facts.context.operators {
        _ if is_waiting => (Setting::WAITING_MENTION, "NOTIFIER_WAITING_MENTION"),
        None => (Setting::MENTION, "NOTIFIER_MENTION"),
        Some(_) => (Setting::OPS_MENTION, "NOTIFIER_OPS_MENTION"),
    };
    let is_waited_for = is_waiting && !waiting::waits(facts.context).is_empty();
    let is_time = is_waited_for || (facts.state.is_failure() || facts.state.is_recovery()) && !facts.has_nothing_new();
    let mut found = Vec::new();
    let given = facts.context.setting(setting).map(|list| (list, variable, String::new()));
    let in_file = || Some((facts.file.get(setting.name())?, NAME, format!("{}: ", setting.name())));
    if let Some((list, source, key)) = given.or_else(in_file) {
        let list = list.replace(": ", ":");
        add(facts, entries(&list), (source, &key), is_time, &mut found, warnings);
    }
    if facts.context.operators.is_none() && !is_waiting {
        for owner in owners::owners(facts, warnings) {
            let source = ("NOTIFIER_OWNERS", "");
            add(facts, owner.mentions(), source, is_time && owner.is_concerned, &mut found, warnings);
        }
    }
    found
}

/// Adds the mentions of a list if `is_time`. `source` is its variable or file, and the key in that file.
fn add(
    facts: &Facts,
    list: Vec<&str>,
    (source, key): (&'static str, &str),
    is_time: bool,
    found: &mut Vec<Mention>,
    warnings: &mut Vec<Warning>,
) {
    let mut unknown = None;
    for entry in list {
        let whom = Whom::of(&entry.replace(": ", ":"));
        if whom.is_none() {
            let entry = text::shown(entry, 40);
            let text = format_args!(
                "{key}`{entry}` mentions nobody; write subteam:S…, user:U…, here, channel, author or user"
            );
            warnings.push(Warning::of(Code::UnknownValue, source, text));
        }
        let is_person = matches!(whom, Some(Whom::Author | Whom::Runner));
        let mention = whom.and_then(|whom| whom.mention(facts));
        if is_person && mention.is_none() {
            unknown = Some(entry);
        }
        if let Some(mention) = mention.filter(|mention| is_time && !found.contains(mention)) {
            found.push(mention);
        }
    }
    if let (true, true, Some(entry)) = (is_time, has_person(facts), unknown) {
        let text = format_args!(
            "{key}`{entry}` mentions nobody, because Slack's ID of that person is unknown; set NOTIFIER_USER_MAP, or use a bot with users:read.email"
        );
        warnings.push(Warning::of(Code::UnknownPerson, source, text));
    }
}

/// Returns the e-mail addresses of people without a known Slack ID whom a failure or a recovery might mention, here or for the
/// operators. These are the commit's author and the person who ran the pipeline, who replaces an author that Slack does not know.
#[inline(never)]
pub(crate) fn unknown(facts: &Facts) -> Vec<String> {
    let is_closing = facts.context.event == Event::PipelineFinished;
    let failed: Vec<&Job> = facts.context.jobs.failed.iter().flatten().collect();
    let is_old = is_closing
        && failures::are_all_old(facts.context, &failed)
        && !failed.iter().any(|job| failures::reports_itself(facts.context, job));
    let is_waiting = facts.state == State::PipelineWaiting;
    let may_mention = (facts.state.is_failure() || is_closing || is_waiting) && !is_old;
    // Take all mentions of the settings file, because the state may still change.
    let of = |setting: Setting| {
        facts.context.setting(setting).map_or_else(|| every(facts.context, setting.name()), |list| vec![list])
    };
    let settings =
        if is_waiting { vec![Setting::WAITING_MENTION] } else { vec![Setting::MENTION, Setting::OPS_MENTION] };
    let lists = settings.into_iter().flat_map(of);
    let lists: Vec<String> = lists.map(|list| list.replace(": ", ":")).collect();
    let owners = owners::owners(facts, &mut Vec::new());
    let of_owners = owners.iter().filter(|owner| owner.is_concerned).flat_map(Owner::mentions);
    let named = lists.iter().flat_map(|list| entries(list)).chain(of_owners);
    let named: Vec<Whom> = named.filter_map(Whom::of).collect();
    let is_direct = direct::is_sent(facts);
    let (of_author, of_runner) = (named.contains(&Whom::Author), named.contains(&Whom::Runner) || is_direct);
    if !may_mention || !(of_author || of_runner) {
        return Vec::new();
    }
    let author = author_email(facts).filter(|email| of_author && known_author(facts, email).is_none());
    let is_wanted = of_runner || author.is_some() || author_email(facts).is_none();
    let user =
        facts.context.ci("GITLAB_USER_EMAIL").filter(|email| is_wanted && !is_bot(email) && runner(facts).is_none());
    let mut emails: Vec<String> =
        author.into_iter().chain(user).filter(|it| it.contains('@')).map(str::to_owned).collect();
    emails.dedup();
    emails
}

/// Returns the entries of a list, however people separate them. Text between `<` and `>` is one entry.
fn entries(list: &str) -> Vec<&str> {
    let mut is_inside = false;
    let ends = |c: char| {
        is_inside = c == '<' || is_inside && c != '>';
        !is_inside && (matches!(c, ',' | ';') || c.is_whitespace())
    };
    list.split(ends).map(visible).filter(|entry| !entry.is_empty()).collect()
}

/// Removes quotes and invisible characters from the ends of a text.
fn visible(text: &str) -> &str {
    let is_edge = |c: char| c.is_whitespace() || text::is_zero_width(c) || matches!(c, '"' | '\'');
    text.trim_matches(is_edge)
}

/// The meaning of an entry.
#[derive(Debug, PartialEq, Eq)]
enum Whom {
    Group(String),
    User(String),
    All(&'static str),
    Author,
    Runner,
}

impl Whom {
    /// Returns the mention. `None` if Slack does not know the person, whom the details name instead.
    fn mention(self, facts: &Facts) -> Option<Mention> {
        Some(match self {
            Self::Group(id) => Mention::Group(id),
            Self::User(id) => Mention::User(id),
            Self::All(range) => Mention::All(range),
            Self::Author => Mention::User(author(facts)?),
            Self::Runner => Mention::User(runner(facts)?),
        })
    }

    /// Reads the forms that people write: our own, Slack's mrkdwn, and text copied from Slack's clients. IDs begin with U or W for
    /// people and with S for groups (<https://docs.slack.dev/reference/objects/usergroup-object>).
    fn of(entry: &str) -> Option<Self> {
        let bare = entry.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(entry);
        let bare = bare.split('|').next().unwrap_or_default().trim_start_matches(['@', '!']);
        let (kind, id) = bare.split_once([':', '^']).map_or((None, bare), |(kind, id)| (Some(kind), id));
        let (kind, id) = (kind.map(str::to_ascii_lowercase), id.trim_start_matches('@').to_ascii_uppercase());
        match (kind.as_deref(), id.as_str()) {
            (None, "HERE") => Some(Self::All("here")),
            (None, "CHANNEL") => Some(Self::All("channel")),
            (None, "AUTHOR") => Some(Self::Author),
            (None, "USER") => Some(Self::Runner),
            // A lower-case entry is an ordinary word, not an ID.
            (None, _) if bare != id => None,
            (None | Some("subteam" | "usergroup" | "group"), _) if is_slack_id(&id, 'S') => Some(Self::Group(id)),
            (None | Some("user"), _) if is_user_id(&id) => Some(Self::User(id)),
            _ => None,
        }
    }
}

/// Returns the Slack ID of the commit's author, else of the person who ran the pipeline.
fn author(facts: &Facts) -> Option<String> {
    author_email(facts).and_then(|email| known_author(facts, email)).or_else(|| runner(facts))
}

/// Returns the address of the commit's author, unless it is a machine.
fn author_email<'a>(facts: &Facts<'a>) -> Option<&'a str> {
    let (name, email) = facts.context.ci("CI_COMMIT_AUTHOR")?.rsplit_once('<')?;
    email.strip_suffix('>').filter(|email| !is_bot(email) && !is_bot(name.trim()))
}

/// Returns the Slack ID of an author, by the address or by the login in it.
fn known_author(facts: &Facts, email: &str) -> Option<String> {
    [Some(email), login_of_noreply(facts, email)].into_iter().flatten().find_map(|it| slack_id(facts, it))
}

/// Returns the Slack ID that the map has for a person, in any form that people write.
fn slack_id(facts: &Facts, login_or_email: &str) -> Option<String> {
    match Whom::of(visible(facts.context.person(login_or_email)?)) {
        Some(Whom::User(id)) => Some(id),
        _ => None,
    }
}

/// Returns the login in a private commit e-mail of this GitLab, `[ID-]login@users.noreply.HOST`
/// (<https://docs.gitlab.com/user/profile/#use-an-automatically-generated-private-commit-email>).
fn login_of_noreply<'a>(facts: &Facts, email: &'a str) -> Option<&'a str> {
    let (name, domain) = email.rsplit_once('@')?;
    let host = facts.context.ci("CI_SERVER_HOST")?;
    let login = name.split_once('-').filter(|(id, _)| !id.is_empty() && id.bytes().all(|it| it.is_ascii_digit()));
    domain.eq_ignore_ascii_case(&format!("users.noreply.{host}")).then(|| login.map_or(name, |(_, login)| login))
}

/// Returns the Slack ID of the person who gets a direct message.
pub(crate) fn direct(facts: &Facts) -> Option<String> {
    runner(facts).filter(|_| direct::is_sent(facts))
}

/// Returns the Slack ID of the person who ran the pipeline.
fn runner(facts: &Facts) -> Option<String> {
    let of = |name| facts.context.ci(name);
    let known = [of("GITLAB_USER_LOGIN"), of("GITLAB_USER_EMAIL")];
    if known.iter().flatten().any(|it| is_bot(it)) {
        return None;
    }
    known.into_iter().flatten().find_map(|key| slack_id(facts, key))
}

/// True if a person, not a machine, wrote the commit or ran the pipeline.
fn has_person(facts: &Facts) -> bool {
    let user = facts.context.ci("GITLAB_USER_LOGIN").or(facts.context.ci("GITLAB_USER_EMAIL"));
    author_email(facts).is_some() || user.is_some_and(|user| !is_bot(user))
}

/// True if a login, a name or an e-mail address belongs to a machine: the users of project and group access tokens and service
/// accounts (<https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects>,
/// <https://docs.gitlab.com/user/profile/service_accounts/>), and the `[bot]` of dependency updaters.
fn is_bot(known: &str) -> bool {
    let known = known.to_ascii_lowercase();
    let name = known.split('@').next().unwrap_or_default();
    let of_token = ["project_", "group_"].iter().any(|kind| {
        name.strip_prefix(kind)
            .is_some_and(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with("_bot"))
    });
    of_token
        || name.starts_with("service_account_")
        || name.ends_with("[bot]")
        || ["ghost", "alert-bot", "support-bot", "noreply", "no-reply"].contains(&name)
}

/// User IDs begin with U, or W in an Enterprise Grid.
fn is_user_id(id: &str) -> bool {
    is_slack_id(id, 'U') || is_slack_id(id, 'W')
}

fn is_slack_id(id: &str, kind: char) -> bool {
    (3..=24).contains(&id.len())
        && id.starts_with(kind)
        && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::context::context;

    fn mentioned(mention: &str, status: &str) -> (Vec<Mention>, usize) {
        let context = context(json!({
            "event": "deploy-finished", "settings": {"mention": mention}, "people": {"Minsu@example.com": "U0MINSU", "jiwoo": "not an id"},
            "ci": {"CI_JOB_STATUS": status, "CI_COMMIT_AUTHOR": "Kim Minsu <minsu@example.com>", "GITLAB_USER_LOGIN": "jiwoo"},
        }));
        let mut warnings = Vec::new();
        let mentions = mentions(&Facts::of(&context, &mut vec![]), &mut warnings).shown;
        (mentions, warnings.len())
    }

    #[test]
    fn only_a_failure_mentions() {
        assert_eq!(mentioned("here", "success"), (vec![], 0));
        assert_eq!(mentioned("here", "canceled"), (vec![], 0));
        assert_eq!(mentioned("here", "failed"), (vec![Mention::All("here")], 0));
    }

    #[test]
    fn groups_users_and_authors_are_mentioned_once_each() {
        let (mentions, warnings) = mentioned("subteam:SAZ94GDB8, user:U0MINSU,author", "failed");
        assert_eq!(mentions, [Mention::Group("SAZ94GDB8".into()), Mention::User("U0MINSU".into())]);
        assert_eq!(warnings, 0);
    }

    #[test]
    fn machines_are_not_mentioned() {
        for bot in [
            "project_42_bot_4ffca233d8298ea1",
            "group_7_bot",
            "service_account_group_7_00ff",
            "renovate[bot]",
            "project_42_bot_4f@noreply.gitlab.example",
            "noreply@corp.example",
        ] {
            assert!(is_bot(bot), "{bot}");
        }
        for person in ["jiwoo", "robot", "project_manager", "minsu.kim@corp.example", "abbot"] {
            assert!(!is_bot(person), "{person}");
        }
        let context = context(json!({
            "event": "deploy-finished", "settings": {"mention": "author,user"}, "people": {"project_42_bot": "U0ROBOT"},
            "ci": {"CI_JOB_STATUS": "failed", "GITLAB_USER_LOGIN": "project_42_bot", "CI_COMMIT_AUTHOR": "Renovate <project_42_bot>"},
        }));
        assert_eq!(mentions(&Facts::of(&context, &mut vec![]), &mut vec![]).shown, []);
    }

    #[test]
    fn a_recovery_mentions_too() {
        let context = context(json!({
            "event": "pipeline-finished", "result": "success", "history": {"previous_status": "failed"}, "settings": {"mention": "user"},
            "people": {"jiwoo": "U0JIWOO"}, "ci": {"GITLAB_USER_LOGIN": "jiwoo"},
        }));
        assert_eq!(mentions(&Facts::of(&context, &mut vec![]), &mut vec![]).shown, [Mention::User("U0JIWOO".into())]);
    }

    #[test]
    fn an_invalid_mention_is_warned_of_at_every_event() {
        for status in ["failed", "success"] {
            assert_eq!(mentioned("@ops,user:minsu,subteam:U0MINSU,everyone", status), (vec![], 4), "{status}");
        }
    }

    #[test]
    fn the_forms_that_people_write_are_understood() {
        let group = Whom::Group("S0TEAM1234".into());
        for (entry, expected) in [
            ("@here", Whom::All("here")),
            ("<!here>", Whom::All("here")),
            ("Here", Whom::All("here")),
            ("<!channel>", Whom::All("channel")),
            ("Author", Whom::Author),
            ("<@U0MINSUKIM>", Whom::User("U0MINSUKIM".into())),
            ("<@U0MINSUKIM|minsu>", Whom::User("U0MINSUKIM".into())),
            ("@U0MINSUKIM", Whom::User("U0MINSUKIM".into())),
            ("User:U0MINSUKIM", Whom::User("U0MINSUKIM".into())),
            ("S0TEAM1234", Whom::Group("S0TEAM1234".into())),
            ("group:S0TEAM1234", Whom::Group("S0TEAM1234".into())),
            ("USERGROUP:S0TEAM1234", Whom::Group("S0TEAM1234".into())),
            ("subteam^S0TEAM1234", Whom::Group("S0TEAM1234".into())),
            ("<!subteam^S0TEAM1234|@ops>", group),
        ] {
            assert_eq!(Whom::of(entry), Some(expected), "{entry}");
        }
        for entry in ["everyone", "@devops", "support", "user:S0TEAM1234", "team:S0TEAM1234", "<!date^1>", "<>"] {
            assert_eq!(Whom::of(entry), None, "{entry}");
        }
        assert_eq!(entries("author;here"), ["author", "here"]);
        assert_eq!(
            entries(" author  user,<!subteam^S0TEAM1234|@the ops> "),
            ["author", "user", "<!subteam^S0TEAM1234|@the ops>"]
        );
    }

    #[test]
    fn a_private_commit_address_is_a_login_of_this_gitlab() {
        let author = |email: &str| {
            let context = context(json!({
                "event": "deploy-finished", "settings": {"mention": "author"}, "people": {"minsu.kim": "U0MINSU"},
                "ci": {"CI_JOB_STATUS": "failed", "CI_COMMIT_AUTHOR": format!("Kim Minsu <{email}>"), "CI_SERVER_HOST": "gitlab.corp.example"},
            }));
            mentions(&Facts::of(&context, &mut vec![]), &mut vec![]).shown.len()
        };
        for email in ["301-minsu.kim@users.noreply.gitlab.corp.example", "Minsu.Kim@users.noreply.GitLab.corp.example"]
        {
            assert_eq!(author(email), 1, "{email}");
        }
        for email in [
            "301-minsu.kim@users.noreply.gitlab.com",
            "minsu.kim@corp.example",
            "x-minsu.kim@users.noreply.gitlab.corp.example",
        ] {
            assert_eq!(author(email), 0, "{email}");
        }
    }
}
