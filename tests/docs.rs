//! Checks the docs: generated parts, links, commands and snippets. Each page exists in both languages, and each warning that the
//! notifier can print has an entry.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use clap::Parser;
use pipeline_notifier::cli::Cli;
use pipeline_notifier::job::setting::SETTINGS;
use pipeline_notifier::job::settings::variable;
use regex_lite::Regex;
use serde_json::Value;

use crate::component::{documents, schema_errors};
use crate::support::harness::root;
use crate::support::scratch::scratch;

fn markdown(folder: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = all.filter(|path| path.extension().is_some_and(|it| it == "md")).collect();
    pages.sort();
    pages
}

/// The folders of the docs, each in both languages.
const FOLDERS: [[&str; 2]; 2] = [["docs", "docs/ko"], ["docs/guides", "docs/ko/guides"]];

fn pages() -> Vec<PathBuf> {
    std::iter::once("").chain(FOLDERS.into_iter().flatten()).flat_map(markdown).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The fenced blocks of a page: language and contents, without the indentation of a list.
pub(crate) fn blocks(page: &str) -> Vec<(String, String)> {
    let fence = Regex::new(r"(?ms)^( *)```(\w*)\n(.*?)^ *```$").unwrap();
    let outdent = |indent: &str, text: &str| {
        text.lines().map(|line| line.strip_prefix(indent).unwrap_or(line).to_owned() + "\n").collect::<String>()
    };
    fence.captures_iter(page).map(|it| (it[2].to_owned(), outdent(&it[1], &it[3]))).collect()
}

/// Regenerates the parts of a page between markers.
fn generated(page: &str, korean: Option<&BTreeMap<String, String>>) -> String {
    let described = |name: &str, english: &str| match korean {
        None => english.to_owned(),
        Some(korean) => korean.get(name).unwrap_or_else(|| panic!("docs/ko/settings.json has no {name}")).clone(),
    };
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{}`", cell(text)) };

    let mut settings = String::from(if korean.is_some() {
        "| 입력 | 변수 | 기본값 | 설명 |\n|---|---|---|---|\n"
    } else {
        "| input | variable | default | what it does |\n|---|---|---|---|\n"
    });
    let (header, _) = documents("notify.yml");
    let mut left: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
    for (name, input) in header["spec"]["inputs"].as_mapping().unwrap() {
        let name = name.as_str().unwrap();
        left.retain(|setting| *setting != name);
        let of_job = if SETTINGS.iter().any(|it| it.name == name) { code(&variable(name)) } else { String::new() };
        let default = serde_json::to_value(&input["default"]).unwrap();
        let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        let description = described(name, input["description"].as_str().unwrap());
        writeln!(settings, "| `{name}` | {of_job} | {} | {} |", code(&default), cell(&description)).unwrap();
    }
    for setting in SETTINGS.iter().filter(|setting| left.contains(&setting.name)) {
        let description = described(setting.name, setting.help);
        writeln!(
            settings,
            "| | {} | {} | {} |",
            code(&variable(setting.name)),
            code(setting.default),
            cell(&description)
        )
        .unwrap();
    }

    let mut file = String::from(if korean.is_some() {
        "| 키 | 전체 | 이벤트 | 환경 | 설명 |\n|---|---|---|---|---|\n"
    } else {
        "| key | for all | by event | by environment | what it does |\n|---|---|---|---|---|\n"
    });
    let schema: Value = serde_json::from_str(&read(&root().join("schemas/settings.v1.json"))).unwrap();
    let groups = ["events", "environments"].map(|it| &schema["properties"][it]["additionalProperties"]["properties"]);
    let levels = [&schema["properties"], groups[0], groups[1]];
    for key in ["mention", "ops_mention", "lines", "links", "text", "channel", "ops_channel"] {
        let marks = levels.map(|level| if level.get(key).is_some() { "✓" } else { "" });
        let own = levels.iter().find_map(|level| level[key]["description"].as_str());
        let english = own.or(schema["$defs"][key]["description"].as_str()).unwrap();
        let description = cell(&described(&format!("file.{key}"), english));
        writeln!(file, "| `{key}` | {} | {} | {} | {description} |", marks[0], marks[1], marks[2]).unwrap();
    }

    [("settings", settings), ("file", file)]
        .iter()
        .fold(page.to_owned(), |page, (name, table)| replaced(&page, name, table))
}

/// Replaces the text between the markers of a generated part.
fn replaced(page: &str, name: &str, text: &str) -> String {
    let part = Regex::new(&format!("(?s)<!-- generated: {name} -->.*?<!-- end -->")).unwrap();
    assert_eq!(part.find_iter(page).count(), 1, "{name}");
    let text = format!("<!-- generated: {name} -->\n{text}<!-- end -->");
    part.replace(page, regex_lite::NoExpand(&text)).into_owned()
}

/// Asserts that a generated part of a page is up to date; writes it first if `UPDATE_DOCS` is set.
pub(crate) fn hold(page: &str, name: &str, text: &str) {
    hold_page(page, |page| replaced(page, name, text));
}

fn hold_page(page: &str, generate: impl Fn(&str) -> String) {
    let path = root().join(page);
    let made = generate(&read(&path));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    assert!(read(&path) == made, "{page} is stale; fix it with: make docs");
}

#[test]
fn the_reference_is_generated() {
    let korean: BTreeMap<String, String> = serde_json::from_str(&read(&root().join("docs/ko/settings.json"))).unwrap();
    for (page, texts) in [("docs/settings.md", None), ("docs/ko/settings.md", Some(&korean))] {
        hold_page(page, |page| generated(page, texts));
    }
}

#[test]
fn the_page_on_scale_shows_this_very_table() {
    let simulated = Command::new("python3").arg(root().join("benches/fleet.py")).output().unwrap();
    assert!(simulated.status.success(), "{}", String::from_utf8_lossy(&simulated.stderr));
    let table = String::from_utf8(simulated.stdout).unwrap();
    for page in ["docs/scale.md", "docs/ko/scale.md"] {
        hold(page, "fleet", &table);
    }
}

#[test]
fn every_page_is_there_in_both_languages() {
    let names = |folder: &str| -> Vec<String> {
        markdown(folder).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    };
    for [english, korean] in FOLDERS {
        assert_eq!(names(english), names(korean));
    }
    for (folders, name) in FOLDERS.iter().flat_map(|folders| names(folders[0]).into_iter().map(move |it| (folders, it)))
    {
        let [english, korean] = folders.map(|folder| read(&root().join(folder).join(&name)));
        let headings = |page: &str| {
            page.lines()
                .filter(|line| line.starts_with('#'))
                .map(|line| line.split(' ').next().unwrap().len())
                .collect::<Vec<_>>()
        };
        let rows = |page: &str| page.lines().filter(|line| line.trim_start().starts_with("| ")).count();
        // Comments in a snippet are translated, too.
        let code = |page: &str| {
            let without_comments = |text: &str| {
                text.lines().map(|line| line.split(" # ").next().unwrap().trim_end().to_owned()).collect::<Vec<_>>()
            };
            blocks(page).into_iter().map(|(_, text)| without_comments(&text)).collect::<Vec<_>>()
        };
        assert_eq!(headings(&english), headings(&korean), "{name}: headings");
        assert_eq!(rows(&english), rows(&korean), "{name}: rows of tables");
        let steps =
            |page: &str| page.lines().filter_map(|line| line.split_once(". ")?.0.parse().ok()).collect::<Vec<u32>>();
        assert_eq!(steps(&english), steps(&korean), "{name}: numbered steps");
        assert_eq!(code(&english), code(&korean), "{name}: snippets");
    }
}

/// Every test that a page names exists.
#[test]
fn every_test_that_is_named_is_there() {
    let named = Regex::new(r"`(\w+)::(\w+)`").unwrap();
    let sources = ["tests", "runner/src", "notifier-wasm/src"].map(|folder| root().join(folder));
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/security.md", "docs/ko/security.md"] {
        let text = read(&root().join(page));
        let tests: Vec<(String, String)> =
            named.captures_iter(&text).map(|it| (it[1].to_owned(), it[2].to_owned())).collect();
        assert!(tests.len() > 2, "{page}");
        for (module, name) in tests.iter().filter(|(module, _)| module != "harness") {
            let file = format!("{module}.rs");
            let found = Command::new("grep").args(["-rlE", &format!("fn {name}\\(")]).args(&sources).output().unwrap();
            let found = String::from_utf8(found.stdout).unwrap();
            assert!(found.lines().any(|path| path.ends_with(&file)), "{page}: {module}::{name}");
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    let link = Regex::new(r"!?\[[^\]]*\]\(([^)\s]+)\)").unwrap();
    for path in pages() {
        let page = read(&path);
        for target in link.captures_iter(&page).map(|it| it[1].to_owned()) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let linked = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(linked.exists(), "{}: {target}", path.display());
            let anchored = |line: &str| {
                let title = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
                line.starts_with('#')
                    && title.replace(|c: char| !c.is_alphanumeric() && c != '-' && c != '_', "") == anchor
            };
            assert!(anchor.is_empty() || read(&linked).lines().any(anchored), "{}: {target}", path.display());
        }
    }
}

/// Splits a line into shell words; the docs need quotes, but no expansion.
fn words(line: &str) -> Vec<String> {
    let word = Regex::new(r#"(?:"[^"]*"|'[^']*'|[^\s"'])+"#).unwrap();
    word.find_iter(line).map(|it| it.as_str().replace(['"', '\''], "")).collect()
}

/// Checks a command of the docs: the binary parses our own, and make has the target. Other commands are allowed only if the tests
/// or the releases run them.
fn check_command(line: &str) -> Result<(), String> {
    let all = words(line);
    let mut words: Vec<&str> = all.iter().map(String::as_str).skip_while(|word| word.contains('=')).collect();
    if words.starts_with(&["cargo", "run"]) {
        words = words.into_iter().skip_while(|word| *word != "--").collect();
        words[0] = "pipeline-notifier";
    }
    match words.first().copied().unwrap_or_default() {
        "pipeline-notifier" => {
            // The digest of a file is unknown here.
            let digest = "0".repeat(64);
            let words = words.iter().map(|word| if word.starts_with("$(sha256sum") { digest.as_str() } else { word });
            let words: Vec<&str> = words.take_while(|word| !["|", ">"].contains(word)).collect();
            match Cli::try_parse_from(words) {
                Err(error) if error.use_stderr() => Err(error.to_string()),
                _ => Ok(()),
            }
        }
        "make" => {
            let makefile = read(&root().join("Makefile"));
            let targets = words[1..].iter().filter(|word| !word.contains('='));
            let missing: Vec<_> =
                targets.filter(|it| !makefile.lines().any(|line| line.starts_with(&format!("{it}:")))).collect();
            if missing.is_empty() { Ok(()) } else { Err(format!("make has no {missing:?}")) }
        }
        "cargo" | "git" | "sha256sum" => Ok(()),
        other => Err(format!("`{other}` is not a command that docs use")),
    }
}

#[test]
fn every_command_can_be_run() {
    let mut checked = 0;
    for path in pages() {
        for (_, block) in blocks(&read(&path)).into_iter().filter(|(language, _)| language == "sh") {
            let script = scratch().join("snippet.sh");
            fs::write(&script, &block).unwrap();
            let parsed = Command::new("dash").arg("-n").arg(&script).output().unwrap();
            assert!(parsed.status.success(), "{}: {block}", path.display());
            for line in
                block.lines().map(|line| line.split(" # ").next().unwrap().trim()).filter(|line| !line.is_empty())
            {
                check_command(line).unwrap_or_else(|fault| panic!("{}: {line}: {fault}", path.display()));
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "{checked}");
    for wrong in ["pipeline-notifier send deployed", "make nonsense", "curl https://example.org | sh"] {
        assert!(check_command(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn every_snippet_of_a_pipeline_is_valid_and_names_inputs_that_exist() {
    let inputs_of = |template: &str| documents(template).0["spec"]["inputs"].as_mapping().unwrap().clone();
    let (notify, digest) = (inputs_of("notify.yml"), inputs_of("digest.yml"));
    let mut checked = 0;
    let mut snippets = Vec::new();
    for path in pages() {
        for (_, block) in blocks(&read(&path)).into_iter().filter(|(language, _)| language == "yaml") {
            let yaml: serde_yaml_ng::Value = serde_yaml_ng::from_str(&block).unwrap();
            // Skip GitLab's own templates: they come with GitLab.
            let includes =
                yaml["include"].as_sequence().into_iter().flatten().filter(|it| it.get("template").is_none());
            for include in includes {
                let is_digest = include["component"].as_str().is_some_and(|it| it.contains("/digest@"));
                let inputs = if is_digest { &digest } else { &notify };
                for name in include["inputs"].as_mapping().into_iter().flat_map(|it| it.keys()) {
                    assert!(inputs.contains_key(name), "{}: {name:?}", path.display());
                }
                let component = include["component"].as_str().and_then(|it| it.rsplit('@').next());
                let packages = include["inputs"]["package_url"].as_str().and_then(|it| it.rsplit('/').next());
                let version = include["ref"].as_str().or(component).or(packages);
                assert_eq!(version, Some(env!("CARGO_PKG_VERSION")), "{}", path.display());
                checked += 1;
            }
            snippets.push(block);
        }
    }
    assert_eq!(schema_errors(&snippets), None, "{snippets:#?}");
    assert!(checked > 8, "{checked}");
}

#[test]
fn every_snippet_of_json_is_json() {
    for path in pages() {
        for (_, block) in blocks(&read(&path)).into_iter().filter(|(language, _)| language == "json") {
            let _: Value =
                serde_json::from_str(&block).unwrap_or_else(|error| panic!("{}: {error}: {block}", path.display()));
        }
    }
}

/// The errors of Slack by the part that the next try leaves out, from the notifier's table.
#[test]
fn refusals_are_shown_by_this_very_table() {
    let source = read(&root().join("runner/src/slack/refusals.rs"));
    let row = Regex::new(r#"(?m)^    \("(\w+)", (\w+)\),$"#).unwrap();
    let parts = [
        (
            "Message",
            "the thread of a message that is gone: a new message is posted",
            "없어진 메시지의 스레드: 새 메시지를 게시합니다",
        ),
        ("Thread", "the thread: the message is posted in the channel", "스레드: 채널에 게시합니다"),
        ("Mentions", "the mentions, if the message has any; else the bot", "멘션이 있으면 멘션, 없으면 봇"),
        ("Metadata", "the metadata", "메타데이터"),
        (
            "Blocks",
            "the blocks: the text has the first link and the mentions",
            "블록: 텍스트에 첫 링크와 멘션이 있습니다",
        ),
        (
            "Bot",
            "the bot: the webhook is used, if there is one (as after every other error)",
            "봇: 웹훅이 있으면 웹훅을 씁니다(그 밖의 모든 오류도 같습니다)",
        ),
    ];
    for (page, head, is_korean) in [
        ("docs/troubleshooting.md", "| the next try leaves out | after these errors |", false),
        ("docs/ko/troubleshooting.md", "| 다음 시도에서 빼는 것 | 오류 |", true),
    ] {
        let mut table = format!("{head}\n|---|---|\n");
        for (part, english, korean) in parts {
            let errors = row.captures_iter(&source).filter(|it| &it[2] == part).map(|it| format!("`{}`", &it[1]));
            let errors: Vec<String> = errors.collect();
            assert!(!errors.is_empty(), "{part}");
            writeln!(table, "| {} | {} |", if is_korean { korean } else { english }, errors.join(", ")).unwrap();
        }
        hold(page, "refusals", &table);
    }
}

/// The patterns of warnings in sources: part of the file's path, and a regex for the text.
const WARNINGS: [(&str, &str); 7] = [
    ("", r#"\.warning\(\s*&?(?:format!\()?\s*"((?:[^"\\]|\\.)*)""#),
    (
        "",
        r#"Warning::(?:of|new)\(\s*Code::\w+,\s*(?:(?:"\w+"|\w+),\s*)?(?:format!\(|format_args!\()?\s*"((?:[^"\\]|\\.)*)""#,
    ),
    ("", r#"let text =\s*(?:format!\(|format_args!\()?\s*"((?:[^"\\]|\\.)*)""#),
    ("", r#"#\[error\(\s*"((?:[^"\\]|\\.)*)""#),
    ("", r#"write!\(\s*f,\s*"((?:[^"\\]|\\.)*)""#),
    // The functions of this file return warnings, so every sentence in it counts.
    ("runner/src/job/settings.rs", r#""((?:[^"\\\s]|\\.)+(?: (?:[^"\\\s]|\\.)+){5,})""#),
    ("component/bootstrap.sh", r#"skip \w+ ['"]([^"']*)['"]"#),
];

/// Returns each warning's file and its longest part without a value.
fn warnings() -> Vec<(String, String)> {
    let value = Regex::new(r"\{[^}]*\}|\$\([^)]*\)|\$\w+").unwrap();
    let broken = Regex::new(r"\\\n\s*").unwrap();
    let mut sources = vec![root().join("component/bootstrap.sh")];
    for folder in ["runner/src", "notifier-wasm/src"] {
        let listed = Command::new("find").arg(root().join(folder)).args(["-name", "*.rs"]).output().unwrap();
        sources.extend(String::from_utf8(listed.stdout).unwrap().lines().map(PathBuf::from));
    }
    // The errors of other commands are not warnings of a job.
    sources.retain(|path| !path.ends_with("runner/src/error.rs"));
    let mut texts = Vec::new();
    for (file, pattern) in WARNINGS {
        let (pattern, before) = (Regex::new(&format!("(?s){pattern}")).unwrap(), texts.len());
        for path in sources.iter().filter(|path| path.display().to_string().contains(file)) {
            let source = read(path);
            let source = source.split("#[cfg(test)]").next().unwrap();
            for captures in pattern.captures_iter(source) {
                let text = broken.replace_all(&captures[1], "");
                let text = text.replace("\\\"", "\"").replace("{{", "{").replace("}}", "}");
                let fixed = value.split(&text).max_by_key(|part| part.len()).unwrap();
                // The beginning of a long text is enough to find it.
                let fixed = fixed.trim_matches([' ', ';', ':', ',', '.', '`', '}', ')']);
                let fixed = fixed[..fixed.floor_char_boundary(40)].trim_end();
                if fixed.len() > 7 {
                    texts.push((path.display().to_string(), fixed.to_owned()));
                }
            }
        }
        assert!(texts.len() > before, "nothing says a warning like this any more: {pattern}");
    }
    texts
}

/// Asserts that each warning in the output of a run has its entry in docs/troubleshooting.md.
#[track_caller]
pub(crate) fn assert_documented(output: &str) {
    static ENTRIES: OnceLock<Vec<Vec<String>>> = OnceLock::new();
    // The first cell of each row; `…` replaces the parts that vary.
    let entries = ENTRIES.get_or_init(|| {
        let page = read(&root().join("docs/troubleshooting.md"));
        let (_, warnings) = page.split_once("\n## Warnings").unwrap();
        let cells = warnings.lines().filter_map(|line| Some(line.strip_prefix("| ")?.split_once(" | ")?.0.to_owned()));
        cells.map(|cell| cell.split('…').map(|part| part.trim().to_owned()).collect()).collect()
    });
    for warning in output.lines().filter_map(|line| line.strip_prefix("warning: ")) {
        let is_known = entries.iter().any(|parts| parts.iter().all(|part| warning.contains(part.as_str())));
        assert!(is_known, "docs/troubleshooting.md has no entry for: {warning}");
    }
}

#[test]
fn every_warning_has_its_entry() {
    let warnings = warnings();
    for page in ["docs/troubleshooting.md", "docs/ko/troubleshooting.md"] {
        let text = read(&root().join(page));
        let missing: Vec<_> = warnings.iter().filter(|(_, fixed)| !text.contains(fixed.as_str())).collect();
        assert!(missing.is_empty(), "{page} has no entry for {missing:#?}");
    }
}

/// The changelog has a section "Unreleased" if anything changed since the newest release.
#[test]
fn changes_after_a_release_are_named() {
    let (pins, changelog) = (read(&root().join("release/pins")), read(&root().join("CHANGELOG.md")));
    let pin = |name: &str| pins.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap();
    let sources = Command::new(root().join("release/sources")).output().unwrap();
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## ")).unwrap();
    let is_released = newest.starts_with(&format!("{} - 20", pin("VERSION")));
    assert_eq!(pin("VERSION"), env!("CARGO_PKG_VERSION"));
    assert!(newest == "Unreleased" || is_released, "{newest}");
    let is_made_of_this = String::from_utf8(sources.stdout).unwrap().trim() == pin("SOURCES");
    assert!(is_made_of_this || newest == "Unreleased", "what has changed since {newest} needs a section Unreleased");
}
