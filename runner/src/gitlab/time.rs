//! Times as GitLab writes them, RFC 3339, in seconds since 1970. The calendar takes five packages that nothing else here needs.

/// Returns the seconds of a time such as `2026-10-05T08:00:00.900+02:00`.
pub(crate) fn seconds(time: &str) -> Option<i64> {
    let number = |from: usize, to: usize| digits(time.get(from..to)?);
    let is_marked = [(4, '-'), (7, '-'), (10, 'T'), (13, ':'), (16, ':')]
        .iter()
        .all(|(at, mark)| time.get(*at..=*at).is_some_and(|it| it.starts_with(*mark)));
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hours, minutes, seconds) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let zone = time.get(19..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone.split_at_checked(1)? {
        ("Z", "") => 0,
        (sign @ ("+" | "-"), rest) => {
            let (hours, minutes) =
                rest.split_once(':').filter(|(hours, minutes)| [hours.len(), minutes.len()] == [2, 2])?;
            let seconds = digits(hours)? * 3600 + digits(minutes)? * 60;
            if sign == "+" { seconds } else { -seconds }
        }
        _ => return None,
    };
    let is_date = year >= 1970 && (1..=12).contains(&month) && (1..=31).contains(&day);
    // A leap second is one.
    let is_time = hours < 24 && minutes < 60 && seconds <= 60;
    let of_day = hours * 3600 + minutes * 60 + seconds;
    (is_marked && is_date && is_time).then(|| days(year, month, day) * 86_400 + of_day - offset)
}

/// Returns the number of decimal digits only.
fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|it| it.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Writes seconds since 1970 as a time in UTC.
pub(crate) fn written(seconds: i64) -> String {
    let (day, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let mut year = 1970 + day.div_euclid(366);
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days(year, *month, 1) <= day).unwrap_or(1);
    let of_month = day - days(year, month, 1) + 1;
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{of_month:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
}

/// Returns the days from 1970 to a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let leaps = |year: i64| year / 4 - year / 100 + year / 400;
    let before = usize::try_from(month - 1).ok().and_then(|at| BEFORE.get(at)).copied().unwrap_or_default();
    (year - 1970) * 365 + leaps(year - 1) - leaps(1969) + before + i64::from(is_leap && month > 2) + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_and_written() {
        for (time, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-20T00:13:00.101Z", Some(1_795_133_580)),
            ("2026-11-20T09:13:00+09:00", Some(1_795_133_580)),
            ("2024-02-29T23:59:59-00:30", Some(1_709_252_999)),
            ("2000-03-01T00:00:00Z", Some(951_868_800)),
            ("2026-11-20", None),
            ("0000-00-00T00:00:00Z", None),
            ("2026-11-20 00:13:00Z", None),
            ("2026-11-20T00:13:00", None),
            ("2026-11-20T24:13:00Z", None),
            ("2026-11-20T00:13:00+99999999999999999:00", None),
            ("2026-11-20T00:13:00+-1:00", None),
            ("2026-11-20T00:13:00+09:0", None),
            ("가나다라", None),
        ] {
            assert_eq!(seconds(time), expected, "{time}");
        }
        for day in 0..40_000 {
            let at = day * 86_400 + 3_661;
            assert_eq!(seconds(&written(at)), Some(at), "{}", written(at));
        }
    }
}
