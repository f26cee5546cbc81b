//! Writes rows from files into the database, through the engine, as the service actor.
//!
//! Seeding again does no harm: a row whose key exists is passed over. Rows are tried in the order
//! of their references; one that refers to a row which is not there yet is put off and tried again
//! once the others are written. Everything else that is wrong is collected, and nothing of it keeps
//! the right rows out.

mod decode;
pub(crate) mod file;
mod order;
mod report;

use std::path::PathBuf;
use std::sync::Arc;

use indicatif::ProgressBar;
use tokio::task::LocalSet;
use underpin_base::{Code, Error, FieldError, Limits};
use underpin_engine::{Context, Engine, ReadCall};
use underpin_plan::{
    Document, PageRequest, Paging, RawText, ReadRequest, Target, WriteKind, WriteRequest,
};
use underpin_schema::{FieldCode, Model, ModelId, Schema, Value, nearest};

use file::{FileProblem, SeedFile};
use order::Node;

/// Rows written at the same time, so that they share commits.
const ROWS_AT_ONCE: usize = 64;

/// What seeding did.
#[derive(Debug, Default)]
pub(crate) struct Seeded {
    /// Rows written.
    pub(crate) n_created: usize,
    /// Rows whose key was there.
    pub(crate) n_skipped: usize,
    /// Files that could not be read, or belong to no model.
    pub(crate) files: Vec<FileProblem>,
    /// Rows that were refused.
    pub(crate) rows: Vec<RowProblem>,
}

/// A row that was refused.
#[derive(Debug)]
pub(crate) struct RowProblem {
    /// The file as messages name it.
    pub(crate) shown: String,
    /// The row's line.
    pub(crate) line: usize,
    /// The row's number in the file, from 1.
    pub(crate) number: usize,
    /// Why.
    pub(crate) error: Error,
}

impl Seeded {
    /// Whether every row is in the database.
    pub(crate) fn is_complete(&self) -> bool {
        self.files.is_empty() && self.rows.is_empty()
    }
}

/// A row on its way.
#[derive(Clone)]
struct Row {
    shown: Arc<str>,
    line: usize,
    number: usize,
    model: ModelId,
    document: Document,
}

enum Written {
    Created,
    Skipped,
}

/// Writes the rows of `paths`. With `paths` in an order of the user's, pass it as it is; rows that
/// refer to each other find their order anyway.
pub(crate) async fn seed(
    engine: &Arc<Engine>,
    paths: &[PathBuf],
    progress: &ProgressBar,
) -> Seeded {
    let mut seeded = Seeded::default();
    let schema = Arc::clone(&*engine.app().await);
    let schema = schema.schema();
    let rows = rows(schema, engine.limits(), paths, &mut seeded);
    progress.set_length(u64::try_from(rows.len()).unwrap_or(u64::MAX));

    let mut waiting = rows;
    while !waiting.is_empty() {
        let n_before = waiting.len();
        let (put_off, refused) = write_all(engine, waiting, &mut seeded, progress).await;
        seeded.rows.extend(refused);
        let made_progress = put_off.len() < n_before;
        if !made_progress {
            seeded.rows.extend(put_off.into_iter().map(|(row, error)| row.problem(error)));
            break;
        }
        waiting = put_off.into_iter().map(|(row, _)| row).collect();
    }
    seeded.rows.sort_by(|a, b| (&a.shown, a.line).cmp(&(&b.shown, b.line)));
    progress.finish_and_clear();
    seeded
}

/// Whether no model has a row.
pub(crate) async fn is_empty(engine: &Engine) -> Result<bool, Error> {
    let app = engine.app().await;
    let ctx = engine.service_context();
    for model in &app.schema().models {
        let request = || Ok(keys_of(Target::List(model.id), model));
        let shape = format!("first {}", model.id.0);
        let call = ReadCall {
            shape: shape.as_bytes(),
            build: &request,
            values: &[],
            limit: Some(1),
            page: None,
            cursor: None,
        };
        let mut rows = Vec::new();
        engine.read(&app, &ctx, call, &mut rows).await?;
        if rows != b"[]" {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The rows of all files, in the order they are best written in.
fn rows(schema: &Schema, limits: &Limits, paths: &[PathBuf], seeded: &mut Seeded) -> Vec<Row> {
    let mut files: Vec<Vec<Row>> = Vec::new();
    let mut nodes: Vec<Node> = Vec::new();
    for path in paths {
        let (file, id) = match file::read(path).and_then(|file| with_model(schema, file)) {
            Ok(found) => found,
            Err(problem) => {
                seeded.files.push(problem);
                continue;
            }
        };
        let model = schema.model(id);
        let rows = rows_of(schema, limits, model, &file, seeded);
        let targets = rows.iter().flat_map(|row| order::targets(model, &row.document)).collect();
        nodes.push(Node { model: id, targets });
        files.push(rows);
    }
    let order = order::by_references(&nodes);
    order.into_iter().flat_map(|index| std::mem::take(&mut files[index])).collect()
}

fn rows_of(
    schema: &Schema,
    limits: &Limits,
    model: &Model,
    file: &SeedFile,
    seeded: &mut Seeded,
) -> Vec<Row> {
    let shown: Arc<str> = Arc::from(file.shown.as_str());
    let mut rows = Vec::with_capacity(file.rows.len());
    for (index, (line, row)) in file.rows.iter().enumerate() {
        let mut made = Row {
            shown: Arc::clone(&shown),
            line: *line,
            number: index + 1,
            model: model.id,
            document: Document::default(),
        };
        match decode::document(schema, model, row, limits) {
            Ok(document) => {
                made.document = document;
                rows.push(made);
            }
            Err(error) => seeded.rows.push(made.problem(error)),
        }
    }
    rows
}

/// The model a file is for: by plural (`products.json`) or by name (`Product.json`).
fn with_model(schema: &Schema, file: SeedFile) -> Result<(SeedFile, ModelId), FileProblem> {
    let found = schema.by_plural.get(&file.model).or_else(|| schema.by_name.get(&file.model));
    if let Some(model) = found {
        return Ok((file, *model));
    }
    let plurals = || schema.models.iter().map(|model| model.plural.as_str());
    let advice = match nearest(&file.model, plurals()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            format!("a file is named after one of {}", plurals().collect::<Vec<_>>().join(", "))
        }
    };
    let message = format!("there is no model `{}`; {advice}", file.model);
    Err(FileProblem { shown: file.shown, line: None, message })
}

type PutOff = Vec<(Row, Error)>;

/// Writes the rows, a number of them at a time. Returns those whose references were not there, and
/// those that were refused for good.
async fn write_all(
    engine: &Arc<Engine>,
    rows: Vec<Row>,
    seeded: &mut Seeded,
    progress: &ProgressBar,
) -> (PutOff, Vec<RowProblem>) {
    let (mut put_off, mut refused) = (Vec::new(), Vec::new());
    for batch in rows.chunks(ROWS_AT_ONCE) {
        let tasks = LocalSet::new();
        let running: Vec<_> = batch
            .iter()
            .map(|row| {
                let (engine, row) = (Arc::clone(engine), row.clone());
                tasks.spawn_local(async move { write(&engine, row).await })
            })
            .collect();
        tasks.await;
        for (task, row) in running.into_iter().zip(batch) {
            match task.await.expect("invariant: writing a row does not panic") {
                Ok(Written::Created) => seeded.n_created += 1,
                Ok(Written::Skipped) => seeded.n_skipped += 1,
                Err(error) if error.code() == Code::ReferenceConflict => {
                    put_off.push((row.clone(), error));
                    continue;
                }
                Err(error) => refused.push(row.problem(error)),
            }
            progress.inc(1);
        }
    }
    (put_off, refused)
}

async fn write(engine: &Engine, row: Row) -> Result<Written, Error> {
    let app = engine.app().await;
    let model = app.schema().model(row.model);
    let ctx = engine.service_context();
    let Some(key) = decode::key(&row.document, model) else {
        return Err(without_key(row.document.errors, model));
    };
    if exists(engine, &app, &ctx, (model, &key)).await? {
        return Ok(Written::Skipped);
    }
    let request = WriteRequest {
        model: row.model,
        kind: WriteKind::Create { under: None },
        document: row.document,
        if_version: None,
        include: Vec::new(),
        fields: Some(vec![model.key_field().name.clone()]),
    };
    match engine.write(&app, &ctx, request).await {
        Ok(_) => Ok(Written::Created),
        // Another file, or another process, has just written it.
        Err(error) if is_there_already(&error, model) => Ok(Written::Skipped),
        Err(error) => Err(error),
    }
}

fn is_there_already(error: &Error, model: &Model) -> bool {
    let name = &model.key_field().name;
    let fields = &error.details().fields;
    error.code() == Code::UniqueConflict && fields.iter().all(|field| field.path == *name)
}

/// A row needs a key of its own: without one, seeding again would write it again.
fn without_key(mut errors: Vec<FieldError>, model: &Model) -> Error {
    let name = &model.key_field().name;
    // What is no object has no place for a key either.
    if !errors.iter().any(|error| error.path == *name || error.path.is_empty()) {
        errors.push(FieldError {
            path: name.clone(),
            code: FieldCode::Required.name(),
            message: "a seed row needs a key, so that it is written once only".to_owned(),
        });
    }
    Error::validation(errors)
}

async fn exists(
    engine: &Engine,
    app: &underpin_engine::App,
    ctx: &Context,
    (model, key): (&Model, &Value),
) -> Result<bool, Error> {
    let request = || Ok(keys_of(Target::Item(model.id), model));
    let mut text = Vec::new();
    match &model.key_field().kind {
        underpin_schema::FieldKind::Scalar(scalar) => scalar.write_text(key, &mut text),
        _ => unreachable!("a key is a scalar"),
    }
    let text = String::from_utf8_lossy(&text);
    let shape = format!("seed {}", model.id.0);
    let call = ReadCall {
        shape: shape.as_bytes(),
        build: &request,
        values: &[RawText::Key(&text)],
        limit: None,
        page: None,
        cursor: None,
    };
    match engine.read(app, ctx, call, &mut Vec::new()).await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Code::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A question for nothing but keys.
fn keys_of(target: Target, model: &Model) -> ReadRequest {
    ReadRequest {
        target,
        fields: Some(vec![model.key_field().name.clone()]),
        include: Vec::new(),
        conditions: Vec::new(),
        filter: None,
        sort: Vec::new(),
        page: PageRequest { paging: Paging::First, count: false },
    }
}

impl Row {
    fn problem(&self, error: Error) -> RowProblem {
        RowProblem { shown: self.shown.to_string(), line: self.line, number: self.number, error }
    }
}
