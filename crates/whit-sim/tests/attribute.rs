//! `#[whit::sim]`, and the commands that its failures print.

use std::process::Command;
use std::time::Duration;

use whit::sim::Controls;

#[whit::sim]
async fn one_run() {
    whit::sleep(Duration::from_secs(3600)).await;
    assert_eq!(Controls::current().elapsed(), Duration::from_secs(3600));
}

#[whit::sim(seeds = 50, hosts = 3)]
async fn fifty_seeds_on_three_hosts() -> Result<(), String> {
    let controls = Controls::current();
    let hosts = (1..=3).map(|number| controls.on(&format!("host-{number}"), async move { number }));
    let numbers = whit::gather!(in hosts).await;
    if numbers == [1, 2, 3] { Ok(()) } else { Err(format!("{numbers:?}")) }
}

#[whit::sim(seeds = 100)]
#[should_panic(expected = "the second came first")]
async fn other_attributes_are_kept() {
    let first = whit::race(async { 1 }, async { 2 }).await;
    assert!(first == 1, "the second came first");
}

mod inner {
    /// Fails on purpose, when it is asked to: the test below runs it in a process of its own.
    #[whit::sim(seeds = 1000)]
    #[ignore = "fails on purpose"]
    async fn planted() {
        let first = whit::race(async { 1 }, async { 2 }).await;
        assert!(first == 1, "the second came first");
    }
}

/// What the planted failure says, with these variables.
fn planted(variables: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "inner::planted", "--ignored", "--nocapture", "--test-threads=1"]);
    for name in ["WHIT_SIM_SEED", "WHIT_SIM_SEEDS", "WHIT_SIM_TAPE", "WHIT_SIM_TRACE"] {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_failure_prints_the_commands_that_repeat_it() {
    let (passed, text) = planted(&[]);
    assert!(!passed && text.contains("the second came first"), "{text}");
    let value = |name: &str| {
        let (_, rest) = text.split_once(&format!("{name}=")).unwrap_or_else(|| panic!("no {name} in {text}"));
        let (value, rest) = rest.split_once(' ').unwrap();
        assert!(rest.starts_with("cargo test inner::planted\n"), "{text}");
        value.trim_matches('"').to_owned()
    };
    let (seed, tape) = (value("WHIT_SIM_SEED"), value("WHIT_SIM_TAPE"));
    assert!(!planted(&[("WHIT_SIM_SEED", &seed)]).0);
    assert!(!planted(&[("WHIT_SIM_TAPE", &tape)]).0);

    // All before it pass, and so does the tamest run of all.
    let before = format!("0..{seed}");
    if seed != "0" {
        assert!(planted(&[("WHIT_SIM_SEEDS", &before)]).0);
    }
    assert!(planted(&[("WHIT_SIM_TAPE", "")]).0);
    let (passed, text) = planted(&[("WHIT_SIM_SEED", "many")]);
    assert!(!passed && text.contains("which is no seed"), "{text}");
}

#[test]
fn a_trace_is_written_where_it_was_asked_for() {
    let folder = std::env::temp_dir().join(format!("whit-sim-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("run");
    planted(&[("WHIT_SIM_TRACE", path.to_str().unwrap())]);
    let read = |extension| std::fs::read_to_string(path.with_extension(extension)).unwrap();
    assert!(read("txt").contains("the root is polled"));
    assert!(read("json").starts_with("{\"displayTimeUnit\""));
    std::fs::remove_dir_all(&folder).unwrap();
}
