//! Somebody who sees one member's connection and guesses.

use std::fmt;
use std::time::Duration;

use super::wire::Seen;

/// How often he guesses right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accuracy {
    /// By the best of all features.
    pub(crate) any: f64,
    /// By the best of those that leave out when and how often.
    pub(crate) by_lengths: f64,
    best: &'static str,
}

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} by {} ({:.2})", self.any, self.best, self.by_lengths)
    }
}

type Feature = fn(&[Seen]) -> f64;

/// What a minute comes to; whether it is about lengths alone.
const FEATURES: [(&str, bool, Feature); 14] = [
    ("requests", false, |minute| count(minute, true)),
    ("records", false, |minute| count(minute, false)),
    ("bytes of requests", false, |minute| total(minute, true)),
    ("bytes of records", false, |minute| total(minute, false)),
    ("the longest request", true, |minute| longest(minute, true)),
    ("the longest record", true, |minute| longest(minute, false)),
    ("a request's mean length", true, |minute| mean(minute, true)),
    ("a record's mean length", true, |minute| mean(minute, false)),
    ("the shortest pause between requests", false, |minute| pause(minute, true, true)),
    ("the shortest pause between records", false, |minute| pause(minute, false, true)),
    ("the longest pause between requests", false, |minute| pause(minute, true, false)),
    ("the longest pause between records", false, |minute| pause(minute, false, false)),
    ("records soon after a request", false, |minute| answers(minute)),
    ("records without a request", false, |minute| count(minute, false) - answers(minute)),
];

/// How well the best feature tells minutes of one kind from those of another. For each feature the threshold is learnt from
/// the first hours and put to the second.
pub(crate) fn best_accuracy(one: &[Vec<Seen>; 2], other: &[Vec<Seen>; 2]) -> Accuracy {
    let mut accuracy = Accuracy { any: 0.5, by_lengths: 0.5, best: "none" };
    for (name, by_lengths, feature) in FEATURES {
        let [one_learnt, one_asked] = [0, 1].map(|which| values(&one[which], feature));
        let [other_learnt, other_asked] = [0, 1].map(|which| values(&other[which], feature));
        let thresholds = one_learnt.iter().chain(&other_learnt).copied();
        let best = thresholds
            .max_by(|a, b| {
                let quality = |threshold| (right(&one_learnt, &other_learnt, threshold) - 0.5).abs();
                quality(*a).total_cmp(&quality(*b))
            })
            .unwrap_or(0.0);
        let turned = right(&one_learnt, &other_learnt, best) < 0.5;
        let found = right(&one_asked, &other_asked, best);
        let found = if turned { 1.0 - found } else { found };
        if found > accuracy.any {
            (accuracy.any, accuracy.best) = (found, name);
        }
        if by_lengths {
            accuracy.by_lengths = accuracy.by_lengths.max(found);
        }
    }
    accuracy
}

/// The share of minutes on their side of the threshold, `one` being below.
fn right(one: &[f64], other: &[f64], threshold: f64) -> f64 {
    let below = one.iter().filter(|value| **value <= threshold).count() as f64 / one.len() as f64;
    let above = other.iter().filter(|value| **value > threshold).count() as f64 / other.len() as f64;
    f64::midpoint(below, above)
}

/// The feature, minute by minute; the first, in which somebody enters, left out.
fn values(hour: &[Seen], feature: Feature) -> Vec<f64> {
    let minute_of = |seen: &Seen| seen.at.as_secs() / MINUTE.as_secs();
    let minutes = hour.chunk_by(|one, next| minute_of(one) == minute_of(next));
    minutes.skip(1).map(feature).collect()
}

fn lengths(minute: &[Seen], up: bool) -> impl Iterator<Item = f64> + Clone {
    minute.iter().filter(move |seen| seen.up == up).map(|seen| seen.len as f64)
}

fn count(minute: &[Seen], up: bool) -> f64 {
    lengths(minute, up).count() as f64
}

fn total(minute: &[Seen], up: bool) -> f64 {
    lengths(minute, up).sum()
}

fn longest(minute: &[Seen], up: bool) -> f64 {
    lengths(minute, up).fold(0.0, f64::max)
}

fn mean(minute: &[Seen], up: bool) -> f64 {
    total(minute, up) / count(minute, up).max(1.0)
}

fn pause(minute: &[Seen], up: bool, shortest: bool) -> f64 {
    let times: Vec<f64> =
        minute.iter().filter(|seen| seen.up == up).map(|seen| seen.at.as_secs_f64()).collect();
    let pauses = times.windows(2).map(|pair| pair[1] - pair[0]);
    if shortest { pauses.fold(60.0, f64::min) } else { pauses.fold(0.0, f64::max) }
}

/// Records within a tenth of a second of a request.
fn answers(minute: &[Seen]) -> f64 {
    let follows = |pair: &&[Seen]| pair[0].up && !pair[1].up && pair[1].at - pair[0].at < MINUTE / 600;
    minute.windows(2).filter(follows).count() as f64
}

const MINUTE: Duration = Duration::from_secs(60);
