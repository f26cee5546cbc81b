//! A quota: so many of something in a window of time, and how many at once.

use std::fmt;
use std::str::FromStr;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// The longest window: beyond a month, a counter in memory promises what it cannot keep.
const WINDOW_S_MAX: u32 = 31 * 86_400;

/// The greatest rate. At higher ones the rounding of the interval to nanoseconds would show.
const PER_SECOND_MAX: u32 = 1_000_000;

/// How long an emptied bucket may take to be whole again.
const SPAN_S_MAX: i64 = 366 * 86_400;

/// How much a caller may ask for, as in `600/min`, `20/15min burst 5` or `unlimited`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota(Option<Rate>);

/// A quota that has a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Rate {
    amount: u32,
    window_s: u32,
    pub(crate) burst: u32,
    /// Nanoseconds in which one is given back, rounded up so that a window never holds too many.
    pub(crate) interval_ns: i64,
}

impl Rate {
    fn new(amount: u32, window_s: u32, burst: u32) -> Self {
        let window_ns = i64::from(window_s) * NANOS_PER_SECOND;
        let interval_ns = window_ns.unsigned_abs().div_ceil(u64::from(amount)).cast_signed();
        Self { amount, window_s, burst, interval_ns }
    }

    /// Nanoseconds in which an emptied bucket is whole again.
    pub(crate) const fn span_ns(self) -> i64 {
        self.interval_ns * self.burst as i64
    }

    pub(crate) const fn amount(self) -> u32 {
        self.amount
    }
}

impl Quota {
    /// No bound at all.
    pub const UNLIMITED: Self = Self(None);

    /// Whether there is no bound.
    #[must_use]
    pub const fn is_unlimited(&self) -> bool {
        self.0.is_none()
    }

    /// How many a window holds; `None` without a bound.
    #[must_use]
    pub fn amount(&self) -> Option<u32> {
        self.0.map(|rate| rate.amount)
    }

    /// The window's length in seconds; `None` without a bound.
    #[must_use]
    pub fn window_s(&self) -> Option<u32> {
        self.0.map(|rate| rate.window_s)
    }

    /// How many are given at once to a caller that asked for none; `None` without a bound.
    #[must_use]
    pub fn burst(&self) -> Option<u32> {
        self.0.map(|rate| rate.burst)
    }

    /// The more generous of two: that with the greater rate, of equal rates that with the greater
    /// burst.
    #[must_use]
    pub fn or_more(self, other: Self) -> Self {
        let (Some(one), Some(two)) = (self.0, other.0) else { return Self::UNLIMITED };
        let speed = |rate: Rate, other: Rate| u64::from(rate.amount) * u64::from(other.window_s);
        let (first, second) = ((speed(one, two), one.burst), (speed(two, one), two.burst));
        if second > first { other } else { self }
    }

    pub(crate) const fn rate(&self) -> Option<Rate> {
        self.0
    }
}

impl FromStr for Quota {
    type Err = String;

    /// Reads `AMOUNT/WINDOW`, optionally followed by ` burst N`, or `unlimited`. A window is a
    /// unit (`s`, `min`, `h`, `d`) or a number of them.
    ///
    /// # Errors
    /// Says what is expected, beginning with a verb.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "unlimited" {
            return Ok(Self::UNLIMITED);
        }
        let (rate, burst) = match text.split_once(" burst ") {
            Some((rate, burst)) => (rate, Some(burst)),
            None => (text, None),
        };
        let (amount, window) = rate.split_once('/').ok_or_else(expected)?;
        let amount = number(amount)?;
        let window_s = window_seconds(window)?;
        let burst = burst.map_or(Ok(amount), number)?;
        if amount.div_ceil(window_s) > PER_SECOND_MAX {
            return Err(format!("expects at most {PER_SECOND_MAX} per second"));
        }
        // Before the product, which must not overflow: burst and interval are at most 2^32 and
        // 2^52.
        let rate = Rate::new(amount, window_s, burst);
        let span_s =
            i128::from(rate.interval_ns) * i128::from(burst) / i128::from(NANOS_PER_SECOND);
        if span_s > i128::from(SPAN_S_MAX) {
            return Err("expects a burst that is given back within a year".to_owned());
        }
        Ok(Self(Some(rate)))
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Rate { amount, window_s, burst, .. }) = self.0 else {
            return f.write_str("unlimited");
        };
        write!(f, "{amount}/")?;
        let (unit, seconds) = UNITS
            .into_iter()
            .find(|(_, seconds)| window_s % seconds == 0)
            .expect("invariant: one unit is a second");
        match window_s / seconds {
            1 => f.write_str(unit)?,
            count => write!(f, "{count}{unit}")?,
        }
        if burst != amount {
            write!(f, " burst {burst}")?;
        }
        Ok(())
    }
}

/// The units of windows with their seconds, the longest first.
const UNITS: [(&str, u32); 4] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];

fn window_seconds(text: &str) -> Result<u32, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(expected)?;
    let count = if count.is_empty() { 1 } else { number(count)? };
    count
        .checked_mul(seconds)
        .filter(|window_s| *window_s <= WINDOW_S_MAX)
        .ok_or_else(|| "expects a window of at most 31 days".to_owned())
}

/// A whole number of at least one, in digits alone.
fn number(text: &str) -> Result<u32, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(expected());
    }
    let too_much = || "expects a number below 4294967296".to_owned();
    match text.parse().map_err(|_| too_much())? {
        0 => Err("expects a number of at least 1".to_owned()),
        number => Ok(number),
    }
}

fn expected() -> String {
    "expects an amount and a window, as `600/min`, `20/15min` or `10/s burst 30`, or `unlimited`"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quota(text: &str) -> Quota {
        text.parse().expect(text)
    }

    #[test]
    fn a_quota_is_an_amount_in_a_window_and_a_burst() {
        let parts = |text| {
            let quota = quota(text);
            (quota.amount().unwrap(), quota.window_s().unwrap(), quota.burst().unwrap())
        };
        assert_eq!(parts("600/min"), (600, 60, 600));
        assert_eq!(parts("10/s"), (10, 1, 10));
        assert_eq!(parts("5/h"), (5, 3_600, 5));
        assert_eq!(parts("20/15min"), (20, 900, 20));
        assert_eq!(parts("600/min burst 100"), (600, 60, 100));
        assert_eq!(parts("1000/d burst 2000"), (1_000, 86_400, 2_000));
        assert!(quota("unlimited").is_unlimited());
    }

    #[test]
    fn what_is_no_quota_is_told_what_one_looks_like() {
        for text in [
            "",
            "600",
            "/min",
            "600/",
            "600/week",
            "-1/min",
            "+1/min",
            "1.5/s",
            "600 /min",
            "600/min ",
            "600/min burst",
            "600/min burst x",
            "600/min  burst 5",
            "Unlimited",
            "٣/s",
        ] {
            let error = text.parse::<Quota>().expect_err(text);
            assert!(error.starts_with("expects an amount and a window"), "{text}: {error}");
        }
        for (text, needle) in [
            ("0/min", "at least 1"),
            ("1/0min", "at least 1"),
            ("5/s burst 0", "at least 1"),
            ("5000000000/d", "below 4294967296"),
            ("2000000/s", "at most 1000000 per second"),
            ("1/32d", "at most 31 days"),
            ("1/99999999d", "at most 31 days"),
            ("1/d burst 4000", "within a year"),
            ("1/31d burst 4294967295", "within a year"),
        ] {
            let error = text.parse::<Quota>().expect_err(text);
            assert!(error.starts_with("expects ") && error.contains(needle), "{text}: {error}");
        }
    }

    #[test]
    fn the_more_generous_of_two_has_the_greater_rate() {
        let more = |one, two| quota(one).or_more(quota(two)).to_string();
        assert_eq!(more("600/min", "20/s"), "20/s");
        assert_eq!(more("20/s", "600/min"), "20/s");
        assert_eq!(more("60/min burst 5", "1/s burst 9"), "1/s burst 9");
        assert_eq!(more("unlimited", "1/s"), "unlimited");
        assert_eq!(more("1/s", "unlimited"), "unlimited");
    }

    proptest! {
        #[test]
        fn a_quota_reads_back_as_it_is_written(
            amount in 1_u32..100_000, count in 1_u32..31, unit in 0_usize..4, burst in 1_u32..300
        ) {
            let text = format!("{amount}/{count}{} burst {burst}", UNITS[unit].0);
            if let Ok(quota) = text.parse::<Quota>() {
                prop_assert_eq!(quota.to_string().parse::<Quota>(), Ok(quota));
            }
        }
    }

    #[test]
    fn the_usual_form_is_written_as_it_was_read() {
        for text in ["600/min", "10/s", "5/h", "20/15min", "600/min burst 100", "1/d", "unlimited"]
        {
            assert_eq!(quota(text).to_string(), text);
        }
    }
}
