//! Executes reads: steps through rows and writes them as JSON, relations included.
//!
//! All statements of a program see one snapshot without a transaction of their own: a statement
//! that has yielded a row and was not reset keeps the connection's read transaction open, and the
//! first one is held until the last one has ended.

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, Row};
use underpin_schema::{Value, wire};
use underpin_sql::{Cardinality, Codec, CursorColumn, Inputs, Output, ReadProgram, Select};

use super::bind::{Surroundings, bind};
use super::decode::decode;
use super::list;
use super::oddities::Oddities;
use crate::cell::Cell;
use crate::{ReadOutcome, Seal};

/// What every part of an execution needs.
pub(super) struct Execution<'e> {
    pub(super) conn: &'e Connection,
    pub(super) inputs: &'e Inputs,
    pub(super) seal: &'e dyn Seal,
    pub(super) oddities: &'e Oddities,
    pub(super) n_statements: u32,
    /// Bytes the buffer may hold, with whatever stands before the rows.
    pub(super) end_max: usize,
}

/// Why a read did not come to its end.
pub(super) enum Stopped {
    /// The database said so.
    Database(rusqlite::Error),
    /// Its rows have more bytes than an answer may have.
    TooLong,
}

impl From<rusqlite::Error> for Stopped {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

/// A prepared select with its prepared relations: prepared once for a program, run for each parent.
struct Frame<'e> {
    statement: CachedStatement<'e>,
    children: Vec<Option<Self>>,
}

/// The rows that one run of a select wrote.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) n_rows: u32,
    has_more: bool,
    /// The sort values of the row read first, and of the last one of a full page.
    near: Vec<Value>,
    far: Vec<Value>,
    pub(super) version: Option<i64>,
}

/// Executes `program` and appends its rows to `out`, which may hold a part of them on failure.
pub(super) fn execute(
    execution: &mut Execution<'_>,
    program: &ReadProgram,
    out: &mut Vec<u8>,
) -> Result<ReadOutcome, Stopped> {
    let around = Surroundings::of(execution.inputs);
    let conn = execution.conn;
    let mut outcome = ReadOutcome::default();

    let mut parent = program.parent.as_ref().map(|s| conn.prepare_cached(&s.text)).transpose()?;
    let mut held_parent = None;
    if let (Some(statement), Some(prepared)) = (&program.parent, &mut parent) {
        bind(prepared, statement, &around)?;
        execution.n_statements += 1;
        let mut rows = prepared.raw_query();
        if rows.next()?.is_none() {
            outcome.n_statements = execution.n_statements;
            return Ok(outcome);
        }
        held_parent = Some(rows);
    }

    let mut count = program.count.as_ref().map(|s| conn.prepare_cached(&s.text)).transpose()?;
    let mut held_count = None;
    if let (Some(statement), Some(prepared)) = (&program.count, &mut count) {
        bind(prepared, statement, &around)?;
        execution.n_statements += 1;
        let mut rows = prepared.raw_query();
        let total: i64 = rows.next()?.map_or(Ok(0), |row| row.get(0))?;
        outcome.total = Some(u64::try_from(total).unwrap_or(0));
        held_count = Some(rows);
    }

    let written = write_select(execution, &program.root, &around, out)?;
    drop((held_parent, held_count));
    outcome.found = program.root.cardinality != Cardinality::One || written.n_rows > 0;
    outcome.n_rows = written.n_rows;
    outcome.has_more = written.has_more;
    outcome.version = written.version;
    outcome.n_statements = execution.n_statements;
    (outcome.first, outcome.last) = if program.root.reversed {
        (written.far, written.near)
    } else {
        (written.near, written.far)
    };
    Ok(outcome)
}

/// Executes one select at the top and appends what it yields: an object, nothing at all where
/// there is none, or an array.
pub(super) fn write_select(
    execution: &mut Execution<'_>,
    select: &Select,
    around: &Surroundings<'_>,
    out: &mut Vec<u8>,
) -> Result<Rows, Stopped> {
    let mut frame = Frame::prepare(execution.conn, select)?;
    execution.write_rows(select, &mut frame, around, out)
}

impl<'e> Frame<'e> {
    fn prepare(conn: &'e Connection, select: &Select) -> rusqlite::Result<Self> {
        let statement = conn.prepare_cached(&select.statement.text)?;
        Ok(Self { statement, children: Vec::new() })
    }

    fn child<'f>(
        children: &'f mut Vec<Option<Self>>,
        conn: &'e Connection,
        place: usize,
        select: &Select,
    ) -> rusqlite::Result<&'f mut Self> {
        if children.len() <= place {
            children.resize_with(place + 1, || None);
        }
        match &mut children[place] {
            Some(child) => Ok(child),
            vacant => Ok(vacant.insert(Self::prepare(conn, select)?)),
        }
    }
}

impl<'e> Execution<'e> {
    fn write_rows(
        &mut self,
        select: &Select,
        frame: &mut Frame<'e>,
        around: &Surroundings<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Rows, Stopped> {
        bind(&mut frame.statement, &select.statement, around)?;
        self.n_statements += 1;
        let children = &mut frame.children;
        let mut rows = frame.statement.raw_query();
        let Some(limit) = self.limit_of(select) else {
            let mut written = Rows::default();
            if let Some(row) = rows.next()? {
                self.write_row(select, row, children, out)?;
                written.n_rows = 1;
                written.version =
                    select.version_column.map(|c| row.get(usize::from(c))).transpose()?;
            }
            return Ok(written);
        };

        let mut written = Rows::default();
        // Where each row begins, to turn them round; only filled where that is to be done.
        let mut starts = Vec::new();
        out.push(b'[');
        while let Some(row) = rows.next()? {
            if written.n_rows == limit {
                written.has_more = true;
                break;
            }
            if written.n_rows > 0 {
                out.push(b',');
            }
            if select.reversed {
                starts.push(out.len());
            }
            self.write_row(select, row, children, out)?;
            written.n_rows += 1;
            if written.n_rows == 1 && self.wants_near(select) {
                written.near = self.values_of(&select.cursor, row);
            }
            if written.n_rows == limit {
                written.far = self.values_of(&select.cursor, row);
            }
        }
        turn_round(out, &starts);
        out.push(b']');
        Ok(written)
    }

    /// How many rows the select writes at most; `None` for a single object.
    fn limit_of(&self, select: &Select) -> Option<u32> {
        match select.cardinality {
            Cardinality::One => None,
            Cardinality::Page => Some(self.inputs.limit),
            Cardinality::Included(limit) => Some(limit),
        }
    }

    /// Nobody asks where an included list begins: it begins at its beginning.
    fn wants_near(&self, select: &Select) -> bool {
        select.cardinality == Cardinality::Page
    }

    fn write_row(
        &mut self,
        select: &Select,
        row: &Row<'_>,
        children: &mut Vec<Option<Frame<'e>>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Stopped> {
        // The cursors of relations that were cut short, as members of `_next`.
        let mut next = Vec::new();
        let mut separator = b'{';
        let mut place = 0;
        for output in &select.outputs {
            match output {
                Output::Column { label, column, codec, shown } => {
                    if is_set(row, *shown)? {
                        out.push(separator);
                        separator = b',';
                        out.extend_from_slice(label.as_bytes());
                        self.write_column(select, row, (*column, *codec), out)?;
                    }
                }
                Output::Relation { name, shown, unless_null, select: related } => {
                    if is_set(row, *shown)? {
                        out.push(separator);
                        separator = b',';
                        wire::string(name, out);
                        out.push(b':');
                        if is_null(row, *unless_null)? {
                            out.extend_from_slice(b"null");
                        } else {
                            let child = Frame::child(children, self.conn, place, related)?;
                            let rows = self.write_related(related, child, row, out)?;
                            self.push_next(&mut next, name, related, &rows);
                        }
                    }
                    place += 1;
                }
            }
        }
        if separator == b'{' {
            out.push(b'{');
        }
        if !next.is_empty() {
            out.extend_from_slice(if separator == b'{' { b"\"_next\":" } else { b",\"_next\":" });
            out.append(&mut next);
            out.push(b'}');
        }
        out.push(b'}');
        if out.len() > self.end_max { Err(Stopped::TooLong) } else { Ok(()) }
    }

    fn write_related(
        &mut self,
        select: &Select,
        frame: &mut Frame<'e>,
        parent: &Row<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Rows, Stopped> {
        let around = Surroundings { parent: Some(parent), ..Surroundings::of(self.inputs) };
        let rows = self.write_rows(select, frame, &around, out)?;
        if select.cardinality == Cardinality::One && rows.n_rows == 0 {
            out.extend_from_slice(b"null");
        }
        Ok(rows)
    }

    fn push_next(&self, next: &mut Vec<u8>, name: &str, select: &Select, rows: &Rows) {
        if !rows.has_more || select.cursor.is_empty() {
            return;
        }
        next.push(if next.is_empty() { b'{' } else { b',' });
        wire::string(name, next);
        next.extend_from_slice(b":\"");
        self.seal.seal(select.cursor_shape, &rows.far, next);
        next.push(b'"');
    }

    fn write_column(
        &self,
        select: &Select,
        row: &Row<'_>,
        (column, codec): (u16, Codec),
        out: &mut Vec<u8>,
    ) -> rusqlite::Result<()> {
        let held = row.get_ref(usize::from(column))?;
        let is_readable = match (codec.list, held) {
            (true, ValueRef::Text(text)) => list::push_json(out, text, codec),
            (true, ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_)) => false,
            (true, ValueRef::Null) | (false, _) => {
                decode(held, codec).map(|cell| cell.push_json(out)).is_some()
            }
        };
        if !is_readable {
            self.oddities.report(select, column, codec, held);
            out.extend_from_slice(b"null");
        }
        Ok(())
    }

    fn values_of(&self, columns: &[CursorColumn], row: &Row<'_>) -> Vec<Value> {
        let value_of = |column: &CursorColumn| {
            let held = row.get_ref(usize::from(column.column)).ok()?;
            decode(held, column.codec).map(Cell::to_value)
        };
        // What cannot be read cannot be sought either: null sorts before everything, so the list
        // goes on from its beginning and nothing is skipped.
        columns.iter().map(|column| value_of(column).unwrap_or(Value::Null)).collect()
    }
}

/// Whether the boolean column says yes; no column says yes.
fn is_set(row: &Row<'_>, column: Option<u16>) -> rusqlite::Result<bool> {
    let Some(column) = column else { return Ok(true) };
    Ok(matches!(row.get_ref(usize::from(column))?, ValueRef::Integer(flag) if flag != 0))
}

fn is_null(row: &Row<'_>, column: Option<u16>) -> rusqlite::Result<bool> {
    let Some(column) = column else { return Ok(false) };
    Ok(matches!(row.get_ref(usize::from(column))?, ValueRef::Null))
}

/// Puts the last of the comma-separated rows first, and so on.
fn turn_round(out: &mut Vec<u8>, starts: &[usize]) {
    let Some(&first) = starts.first() else { return };
    let rows = out.split_off(first);
    let mut end = rows.len();
    for start in starts.iter().rev().map(|start| start - first) {
        out.extend_from_slice(&rows[start..end]);
        if start > 0 {
            out.push(b',');
        }
        end = start.saturating_sub(1);
    }
}
