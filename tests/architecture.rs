//! The structure of the host: its files use each other in no circle, and ARCHITECTURE.md names every wing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;
use serde_json::{Value, json};

use crate::docs::hold;
use crate::support::harness::{cargo, root};

fn sources() -> PathBuf {
    root().join("runner/src")
}

/// The sources of one crate, as [`files`] names them.
fn all_of(sources: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    files(sources, sources, &mut all);
    all
}

/// Every source file, as the path of its module: `slack::bot` for `slack/bot.rs`.
fn files(sources: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(sources, &path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let name = path.strip_prefix(sources).unwrap().with_extension("").display().to_string().replace('/', "::");
            let source = fs::read_to_string(&path).unwrap();
            // Tests may use whatever they need.
            let source = source.split("#[cfg(test)]").next().unwrap().to_owned();
            found.insert(name, source);
        }
    }
}

/// The modules that a file uses: of each path in it, the longest part that is a file.
fn used(name: &str, source: &str, all: &BTreeMap<String, String>) -> BTreeSet<String> {
    let path = Regex::new(r"\b(crate|super(?:::super)*)((?:::\w+)*)(?:::\{([^}]*)\})?").unwrap();
    let mut used = BTreeSet::new();
    for found in path.captures_iter(source) {
        let mut start: Vec<&str> = if &found[1] == "crate" { Vec::new() } else { name.split("::").collect() };
        for _ in 0..found[1].matches("super").count() {
            start.pop();
        }
        start.extend(found[2].split("::").filter(|part| !part.is_empty()));
        let ends: Vec<&str> = found.get(3).map_or(vec![""], |list| list.as_str().split(',').map(str::trim).collect());
        for end in ends {
            let mut parts = start.clone();
            parts.extend(end.split("::").filter(|part| !part.is_empty()));
            while !parts.is_empty() && !all.contains_key(&parts.join("::")) {
                parts.pop();
            }
            used.insert(parts.join("::"));
        }
    }
    used.retain(|it| !it.is_empty() && it != name);
    used
}

#[test]
fn no_files_of_the_host_use_each_other_in_a_circle() {
    let all = all_of(&sources());
    let arrows = without_circle(&all);
    assert!(
        arrows["commands::send"].contains("report") && arrows["slack::bot"].contains("slack::refusals"),
        "{arrows:#?}"
    );
}

#[test]
fn no_files_of_the_module_use_each_other_in_a_circle() {
    let all = all_of(&root().join("notifier-wasm/src"));
    let arrows = without_circle(&all);
    assert!(arrows["route"].contains("facts") && arrows["facts"].contains("contract::state"), "{arrows:#?}");
}

/// Returns the files that each file uses. Panics if two use each other in a circle.
fn without_circle(all: &BTreeMap<String, String>) -> BTreeMap<&str, BTreeSet<String>> {
    let used: BTreeMap<&str, BTreeSet<String>> =
        all.iter().map(|(name, source)| (name.as_str(), used(name, source, all))).collect();
    // Removes the files that use no remaining file, until none remains.
    let mut arrows = used.clone();
    loop {
        let left: BTreeSet<&str> = arrows.keys().copied().collect();
        let before = left.len();
        arrows.retain(|_, used| used.iter().any(|it| left.contains(it.as_str())));
        if arrows.len() == before {
            break;
        }
    }
    assert!(arrows.is_empty(), "a circle: {arrows:#?}");
    used
}

#[test]
fn no_file_of_the_host_is_longer_than_three_hundred_lines() {
    let all = all_of(&sources());
    for name in all.keys() {
        let path = sources().join(name.replace("::", "/")).with_extension("rs");
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines < 300, "{} has {lines} lines", path.display());
    }
}

/// Each wing's row of the table names its rooms and nothing else. The text names the files beside the wings.
#[test]
fn architecture_names_every_wing_and_every_room() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, section) = page.split_once("## The wings of the host").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let (_, rooms) = section.split_once("| wing | rooms |").unwrap();
    let code = Regex::new(r"`(\w+)`").unwrap();
    let rows: BTreeMap<String, BTreeSet<String>> = rooms
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(wing, rooms)| (wing.to_owned(), code.captures_iter(rooms).map(|it| it[1].to_owned()).collect()))
        .collect();
    let all = all_of(&sources());
    for name in all.keys() {
        match name.split("::").collect::<Vec<_>>()[..] {
            [top] => assert!(section.contains(&format!("`{top}`")), "{top} is not named"),
            [wing, room] => assert!(rows[wing].contains(room), "{wing} has no room {room}"),
            _ => {}
        }
    }
    for (wing, rooms) in &rows {
        for room in rooms {
            assert!(all.contains_key(&format!("{wing}::{room}")), "there is no {wing}::{room}");
        }
    }
}

/// The tables show the uses between wings as the sources have them.
#[test]
fn architecture_shows_which_wing_uses_which() {
    hold("ARCHITECTURE.md", "wings", &table_of_wings(&all_of(&sources())));
    hold("ARCHITECTURE.md", "wings of the module", &table_of_wings(&all_of(&root().join("notifier-wasm/src"))));
}

/// Returns each wing with the wings that it uses: only those below it. Panics if two use each other in a circle.
fn table_of_wings(all: &BTreeMap<String, String>) -> String {
    let wing = |name: &str| name.split("::").next().unwrap().to_owned();
    let wings: BTreeSet<String> = all.keys().filter(|name| name.contains("::")).map(|name| wing(name)).collect();
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, source) in all.iter().filter(|(name, _)| wings.contains(&wing(name))) {
        let of_others = used(name, source, all).into_iter().map(|it| wing(&it));
        let of_others = of_others.filter(|it| wings.contains(it) && *it != wing(name));
        arrows.entry(wing(name)).or_default().extend(of_others);
    }
    let mut table = String::from("| wing | uses |\n|---|---|\n");
    // A wing that no remaining wing uses comes first.
    while !arrows.is_empty() {
        let is_used = |name: &str| arrows.values().any(|used| used.contains(name));
        let (next, used) = arrows
            .iter()
            .filter(|(name, _)| !is_used(name))
            .max_by_key(|(_, used)| used.len())
            .map_or_else(|| panic!("a circle of wings: {arrows:#?}"), |(name, used)| (name.clone(), used.clone()));
        let used: Vec<String> = used.iter().map(|name| format!("`{name}`")).collect();
        writeln!(table, "| `{next}` | {} |", used.join(", ")).unwrap();
        arrows.remove(&next);
    }
    table
}

/// wasmtime and its compiler take minutes to build, so the binary and the script that builds its module share one build of them.
/// No package is built twice with other features.
#[test]
fn the_binary_and_its_build_script_share_their_packages() {
    let output = cargo()
        .args(["build", "--package", "runner", "--unit-graph", "-Z", "unstable-options"])
        // Needed only to list the built packages.
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let graph: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut built: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for unit in graph["units"].as_array().unwrap().iter().filter(|unit| unit["target"]["kind"] == json!(["lib"])) {
        built.entry(unit["pkg_id"].as_str().unwrap()).or_default().push(&unit["features"]);
    }
    let twice: Vec<_> = built.iter().filter(|(_, features)| features.len() > 1).collect();
    assert!(built.len() > 50 && twice.is_empty(), "built twice, with these features: {twice:#?}");
}
