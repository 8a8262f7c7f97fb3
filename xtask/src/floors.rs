//! Which crate may know which: an arrow between the crates points down only, and crates of one floor do not know each other.

use std::process::Command;

use crate::ci::root;

/// From the ground up.
const FLOORS: [&[&str]; 6] = [
    &["whit-core", "whit-stack"],
    &["whit-executor", "whit-reactor", "whit-timers", "whit-blocking", "whit-sync"],
    &["whit-net", "whit-fs", "whit-process"],
    &["whit-scope"],
    &["whit-hyper", "whit-macros", "whit-sim"],
    &["whit"],
];

/// What of the workspace's crates breaks the rule. Dependencies of tests and examples may point anywhere.
pub(crate) fn complaints() -> Result<Vec<String>, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("`cargo metadata` could not be started: {error}"))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|error| {
        format!("`cargo metadata` gave no JSON: {error}: {}", String::from_utf8_lossy(&output.stderr))
    })?;
    Ok(complain(&arrows(&metadata)))
}

/// Each crate under `crates/` with those of ours that it needs.
fn arrows(metadata: &serde_json::Value) -> Vec<(String, Vec<String>)> {
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let name = |value: &serde_json::Value| value["name"].as_str().unwrap_or_default().to_owned();
    let is_ours = |package: &serde_json::Value| {
        let manifest = package["manifest_path"].as_str().unwrap_or_default().replace('\\', "/");
        manifest.ends_with(&format!("crates/{}/Cargo.toml", name(package)))
    };
    let needs = |package: &serde_json::Value| {
        let normal = list(&package["dependencies"]).into_iter().filter(|needed| needed["kind"] != "dev");
        normal.filter(|needed| needed["path"].is_string()).map(|needed| name(&needed)).collect()
    };
    list(&metadata["packages"]).iter().filter(|package| is_ours(package)).map(|of| (name(of), needs(of))).collect()
}

fn complain(arrows: &[(String, Vec<String>)]) -> Vec<String> {
    let floor = |name: &str| FLOORS.iter().position(|floor| floor.contains(&name));
    let mut complaints = Vec::new();
    for missing in FLOORS.concat().iter().filter(|name| arrows.iter().all(|(crate_, _)| crate_ != *name)) {
        complaints.push(format!("{missing} has a floor, and there is no such crate under crates/"));
    }
    for (name, needs) in arrows {
        let Some(own) = floor(name) else {
            complaints.push(format!("{name} has no floor: give it one in xtask/src/floors.rs"));
            continue;
        };
        for needed in needs {
            match floor(needed) {
                Some(other) if other < own => {}
                Some(other) if other == own => {
                    complaints.push(format!("{name} needs {needed}, and crates of one floor do not know each other"));
                }
                _ => {
                    complaints.push(format!("{name} needs {needed}, which stands above it: an arrow points down only"))
                }
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_its_floors() {
        assert_eq!(complaints(), Ok(Vec::new()));
    }

    #[test]
    fn arrows_that_point_up_or_sideways_are_named() {
        let all = |more: &[(&str, &str)]| {
            let needs =
                |name: &str| more.iter().filter(|(of, _)| *of == name).map(|(_, on)| (*on).to_owned()).collect();
            complain(&FLOORS.concat().iter().map(|name| ((*name).to_owned(), needs(name))).collect::<Vec<_>>())
        };
        assert_eq!(all(&[("whit", "whit-core"), ("whit-net", "whit-timers")]), Vec::<String>::new());
        assert!(all(&[("whit-timers", "whit-reactor")])[0].contains("one floor"));
        assert!(all(&[("whit-core", "whit-sync")])[0].contains("points down only"));
        assert!(all(&[("whit-net", "whit-benches")])[0].contains("points down only"));
        assert!(
            complain(&[("whit-new".to_owned(), Vec::new())])
                .iter()
                .any(|what| what.starts_with("whit-new has no floor"))
        );
        assert_eq!(complain(&[]).len(), FLOORS.concat().len());
    }

    #[test]
    fn dependencies_of_tests_do_not_count() {
        let metadata = serde_json::json!({"packages": [
            {"name": "whit-net", "manifest_path": "/w/crates/whit-net/Cargo.toml", "dependencies": [
                {"name": "whit-core", "kind": null, "path": "/w/crates/whit-core"},
                {"name": "whit", "kind": "dev", "path": "/w/crates/whit"},
                {"name": "slab", "kind": null},
                {"name": "whit-sync", "kind": "build", "path": "/w/crates/whit-sync"},
            ]},
            {"name": "xtask", "manifest_path": "/w/xtask/Cargo.toml", "dependencies": []},
        ]});
        assert_eq!(arrows(&metadata), [("whit-net".to_owned(), vec!["whit-core".to_owned(), "whit-sync".to_owned()])]);
    }
}
