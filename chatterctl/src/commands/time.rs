//! Times in words.
//!
//! **In** seconds. **Out** text. **Never** the machine's time zone: logs are compared across machines.

/// `2026-11-22 21:50:20 UTC`
pub(super) fn point(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", rest / 3600, rest / 60 % 60, rest % 60)
}

/// `2026-11-22T21:50:20Z`, as programs read it.
pub(super) fn stamp(seconds: u64) -> String {
    point(seconds).replacen(' ', "T", 1).replace(" UTC", "Z")
}

/// `3d 4h`, `5m 6s`: the two greatest units.
pub(super) fn length(seconds: u64) -> String {
    let units =
        [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let parts = units.iter().skip_while(|(count, _)| *count == 0).take(2);
    let words: Vec<_> =
        parts.filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if words.is_empty() { "0s".to_owned() } else { words.join(" ") }
}

/// The civil date of a day since 1970, counted in eras of 400 years that begin in March, so that a leap day ends one.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_TO_1970: u64 = 719_468;
    const DAYS_OF_ERA: u64 = 146_097;
    let shifted = days + DAYS_TO_1970;
    let (era, day) = (shifted / DAYS_OF_ERA, shifted % DAYS_OF_ERA);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months from March have 31, 30, 31, 30, 31 days, again and again: 153 in five.
    let month = (5 * day + 2) / 153;
    let of_month = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_dates() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_799, "2000-02-29 23:59:59 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_795_384_220, "2026-11-22 21:50:20 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(point(seconds), text);
        }
        point(u64::MAX);
    }

    #[test]
    fn lengths_have_two_units() {
        let check = |seconds, text| assert_eq!(length(seconds), text);
        check(0, "0s");
        check(59, "59s");
        check(60, "1m");
        check(3661, "1h 1m");
        check(86_400 * 3 + 59, "3d");
    }
}
