//! Dates as Python writes and reads them: `formatdate`, `parsedate_to_datetime`, `fromtimestamp`.
//!
//! **In**: times of the file system and of the clock; the value of If-Modified-Since. **Out**: text, or whole seconds.
//! **Never**: the clock itself.

use crate::http::latin1::{integer, words};
use std::time::{SystemTime, UNIX_EPOCH};

/// A time as `os.stat` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub seconds: i64,
    pub nanoseconds: i64,
}

impl Stamp {
    /// The clock's time.
    pub(crate) fn of(time: SystemTime) -> Stamp {
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Stamp {
                seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
                nanoseconds: i64::from(since.subsec_nanos()),
            },
            Err(_) => Stamp { seconds: 0, nanoseconds: 0 },
        }
    }

    /// The whole second in which `datetime.fromtimestamp` sees it: a float, rounded to microseconds, half to even.
    #[expect(clippy::cast_precision_loss, reason = "Python makes a float of it too")]
    #[expect(clippy::cast_possible_truncation, reason = "the float is whole and in range")]
    pub(crate) fn whole_seconds(self) -> i64 {
        let float = self.seconds as f64 + 1e-9 * self.nanoseconds as f64;
        let whole = float.trunc();
        let microseconds = ((float - whole) * 1e6).round_ties_even();
        let carried = if microseconds >= 1e6 {
            1.0
        } else if microseconds < 0.0 {
            -1.0
        } else {
            0.0
        };
        (whole + carried) as i64
    }
}

/// `Sun, 13 Sep 2020 12:26:40 GMT`; nothing where the year has not four digits, which Python's dates can't hold.
pub(crate) fn format(seconds: i64) -> Option<String> {
    let days = seconds.div_euclid(DAY);
    let time = seconds.rem_euclid(DAY);
    let (year, month, day) = civil(days);
    if !(1..=9999).contains(&year) {
        return None;
    }
    let weekday = index(&WEEKDAYS, (days + 3).rem_euclid(7));
    let month = index(&MONTHS, month - 1).get(..3).unwrap_or_default();
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    Some(format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"))
}

/// `2020-09-13 12:26:40`.
pub(crate) fn sortable(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let time = seconds.rem_euclid(DAY);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60)
}

/// The month, from 1, of a time.
pub(crate) fn month_of(seconds: i64) -> i64 {
    civil(seconds.div_euclid(DAY)).1
}

fn index<'a>(names: &[&'a str], at: i64) -> &'a str {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default()
}

/// The seconds that a mail date means, if it parses and its zone is zero, unknown or missing.
pub(crate) fn parse(text: &[u8]) -> Option<i64> {
    let mut parts = words(text);
    let first = *parts.first()?;
    if first.ends_with(b",") || WEEKDAYS.iter().any(|day| first.eq_ignore_ascii_case(day.as_bytes())) {
        parts.remove(0);
    } else if let Some(comma) = first.iter().rposition(|byte| *byte == b',') {
        *parts.first_mut()? = first.get(comma + 1..)?;
    }
    if let [date, rest @ ..] = parts.as_slice()
        && rest.len() == 2
    {
        let pieces: Vec<&[u8]> = date.split(|byte| *byte == b'-').collect();
        if pieces.len() == 3 {
            parts = [&pieces, rest].concat();
        }
    }
    if let [_, _, _, time] = parts.as_slice() {
        let time = *time;
        let sign = |wanted: u8| time.iter().position(|byte| *byte == wanted);
        match sign(b'+').or_else(|| sign(b'-')) {
            Some(at) if at > 0 => {
                parts.pop();
                parts.extend([time.get(..at)?, time.get(at..)?]);
            }
            _ => parts.push(b""),
        }
    }
    let [day, month, year, time, zone, ..] = parts.as_slice() else { return None };
    fields(day, month, year, time, zone)
}

fn fields(day: &[u8], month: &[u8], year: &[u8], time: &[u8], zone: &[u8]) -> Option<i64> {
    if day.is_empty() || month.is_empty() || year.is_empty() {
        return None;
    }
    let (day, month) = match month_number(month) {
        Some(month) => (day, month),
        None => (month, month_number(day)?),
    };
    let day = day.strip_suffix(b",").unwrap_or(day);
    let (mut year, mut time, mut zone) = (year, time, zone);
    if year.iter().position(|byte| *byte == b':').is_some_and(|at| at > 0) {
        (year, time) = (time, year);
    }
    year = match year.split_last()? {
        (b',', []) => return None,
        (b',', rest) => rest,
        _ => year,
    };
    if !is_digit(*year.first()?) {
        (year, zone) = (zone, year);
    }
    time = match time.split_last()? {
        (b',', rest) => rest,
        _ => time,
    };
    let (hour, minute, second) = clock(time)?;
    let (year, day) = (integer(year)?, integer(day)?);
    let year = match year {
        69..100 => year + 1900,
        _ if year < 100 => year.saturating_add(2000),
        _ => year,
    };
    let good = (1..=9999).contains(&year)
        && (1..=month_length(year, month)).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second);
    (good && zone_is_zero(zone)).then(|| days(year, month, day) * DAY + hour * 3600 + minute * 60 + second)
}

/// `str.isdigit()` of a Latin-1 character: superscripts are digits too, though good for no number.
fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, 0xb2 | 0xb3 | 0xb9)
}

fn month_number(text: &[u8]) -> Option<i64> {
    let own = |name: &&str| {
        text.eq_ignore_ascii_case(name.as_bytes())
            || name.get(..3).is_some_and(|short| text.eq_ignore_ascii_case(short.as_bytes()))
    };
    let at = MONTHS.iter().position(own)?;
    i64::try_from(at + 1).ok()
}

fn clock(text: &[u8]) -> Option<(i64, i64, i64)> {
    let mut parts: Vec<&[u8]> = text.split(|byte| *byte == b':').collect();
    if parts.len() == 1 && text.contains(&b'.') {
        parts = text.split(|byte| *byte == b'.').collect();
    }
    match parts.as_slice() {
        [hour, minute] => Some((integer(hour)?, integer(minute)?, 0)),
        [hour, minute, second] => Some((integer(hour)?, integer(minute)?, integer(second)?)),
        _ => None,
    }
}

fn zone_is_zero(zone: &[u8]) -> bool {
    let upper = zone.to_ascii_uppercase();
    if FAR_ZONES.iter().any(|far| far.as_bytes() == upper.as_slice()) {
        return false;
    }
    integer(&upper).is_none_or(|offset| offset == 0)
}

/// Days from 1970-01-01 to a date (after Howard Hinnant's `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date so many days after 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

fn month_length(year: i64, month: i64) -> i64 {
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days(next_year, next, 1) - days(year, month, 1)
}

const DAY: i64 = 86_400;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Zones by name that are not UTC.
const FAR_ZONES: [&str; 10] = ["AST", "ADT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_with_pythons_liberties() {
        for (text, seconds) in [
            ("Sun, 13 Sep 2020 12:26:40 GMT", Some(1_600_000_000)),
            ("13 sep 20 12:26:40", Some(1_600_000_000)),
            ("Xyz, Sep 13 2_020 12.26.40 nowhere", Some(1_600_000_000)),
            ("Sunday, 13-Sep-20 12:26:40 GMT", Some(1_600_000_000)),
            ("Sun Sep 13 12:26:40 2020", Some(1_600_000_000)),
            ("Sun, 13 Sep 2020 12:26:40 +0100", None),
            ("Sun, 13 Sep 2020 12:26:40 EST", None),
            ("Sun, 31 Sep 2020 12:26:40 GMT", None),
            ("Sun, 13 Sept 2020 12:26:40 GMT", None),
            ("", None),
        ] {
            assert_eq!(parse(text.as_bytes()), seconds, "{text}");
        }
    }

    #[test]
    fn dates_are_written_as_mail_dates() {
        assert_eq!(format(1_600_000_000).as_deref(), Some("Sun, 13 Sep 2020 12:26:40 GMT"));
        assert_eq!(format(-1).as_deref(), Some("Wed, 31 Dec 1969 23:59:59 GMT"));
        assert_eq!(format(i64::from(u32::MAX) * 100), None);
    }

    #[test]
    fn a_last_fraction_of_a_second_rounds_up() {
        let stamp = |seconds, nanoseconds| Stamp { seconds, nanoseconds }.whole_seconds();
        assert_eq!(stamp(1_600_000_000, 999_999_900), 1_600_000_001);
        assert_eq!(stamp(1_600_000_000, 999_999_000), 1_600_000_000);
        assert_eq!(stamp(-1, 500_000_000), -1);
    }
}
