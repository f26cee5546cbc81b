//! The question that tells what the values of one column look like.

use super::Profile;
use crate::{Cell, Database, Failure};

impl Profile {
    /// Reads every row of `table` once. Both names are quoted already.
    pub(super) fn read(db: &mut dyn Database, table: &str, column: &str) -> Result<Self, Failure> {
        let rows = db.query(&question(table, column), &[])?;
        let row = rows.first().map_or(&[][..], Vec::as_slice);
        let count = |at: usize| row.get(at).and_then(Cell::integer).and_then(|n| n.try_into().ok());
        let digits = |at: usize| count(at).and_then(|n: u64| n.try_into().ok()).unwrap_or(0);
        let counted = |at: usize| count(at).unwrap_or(0);
        Ok(Self {
            nulls: counted(0),
            integers: counted(1),
            reals: counted(2),
            texts: counted(3),
            blobs: counted(4),
            integer_min: row.get(5).and_then(Cell::integer),
            integer_max: row.get(6).and_then(Cell::integer),
            text_length_max: count(7),
            dates: counted(8),
            date_times: counted(9),
            iso_date_times: counted(10),
            times: counted(11),
            uuids: counted(12),
            json_containers: counted(13),
            decimals: counted(14),
            uuid_blobs: counted(15),
            scale_max: digits(16),
            digits_max: digits(17),
        })
    }

    /// Rows that hold a value.
    #[must_use]
    pub fn values(&self) -> u64 {
        self.integers + self.reals + self.texts + self.blobs
    }
}

const DAY: &str = "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]";
const TIME: &str = "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]";

fn question(table: &str, column: &str) -> String {
    // `v` names the value once; the planner folds the subquery away.
    let text = "typeof(v) = 'text'";
    let plain = "v NOT GLOB '*[^0-9.]*' AND v GLOB '*[0-9]*' AND v NOT GLOB '*.*.*' \
                 AND v NOT GLOB '.*' AND v NOT GLOB '*.'";
    let plain = plain.replace("v ", "ltrim(v, '-') ");
    let uuid = "length(v) = 36 AND v NOT GLOB '*[^0-9a-f-]*' \
                AND length(unhex(replace(v, '-', ''))) = 16 \
                AND v GLOB '????????-????-????-????-????????????'";
    let fraction = "(length(v) = 19 OR (substr(v, 20, 1) = '.' AND length(v) BETWEEN 21 AND 26 \
                    AND substr(v, 21) NOT GLOB '*[^0-9]*'))";
    let scales: String = (0..10).map(|n| format!(" WHEN round(v, {n}) = v THEN {n}")).collect();
    format!(
        "SELECT count(*) FILTER (WHERE v IS NULL), \
         count(*) FILTER (WHERE typeof(v) = 'integer'), \
         count(*) FILTER (WHERE typeof(v) = 'real'), \
         count(*) FILTER (WHERE {text}), \
         count(*) FILTER (WHERE typeof(v) = 'blob'), \
         min(v) FILTER (WHERE typeof(v) = 'integer'), \
         max(v) FILTER (WHERE typeof(v) = 'integer'), \
         max(length(v)) FILTER (WHERE {text}), \
         count(*) FILTER (WHERE {text} AND v GLOB '{DAY}' AND date(v) = v), \
         count(*) FILTER (WHERE {text} AND v GLOB '{DAY} {TIME}*' \
           AND datetime(substr(v, 1, 19)) = substr(v, 1, 19) AND {fraction}), \
         count(*) FILTER (WHERE {text} AND v GLOB '{DAY}[T ]{TIME}*' \
           AND NOT (v GLOB '{DAY} {TIME}*' AND {fraction})), \
         count(*) FILTER (WHERE {text} AND v GLOB '{TIME}' AND time(v) = v), \
         count(*) FILTER (WHERE {text} AND {uuid}), \
         count(*) FILTER (WHERE {text} AND (v GLOB '{{*' OR v GLOB '[[]*') AND json_valid(v)), \
         count(*) FILTER (WHERE {text} AND {plain}), \
         count(*) FILTER (WHERE typeof(v) = 'blob' AND length(v) = 16), \
         max(CASE typeof(v) WHEN 'real' THEN CASE{scales} ELSE 10 END \
           WHEN 'text' THEN min(10, iif(instr(v, '.'), length(v) - instr(v, '.'), 0)) ELSE 0 END), \
         max(CASE typeof(v) WHEN 'text' THEN length(ltrim(v, '-')) - \
           iif(instr(v, '.'), 1 + length(v) - instr(v, '.'), 0) WHEN 'blob' THEN 0 \
           WHEN 'null' THEN 0 WHEN 'real' THEN iif(abs(v) < 1e18, length(CAST(abs(CAST(v AS INTEGER)) AS TEXT)), 99) \
           ELSE length(ltrim(CAST(v AS TEXT), '-')) END) \
         FROM (SELECT {column} AS v FROM {table})"
    )
}
