//! Every bound on what one request may ask for, in one place.
//!
//! The struct, its defaults and the `[limits]` section of `underpin.toml` with its reference page
//! are all made from the table below, so a limit is described once.

/// One row of the table of limits, for whoever reads or documents configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitKey {
    /// The name: of the field, and of the key in `[limits]`.
    pub name: &'static str,
    /// What it bounds, its unit, and what a request beyond it is answered.
    pub doc: &'static str,
    /// The value without configuration.
    pub default: u64,
    /// The least value that works.
    pub min: u64,
    /// The greatest value that can be set.
    pub max: u64,
}

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $default:literal, $min:literal..=$max:literal;)+) => {
        /// Bounds that hold for every request, whoever sends it.
        ///
        /// The defaults suit a server of 256 MiB. `underpin.toml` sets them under `[limits]`.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits {
            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\nDefault ", $default, "; from ", $min, " to ", $max, ".")]
                pub $name: $type,
            )+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl Limits {
            /// Every limit, in the order of the table.
            pub const KEYS: &[LimitKey] = &[$(LimitKey {
                name: stringify!($name),
                doc: concat!($($doc,)+),
                default: $default,
                min: $min,
                max: $max,
            },)+];

            /// Sets the limit with this name. Changes nothing and returns `false` when there is
            /// none, or when its type cannot hold `value`; the bounds are the caller's to check.
            pub fn set(&mut self, name: &str, value: u64) -> bool {
                match name {
                    $(stringify!($name) => {
                        <$type>::try_from(value).map(|value| self.$name = value).is_ok()
                    })+
                    _ => false,
                }
            }
        }
    };
}

// tidy: table
limits! {
    /// Bytes of a request's head (request line and headers); more answers 431.
    head_bytes_max: usize = 16_384, 1_024..=1_048_576;
    /// Header lines of a request; more answers 431.
    headers_max: usize = 100, 8..=1_000;
    /// Bytes of a request's target; more answers 414.
    target_bytes_max: usize = 8_192, 256..=1_048_576;
    /// Bytes of a JSON body; more answers 413 `BODY_TOO_LARGE`.
    body_bytes_max: usize = 1_048_576, 1_024..=1_073_741_824;
    /// Levels of nesting in a JSON body; more answers 400 `TOO_DEEP`.
    json_depth_max: usize = 32, 2..=128;
    /// Items of one array in a body; more answers 413 `TOO_MANY_ITEMS`.
    array_items_max: usize = 10_000, 1..=1_000_000;
    /// Rows on a page when the request does not say.
    page_rows_default: u32 = 20, 1..=10_000;
    /// Rows on a page at most; more answers 400.
    page_rows_max: u32 = 100, 1..=10_000;
    /// Rows skipped by `page` at most; further pages need a cursor.
    offset_rows_max: u32 = 10_000, 0..=1_000_000;
    /// Rows of one included relation per parent row, and a tenth of that for each included list
    /// around it.
    include_rows_max: u32 = 100, 1..=10_000;
    /// Relations on the longest path of an `include`, a filter or a sort.
    relation_depth_max: usize = 5, 1..=16;
    /// Relations included by one request, over all paths.
    includes_max: usize = 20, 1..=100;
    /// Fields that a list is sorted by; more answers 400 `QUERY_TOO_COMPLEX`.
    sort_terms_max: usize = 8, 1..=64;
    /// Conditions in all filters of one request together.
    filter_nodes_max: usize = 50, 1..=1_000;
    /// Values of one `in` list.
    in_values_max: usize = 500, 1..=10_000;
    /// Bytes that the rows of one answer may have, relations included; more answers 400
    /// `QUERY_TOO_COMPLEX`.
    answer_bytes_max: usize = 8_388_608, 65_536..=1_073_741_824;
    /// Milliseconds one database statement may run; then 503 `QUERY_TIMEOUT`.
    statement_ms_max: u64 = 5_000, 10..=600_000;
    /// Milliseconds in which a request's head must arrive; then 408.
    head_ms_max: u64 = 10_000, 100..=600_000;
    /// Milliseconds in which a request's body must arrive; then 408.
    body_ms_max: u64 = 30_000, 100..=3_600_000;
    /// Milliseconds a connection may stay idle between requests, or its client may take nothing of
    /// an answer.
    idle_ms_max: u64 = 75_000, 100..=3_600_000;
    /// Open connections; further ones wait in the listen queue.
    connections_max: usize = 10_000, 1..=1_000_000;
    /// Writes waiting for the writer; more answers 503 `OVERLOADED`.
    queued_writes_max: usize = 4_096, 1..=1_000_000;
    /// Milliseconds that requests in flight get to end after SIGTERM.
    drain_ms_max: u64 = 25_000, 0..=3_600_000;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_lies_within_its_bounds() {
        for key in Limits::KEYS {
            assert!((key.min..=key.max).contains(&key.default), "{}", key.name);
        }
    }

    #[test]
    fn setting_every_key_to_its_default_gives_the_defaults() {
        let mut limits = Limits { page_rows_max: 7, ..Limits::default() };
        for key in Limits::KEYS {
            assert!(limits.set(key.name, key.default), "{}", key.name);
        }
        assert_eq!(limits, Limits::default());
    }

    #[test]
    fn a_name_that_is_no_limit_or_a_value_too_large_for_its_type_is_not_set() {
        let mut limits = Limits::default();
        assert!(!limits.set("page_rows", 1));
        assert!(!limits.set("page_rows_max", u64::MAX));
        assert_eq!(limits, Limits::default());
    }
}
