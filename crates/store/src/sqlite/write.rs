//! Executes one write on the writer's connection, inside whatever transaction is open.

use std::borrow::Cow;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use underpin_base::Error;
use underpin_schema::Value;
use underpin_sql::{LinkProgram, Statement, WriteProgram};

use super::bind::{Surroundings, bind};
use super::read::{self, Execution, Stopped, write_select};
use super::{Shared, refusal};
use crate::{Earlier, Failure, ReadJob, Step, StoreError, WriteJob, WriteOutcome};

/// Why a write did not happen.
pub(super) enum Failed {
    /// The database said so; what that means is for the caller to say.
    Database(rusqlite::Error),
    /// A condition did not hold.
    Refused(Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl Failed {
    /// The answer to the client of the steps, the one at `place` of which failed.
    pub(super) fn into_answer(self, steps: &[Step], place: usize) -> Failure {
        let error = match (self, steps.get(place)) {
            (Self::Refused(error), _) => error,
            (Self::Database(error), Some(Step::Write(job))) => {
                refusal::of_error(error, &job.program.uniques)
            }
            (Self::Database(error), _) => refusal::of_error(error, &[]),
        };
        Failure { step: place, error }
    }
}

/// Does every step; where one fails, says which.
pub(super) fn execute(
    conn: &Connection,
    shared: &Shared,
    steps: &[Step],
) -> Result<Vec<WriteOutcome>, (usize, Failed)> {
    let mut outcomes = Vec::with_capacity(steps.len());
    for (place, step) in steps.iter().enumerate() {
        match step {
            Step::Require(job) => require(conn, shared, job).map_err(|failed| (place, failed))?,
            Step::Write(job) => {
                let job = filled(job, &outcomes);
                outcomes.push(execute_one(conn, shared, &job).map_err(|failed| (place, failed))?);
            }
        }
    }
    Ok(outcomes)
}

/// The write with the keys that earlier ones of the transaction were given.
fn filled<'j>(job: &'j WriteJob, outcomes: &[WriteOutcome]) -> Cow<'j, WriteJob> {
    let mut job = Cow::Borrowed(job);
    for Earlier { slot, write } in job.earlier.clone() {
        let key = outcomes.get(write).and_then(|outcome| outcome.key.clone());
        let slots = &mut job.to_mut().inputs.slots;
        if let (Some(key), Some(value)) = (key, slots.get_mut(slot)) {
            *value = match (&*value, key) {
                (Value::Text(_), Value::Int(number)) => Value::Text(number.to_string()),
                (_, key) => key,
            };
        }
    }
    job
}

/// Fails unless the item is there.
fn require(conn: &Connection, shared: &Shared, job: &ReadJob) -> Result<(), Failed> {
    let mut execution = Execution {
        conn,
        inputs: &job.inputs,
        seal: &*job.seal,
        oddities: &shared.oddities,
        n_statements: 0,
        end_max: shared.answer_bytes_max,
    };
    let found = read::execute(&mut execution, &job.program, &mut Vec::new());
    let found = found.map_err(|stopped| match stopped {
        Stopped::Database(error) => Failed::Database(error),
        Stopped::TooLong => Failed::Refused(Error::internal("a requirement is too long a row")),
    })?;
    #[cfg(test)]
    super::faults::end_statement()?;
    if found.n_rows == 0 { Err(Failed::Refused(Error::not_found())) } else { Ok(()) }
}

/// Does `job`: the change, its lists, and the row as it is afterwards.
fn execute_one(conn: &Connection, shared: &Shared, job: &WriteJob) -> Result<WriteOutcome, Failed> {
    let program = &*job.program;
    let mut around = Surroundings::of(&job.inputs);
    let mut n_statements = 1;
    if change(conn, &program.main, &around)? == 0 {
        let holds = test_results(conn, program, &around)?;
        return Err(Failed::Refused(refusal::explain(&program.tests, holds.as_deref())));
    }
    if program.makes_key {
        around.new_key = Some(conn.last_insert_rowid());
    }
    for link in &program.links {
        n_statements += set_links(conn, link, &around)?;
    }
    let mut outcome =
        WriteOutcome { key: around.new_key.map(Value::Int), ..WriteOutcome::default() };
    if let Some(reply) = &program.reply {
        let bytes_max = shared.answer_bytes_max;
        let mut execution = Execution {
            conn,
            inputs: &job.inputs,
            seal: &*job.seal,
            oddities: &shared.oddities,
            n_statements,
            end_max: bytes_max,
        };
        let rows = write_select(&mut execution, reply, &around, &mut outcome.row);
        let rows = rows.map_err(|stopped| match stopped {
            Stopped::Database(error) => Failed::Database(error),
            Stopped::TooLong => Failed::Refused(StoreError::AnswerTooLong { bytes_max }.into()),
        })?;
        #[cfg(test)]
        super::faults::end_statement()?;
        outcome.version = rows.version;
        n_statements = execution.n_statements;
    }
    outcome.n_statements = n_statements;
    Ok(outcome)
}

/// Executes a statement that changes rows, and says how many.
fn change(
    conn: &Connection,
    statement: &Statement,
    around: &Surroundings<'_>,
) -> rusqlite::Result<u64> {
    let mut prepared = conn.prepare_cached(&statement.text)?;
    bind(&mut prepared, statement, around)?;
    let mut rows = prepared.raw_query();
    while rows.next()?.is_some() {}
    drop(rows);
    let n_changed = conn.changes();
    #[cfg(test)]
    super::faults::end_statement()?;
    Ok(n_changed)
}

/// Which tests hold; `None` when the row is not there.
fn test_results(
    conn: &Connection,
    program: &WriteProgram,
    around: &Surroundings<'_>,
) -> rusqlite::Result<Option<Vec<bool>>> {
    let mut prepared = conn.prepare_cached(&program.explain.text)?;
    bind(&mut prepared, &program.explain, around)?;
    let mut rows = prepared.raw_query();
    let Some(row) = rows.next()? else { return Ok(None) };
    let holds = |column| Ok(matches!(row.get_ref(column)?, ValueRef::Integer(flag) if flag != 0));
    (0..program.tests.len()).map(holds).collect::<rusqlite::Result<_>>().map(Some)
}

/// Sets one many-to-many list; returns how many statements that took.
fn set_links(
    conn: &Connection,
    link: &LinkProgram,
    around: &Surroundings<'_>,
) -> Result<u32, Failed> {
    let mut n_statements = 0;
    if let Some(clear) = &link.clear {
        change(conn, clear, around)?;
        n_statements += 1;
    }
    let keys = match around.inputs.slots.get(usize::from(link.slot)) {
        Some(Value::List(keys)) => keys.as_slice(),
        _ => &[],
    };
    let mut missing = Vec::new();
    for (place, key) in keys.iter().enumerate() {
        let around = Surroundings { link_key: Some(key), ..*around };
        if change(conn, &link.add, &around)? == 0 {
            missing.push(format!("{}.{place}", link.field));
        }
        n_statements += 1;
    }
    if missing.is_empty() {
        Ok(n_statements)
    } else {
        Err(Failed::Refused(refusal::missing_references(missing.into_iter())))
    }
}
