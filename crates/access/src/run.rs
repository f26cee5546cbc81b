//! Runs tests: what somebody is said to be able to do is tried, and so is what they cannot.
//!
//! A test of what somebody cannot do must be refused for who they are. One that is refused because
//! its document is wrong would pass for ever, whatever the rules say, so it counts as broken.

use std::ops::Range;
use std::sync::Arc;

use underpin_base::{Code, Error, Result};
use underpin_engine::Context;
use underpin_plan::{Document, Folded, Roles, WriteKind, WriteRequest};
use underpin_schema::{Field, FieldCode, FieldId, Locking, ModelId, Value};

use crate::file::{Block, Expect, Request, Test, TestFile, Which};
use crate::judge::Judge;
use crate::matrix::Matrix;
use crate::sandbox::{NoWorld, Sandbox, write_request};
use crate::scene::Scene;
use crate::source::{Fault, Problem, Source};
use crate::story::Story;
use crate::suite::Suite;

/// What came of all tests.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Who may do what.
    pub matrix: Matrix,
    /// The tests, in the order of the files.
    pub results: Vec<TestResult>,
    /// Rows that could not be written; the tests of their files did not run.
    pub problems: Vec<Problem>,
}

/// What came of one test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestResult {
    /// The file.
    pub source: Arc<Source>,
    /// Where the test stands.
    pub span: Range<usize>,
    /// Who tried.
    pub actor: String,
    /// `can` or `cannot`, and what: `cannot delete: Order/ada-1`.
    pub sentence: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a test.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is as the test says.
    Passed,
    /// It is not.
    Failed {
        /// What happened.
        message: String,
        /// Why.
        story: Option<Box<Story>>,
    },
    /// The test proves nothing.
    Broken {
        /// Why not.
        message: String,
        /// What to do.
        help: Option<String>,
    },
}

impl Report {
    /// How many tests passed.
    #[must_use]
    pub fn n_passed(&self) -> usize {
        self.results.iter().filter(|result| result.outcome == Outcome::Passed).count()
    }

    /// Whether every test passed and every row was written.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.problems.is_empty() && self.n_passed() == self.results.len()
    }
}

pub(crate) fn run_file(suite: &Suite, file: &TestFile, report: &mut Report) -> Result<()> {
    let sandbox = match Sandbox::make(&suite.catalog.schema, &file.world, &suite.limits) {
        Ok(sandbox) => sandbox,
        Err(NoWorld::Failed(error)) => return Err(error),
        Err(NoWorld::Rows(refused)) => {
            let problems = refused.iter().map(|(row, error)| {
                let row = &file.world.rows[*row];
                let message = format!("`{}` cannot be written: {}", row.name, told(error));
                Fault::new(&row.span, message).in_file(&file.source)
            });
            report.problems.extend(problems);
            return Ok(());
        }
    };
    for block in &file.blocks {
        let run = Run { suite, file, block, ctx: sandbox.context(&block.who)? };
        for test in &block.tests {
            let outcome = run.test(&sandbox, test)?;
            report.results.push(TestResult {
                source: Arc::clone(&file.source),
                span: test.span.clone(),
                actor: file.world.label(&block.who),
                sentence: sentence(&file.source, test),
                outcome,
            });
        }
    }
    Ok(())
}

/// The test as it stands in the file, on one line.
fn sentence(source: &Source, test: &Test) -> String {
    let text = source.text[test.span.clone()].trim();
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    let is_flow = inner.len() < text.len();
    let mut line = String::new();
    for words in inner.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")) {
        // In block style the lines are members.
        let joint = match line.chars().last() {
            None => "",
            Some(':' | ',' | '{' | '[') => " ",
            Some(_) if is_flow => " ",
            Some(_) => ", ",
        };
        line = line + if words.is_empty() { "" } else { joint } + &words;
    }
    let verb = match test.expect {
        Expect::Can => "can",
        Expect::Cannot => "cannot",
    };
    format!("{verb} {}", line.trim())
}

/// The tests of one block under way.
struct Run<'a> {
    suite: &'a Suite,
    file: &'a TestFile,
    block: &'a Block,
    ctx: Context,
}

impl Run<'_> {
    fn test(&self, sandbox: &Sandbox<'_>, test: &Test) -> Result<Outcome> {
        match &test.request {
            Request::Read { model, which, fields } => {
                self.read(sandbox, test.expect, (*model, which), fields)
            }
            Request::Create { model, document } => {
                let kind = WriteKind::Create { under: None };
                self.write(sandbox, test.expect, self.request(*model, kind, document))
            }
            Request::Update { model, key, document } => {
                let kind = WriteKind::Merge { key: key.clone() };
                self.write(sandbox, test.expect, self.request(*model, kind, document))
            }
            Request::Delete { model, key } => {
                let kind = WriteKind::Delete { key: key.clone() };
                self.write(sandbox, test.expect, self.request(*model, kind, &Document::default()))
            }
        }
    }

    fn request(&self, model: ModelId, kind: WriteKind, document: &Document) -> WriteRequest {
        write_request(model, kind, document.clone())
    }

    fn read(
        &self,
        sandbox: &Sandbox<'_>,
        expect: Expect,
        (model, which): (ModelId, &Which),
        fields: &[FieldId],
    ) -> Result<Outcome> {
        let keys = match which {
            Which::Row(key) => vec![key.clone()],
            Which::Matching(wanted) => sandbox.inspector().keys(model, wanted)?,
        };
        if keys.is_empty() {
            let name = &self.suite.catalog.schema.model(model).name;
            let message = format!("no `{name}` of this world matches");
            let help = Some("describe such a row below `rows:`".to_owned());
            return Ok(Outcome::Broken { message, help });
        }
        let wanted: Vec<Option<FieldId>> =
            if fields.is_empty() { vec![None] } else { fields.iter().copied().map(Some).collect() };
        for key in &keys {
            for field in &wanted {
                let readable = self.is_readable(sandbox, (model, key), *field)?;
                if readable != (expect == Expect::Can) {
                    let fields: Vec<FieldId> = field.iter().copied().collect();
                    let story = self.judge(sandbox).read(model, key, &fields)?;
                    return Ok(failed(expect, story, readable));
                }
            }
        }
        Ok(Outcome::Passed)
    }

    fn is_readable(
        &self,
        sandbox: &Sandbox<'_>,
        row: (ModelId, &Value),
        field: Option<FieldId>,
    ) -> Result<bool> {
        let field: Option<&Field> =
            field.map(|field| self.suite.catalog.schema.field(row.0, field));
        match sandbox.reader().item(&self.ctx, row, field) {
            Ok(members) => Ok(field.is_none_or(|field| members.contains_key(&field.name))),
            Err(error) if is_denial(&error) => Ok(false),
            // A field that may never be read does not exist.
            Err(error) if error.code() == Code::UnknownField => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn write(
        &self,
        sandbox: &Sandbox<'_>,
        expect: Expect,
        mut request: WriteRequest,
    ) -> Result<Outcome> {
        let model = self.suite.catalog.schema.model(request.model);
        if model.locking == Locking::Required
            && let (Some(key), Some(version)) = (request.kind.key(), model.version)
        {
            let row = sandbox.inspector().row(model.id, key)?.unwrap_or_default();
            if let Some(Value::Int(version)) = row.get(usize::from(version.0)) {
                request.if_version = Some(*version);
            }
        }
        let written = sandbox.attempt(&self.ctx, &request)?;
        let denied = match &written {
            Ok(_) => false,
            Err(error) if is_denial(error) => true,
            Err(error) if matches!(error.code(), Code::Internal | Code::StorageUnavailable) => {
                return written.map(|()| Outcome::Passed);
            }
            Err(error) => return Ok(broken(error)),
        };
        if denied == (expect == Expect::Cannot) {
            return Ok(Outcome::Passed);
        }
        let story = self.judge(sandbox).write(&request)?;
        Ok(failed(expect, story, !denied))
    }

    fn judge<'s>(&'s self, sandbox: &'s Sandbox<'_>) -> Judge<'s> {
        let (suite, world) = (self.suite, &self.file.world);
        Judge {
            catalog: &suite.catalog,
            scene: Scene::new(
                sandbox.inspector(),
                &self.ctx,
                Folded::new(&suite.catalog, &self.ctx.actor.profile),
            ),
            roles: Roles::declared(&suite.catalog.schema),
            names: Box::new(|model, key| world.name_of(model, key).map(str::to_owned)),
            source: &suite.schema,
            actor: world.label(&self.block.who),
            limits: &suite.limits,
        }
    }
}

fn failed(expect: Expect, story: Story, happened: bool) -> Outcome {
    let (actor, action) = (&story.actor, &story.action);
    let message = match expect {
        Expect::Can => format!("{actor} may not {action}"),
        Expect::Cannot => format!("{actor} may {action}"),
    };
    // Should the two ever differ, the engine is right, and no reason is better than a wrong one.
    let story = (story.allowed == happened).then(|| Box::new(story));
    Outcome::Failed { message, story }
}

fn broken(error: &Error) -> Outcome {
    let nobody = [FieldCode::Immutable.name(), FieldCode::ReadOnly.name()];
    let fields = &error.details().fields;
    let help = if fields.iter().any(|field| nobody.contains(&field.code)) {
        "nobody may do that, whoever they are, so there is no access to test"
    } else {
        "send what would be accepted of somebody who may, so that access alone decides"
    };
    Outcome::Broken { message: told(error), help: Some(help.to_owned()) }
}

/// Whether somebody is refused for who they are.
fn is_denial(error: &Error) -> bool {
    let fields = &error.details().fields;
    let all = |code: &str| !fields.is_empty() && fields.iter().all(|field| field.code == code);
    match error.code() {
        Code::Forbidden | Code::NotFound | Code::Unauthenticated => true,
        // Every row that a test names is there, so one that is not found is hidden.
        Code::ReferenceConflict => all("NOT_FOUND"),
        // Every field that a test names is there, so one that is unknown is out of reach.
        Code::ValidationError => all(FieldCode::UnknownField.name()),
        _ => false,
    }
}

/// A refusal on one line.
fn told(error: &Error) -> String {
    let fields: Vec<String> = error
        .details()
        .fields
        .iter()
        .map(|field| match field.path.as_str() {
            "" => field.message.clone(),
            path => format!("`{path}` {}", field.message),
        })
        .collect();
    if fields.is_empty() { error.message().to_owned() } else { fields.join("; ") }
}
