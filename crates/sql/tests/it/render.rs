//! Programs and plans as text for golden files.

use std::fmt::Write as _;

use underpin_base::Error;
use underpin_plan::{AuthorizedRead, AuthorizedWrite, Catalog, Member, Selection, WriteTest};
use underpin_schema::{Encoding, ModelId, Scalar, Value};
use underpin_sql::{Bind, BindSource, Codec, Output, ReadProgram, Select, Statement, WriteProgram};

/// Every statement of a program, for SQLite to prepare.
pub(crate) fn statements_of_read(program: &ReadProgram) -> Vec<&Statement> {
    let mut statements: Vec<&Statement> = program.parent.iter().chain(&program.count).collect();
    add_selects(&program.root, &mut statements);
    statements
}

/// Every statement of a program.
pub(crate) fn statements_of_write(program: &WriteProgram) -> Vec<&Statement> {
    let mut statements = vec![&program.main, &program.explain];
    for link in &program.links {
        statements.extend(&link.clear);
        statements.push(&link.add);
    }
    if let Some(reply) = &program.reply {
        add_selects(reply, &mut statements);
    }
    statements
}

fn add_selects<'a>(select: &'a Select, statements: &mut Vec<&'a Statement>) {
    statements.push(&select.statement);
    for output in &select.outputs {
        if let Output::Relation { select, .. } = output {
            add_selects(select, statements);
        }
    }
}

pub(crate) fn error(error: &Error) -> String {
    let details = error.details();
    let mut text = format!("{} {}\n", error.code().status(), error);
    for (name, value) in
        [("parameter", &details.parameter), ("hint", &error.hint().map(str::to_owned))]
    {
        if let Some(value) = value {
            let _ = writeln!(text, "{name}: {value}");
        }
    }
    if let Some(offset) = details.offset {
        let _ = writeln!(text, "offset: {offset}");
    }
    if !details.allowed.is_empty() {
        let _ = writeln!(text, "allowed: {}", details.allowed.join(" "));
    }
    for field in &details.fields {
        let _ = writeln!(text, "{}: {} {}", field.path, field.code, field.message);
    }
    text
}

pub(crate) fn read(catalog: &Catalog, read: &AuthorizedRead, program: &ReadProgram) -> String {
    let mut text = String::new();
    let plan = read.plan();
    if let Some(parent) = &plan.parent {
        let _ = writeln!(text, "parent where {}", parent.condition.display(&catalog.schema));
    }
    selection(catalog, &plan.root, 0, &mut text);
    text.push('\n');
    if let Some(parent) = &program.parent {
        statement("parent", parent, &mut text);
    }
    select("rows", &program.root, &mut text);
    if let Some(count) = &program.count {
        statement("count", count, &mut text);
    }
    text
}

fn selection(catalog: &Catalog, selection: &Selection, depth: usize, text: &mut String) {
    let schema = &catalog.schema;
    let model = schema.model(selection.model);
    let indent = "  ".repeat(depth);
    let condition = selection.condition.display(schema);
    let _ = writeln!(text, "{indent}{} {:?} where {condition}", model.name, selection.rows);
    for member in &selection.members {
        let (Member::Column { field, shown } | Member::Relation { field, shown, .. }) = member;
        let guard = shown.display(schema).to_string();
        if guard != "true" {
            let name = &model.field(*field).name;
            let _ = writeln!(text, "{indent}  {name} if {guard}");
        }
        if let Member::Relation { field, selection: inner, .. } = member {
            let _ = writeln!(text, "{indent}  {}:", model.field(*field).name);
            self::selection(catalog, inner, depth + 2, text);
        }
    }
}

fn select(name: &str, select: &Select, text: &mut String) {
    let mut outputs = Vec::new();
    for output in &select.outputs {
        outputs.push(match output {
            Output::Column { label, column, codec, shown } => {
                let shown = shown.map(|column| format!(" if {column}")).unwrap_or_default();
                format!(
                    "{}{column} {}{shown}",
                    label.trim_matches(['"', ':']).to_owned() + "=",
                    codec_name(*codec)
                )
            }
            Output::Relation { name, shown, unless_null, .. } => {
                let shown = shown.map(|column| format!(" if {column}")).unwrap_or_default();
                let null =
                    unless_null.map(|column| format!(" unless null {column}")).unwrap_or_default();
                format!("{name}=…{null}{shown}")
            }
        });
    }
    statement(name, &select.statement, text);
    let _ = writeln!(text, "  -> {}", outputs.join(", "));
    let cursor: Vec<String> = select.cursor.iter().map(|term| term.column.to_string()).collect();
    let version = select.version_column.map(|c| format!(", version {c}")).unwrap_or_default();
    let reversed = if select.reversed { ", reversed" } else { "" };
    let _ = writeln!(
        text,
        "  -> {:?}, key {}{version}, cursor [{}]{reversed}",
        select.cardinality,
        select.key_column,
        cursor.join(" ")
    );
    for output in &select.outputs {
        if let Output::Relation { name: member, select: inner, .. } = output {
            self::select(&format!("{name}.{member}"), inner, text);
        }
    }
}

fn statement(name: &str, statement: &Statement, text: &mut String) {
    let _ = writeln!(text, "{name}:");
    for line in broken(&statement.text) {
        let _ = writeln!(text, "  {line}");
    }
    for (place, bind) in statement.binds.iter().enumerate() {
        let _ = writeln!(text, "  ?{} = {}", place + 1, shown(bind));
    }
}

/// The text with a line for each clause, so that a change shows where it is.
fn broken(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut depth = 0_i32;
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        let clause =
            matches!(word.trim(), "FROM" | "WHERE" | "ORDER" | "LIMIT" | "AND" | "SET" | "VALUES")
                || (word.trim() == "SELECT" && !line.is_empty());
        if depth == 0 && clause {
            lines.push(line.trim_end().to_owned());
            line = String::new();
        }
        depth += i32::try_from(word.matches('(').count()).unwrap_or(0);
        depth -= i32::try_from(word.matches(')').count()).unwrap_or(0);
        line.push_str(word);
    }
    lines.push(line);
    lines
}

fn shown(bind: &Bind) -> String {
    let source = match &bind.source {
        BindSource::Literal(value) => format!("literal {}", literal(value)),
        BindSource::Slot(slot) => format!("slot {slot}"),
        BindSource::Actor(value) => format!("actor {value:?}"),
        BindSource::Now => "now".to_owned(),
        BindSource::NowShifted(micros) => format!("now {micros:+}"),
        BindSource::Parent(column) => format!("parent column {column}"),
        BindSource::LimitPlusOne => "limit + 1".to_owned(),
        BindSource::Offset => "offset".to_owned(),
        BindSource::Cursor(term) => format!("cursor {term}"),
        BindSource::LinkKey => "link key".to_owned(),
        BindSource::NewKey => "new key".to_owned(),
    };
    format!("{source} as {}", codec_name(bind.codec))
}

fn literal(value: &Value) -> String {
    let mut text = Vec::new();
    Scalar::String.write_json(value, &mut text);
    String::from_utf8(text).expect("text")
}

fn codec_name(codec: Codec) -> String {
    let mut name = match codec.scalar {
        Scalar::Decimal { scale, .. } => format!("Decimal.{scale}"),
        Scalar::Id(kind) => format!("ID.{kind:?}"),
        scalar => scalar.name().to_owned(),
    };
    if codec.encoding != Encoding::Native {
        let _ = write!(name, "/{:?}", codec.encoding);
    }
    if codec.list { format!("[{name}]") } else { name }
}

pub(crate) fn write(catalog: &Catalog, write: &AuthorizedWrite, program: &WriteProgram) -> String {
    let mut text = String::new();
    let plan = write.plan();
    for test in &plan.tests {
        let _ = writeln!(text, "test {}", self::test(catalog, plan.model, test));
    }
    let _ = writeln!(text, "slots {:?}, key {:?}\n", plan.slots, plan.key.map(|slot| slot.0));
    statement("main", &program.main, &mut text);
    statement("explain", &program.explain, &mut text);
    let failures: Vec<String> =
        program.tests.iter().map(|test| format!("{:?}", test.failure)).collect();
    let _ = writeln!(text, "  -> {}", failures.join(", "));
    for link in &program.links {
        let _ = writeln!(text, "link {} from slot {}", link.field, link.slot);
        if let Some(clear) = &link.clear {
            statement("clear", clear, &mut text);
        }
        statement("add", &link.add, &mut text);
    }
    for unique in &program.uniques {
        let _ = writeln!(
            text,
            "unique {:?} of {:?} told {:?}",
            unique.index, unique.columns, unique.fields
        );
    }
    if let Some(reply) = &program.reply {
        select("reply", reply, &mut text);
    }
    text
}

fn test(catalog: &Catalog, model: ModelId, test: &WriteTest) -> String {
    let schema = &catalog.schema;
    let name = |field| &schema.field(model, field).name;
    match test {
        WriteTest::Readable(predicate) => format!("readable: {}", predicate.display(schema)),
        WriteTest::Parent(row) => format!("parent: {}", row.condition.display(schema)),
        WriteTest::Allowed(predicate) => format!("allowed: {}", predicate.display(schema)),
        WriteTest::Field(field, predicate) => {
            format!("field {}: {}", name(*field), predicate.display(schema))
        }
        WriteTest::Version(_) => "version".to_owned(),
        WriteTest::Reference(field, row) => {
            format!("reference {}: {}", name(*field), row.condition.display(schema))
        }
        WriteTest::Check(predicate, message) => {
            format!("check {}: {message}", predicate.display(schema))
        }
    }
}
