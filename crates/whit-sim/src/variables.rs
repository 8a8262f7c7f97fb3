//! What the environment asks for.

use std::env;
use std::ops::Range;

use crate::decider::Tape;

/// Which runs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Nothing,
    Seed(u64),
    Seeds(Range<u64>),
    Tape(Tape),
}

/// What `WHIT_SIM_TAPE`, `WHIT_SIM_SEED` or `WHIT_SIM_SEEDS` say; the first that is set counts.
pub(crate) fn asked() -> Result<Asked, String> {
    asked_by(|name| env::var(name).ok())
}

/// Where traces go: `WHIT_SIM_TRACE`.
pub(crate) fn trace() -> Option<String> {
    env::var("WHIT_SIM_TRACE").ok().filter(|path| !path.is_empty())
}

fn asked_by(get: impl Fn(&str) -> Option<String>) -> Result<Asked, String> {
    if let Some(text) = get("WHIT_SIM_TAPE") {
        return text.parse().map(Asked::Tape).map_err(|error| format!("WHIT_SIM_TAPE: {error}"));
    }
    if let Some(text) = get("WHIT_SIM_SEED") {
        let seed = text.trim().parse().map(Asked::Seed);
        return seed.map_err(|_| format!("WHIT_SIM_SEED is {text:?}, which is no seed; give a number, such as 42"));
    }
    if let Some(text) = get("WHIT_SIM_SEEDS") {
        let range = match text.trim().split_once("..") {
            Some((from, to)) => from.parse().ok().zip(to.parse().ok()),
            None => text.trim().parse().ok().map(|count| (0, count)),
        };
        return match range {
            Some((from, to)) if from < to => Ok(Asked::Seeds(from..to)),
            _ => Err(format!(
                "WHIT_SIM_SEEDS is {text:?}; give how many seeds, such as 500, or which, such as 1000..2000"
            )),
        };
    }
    Ok(Asked::Nothing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_understood_and_what_is_not() {
        let asked = |name: &str, value: &str| asked_by(|asked| (asked == name).then(|| value.to_owned()));
        assert_eq!(asked("WHIT_SIM_SEED", "42"), Ok(Asked::Seed(42)));
        assert_eq!(asked("WHIT_SIM_SEEDS", "10"), Ok(Asked::Seeds(0..10)));
        assert_eq!(asked("WHIT_SIM_SEEDS", "5..7"), Ok(Asked::Seeds(5..7)));
        assert_eq!(asked("WHIT_SIM_TAPE", "S01"), Ok(Asked::Tape("S01".parse().unwrap())));
        assert_eq!(asked("OTHER", "1"), Ok(Asked::Nothing));
        for (name, value) in [
            ("WHIT_SIM_SEED", "x"),
            ("WHIT_SIM_SEED", "-1"),
            ("WHIT_SIM_SEEDS", "0"),
            ("WHIT_SIM_SEEDS", "7..5"),
            ("WHIT_SIM_TAPE", "?"),
        ] {
            assert!(asked(name, value).unwrap_err().contains(name));
        }
    }
}
