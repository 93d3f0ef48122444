//! One thing that doctor found.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Ok,
    Note,
    Warning,
    Problem,
}

/// What, why it matters, what to do; the latter two are empty where all is well.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    pub(super) level: Level,
    what: String,
    why: String,
    #[serde(rename = "do")]
    remedy: String,
}

impl Level {
    /// As documented in `--help`.
    pub(super) fn exit_code(self) -> u8 {
        match self {
            Self::Ok | Self::Note => 0,
            Self::Warning => 4,
            Self::Problem => 5,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl Finding {
    pub(super) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, Level::Ok, what.into(), "", "")
    }

    pub(super) fn note(check: &'static str, what: impl Into<String>, why: &str, remedy: &str) -> Self {
        Self::new(check, Level::Note, what.into(), why, remedy)
    }

    pub(super) fn warning(check: &'static str, what: impl Into<String>, why: &str, remedy: &str) -> Self {
        Self::new(check, Level::Warning, what.into(), why, remedy)
    }

    pub(super) fn problem(check: &'static str, what: impl Into<String>, why: &str, remedy: &str) -> Self {
        Self::new(check, Level::Problem, what.into(), why, remedy)
    }

    fn new(check: &'static str, level: Level, what: String, why: &str, remedy: &str) -> Self {
        Self { check, level, what, why: why.to_owned(), remedy: remedy.to_owned() }
    }

    /// For people.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{:<8} {}: {}", self.level.word(), self.check, self.what)];
        lines.extend(Some(&self.why).filter(|why| !why.is_empty()).map(|why| format!("         why: {why}")));
        lines.extend(
            Some(&self.remedy).filter(|text| !text.is_empty()).map(|text| format!("         do:  {text}")),
        );
        lines
    }
}
