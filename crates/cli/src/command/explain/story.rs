//! A story on the terminal: the decision, the rules as trees, the clause that decided.

use underpin_access::{ClauseStory, FieldStory, Finding, Joined, Permission, Source, Story};
use underpin_base::Code;

use crate::command::test::decided;
use crate::output::{Look, Output};

/// Columns that a clause takes before its values, where it is not longer.
const CLAUSE_WIDTH: usize = 40;

pub(super) fn print(story: &Story, output: Output) {
    let code = story.code.and_then(|name| Code::ALL.iter().find(|code| code.name() == name));
    let (verdict, look) = if story.allowed { ("may", Look::Good) } else { ("may not", Look::Bad) };
    let answer = code.map_or_else(String::new, |code| {
        format!(", and is answered {} {}", code.status(), code.name())
    });
    let verdict = output.paint(look, verdict);
    output.result(format_args!("{} {verdict} {}{answer}", story.actor, story.action));
    for finding in &story.findings {
        output.result(format_args!("\n{}", self::finding(finding, story, output)));
    }
    if !story.fields.is_empty() {
        output.result("\nfields");
    }
    for field in &story.fields {
        output.result(self::field(field, story, output));
    }
    // The clauses stand above already; here they stand in the file.
    output.result(format_args!("\n{}", decided(story, output.stdout_colour())));
}

fn finding(finding: &Finding, story: &Story, output: Output) -> String {
    let mark = if finding.decides { "  <- this decided" } else { "" };
    let row = if finding.row.is_empty() { String::new() } else { format!(", for {}", finding.row) };
    let subject = output.paint(Look::Bold, format_args!("{}{row}", finding.subject));
    let mut lines = vec![format!("{subject}{}", output.paint(Look::Dim, mark))];
    match &finding.rule {
        Some(rule) => clause(rule, 1, (story, output), &mut lines),
        None if finding.permission.is_some() => {
            lines.push(line(false, "there is none", "", 1, output));
        }
        None => {}
    }
    if let Some(permission) = &finding.permission {
        let Permission { name, held, covered, .. } = permission;
        let text = format!("permission {name}");
        lines.push(line(*held, &text, &whose(permission), 1, output));
        if !covered {
            lines.push(line(false, "scope of the key", "none covers it", 1, output));
        }
    }
    lines.join("\n")
}

/// Who has a permission.
fn whose(permission: &Permission) -> String {
    let roles = permission.roles.join(", ");
    match (permission.held, permission.roles.is_empty()) {
        (true, _) => format!("by the role {roles}"),
        (false, true) => "no role gives it".to_owned(),
        (false, false) => format!("roles that give it: {roles}"),
    }
}

fn clause(
    told: &ClauseStory,
    depth: usize,
    (story, output): (&Story, Output),
    lines: &mut Vec<String>,
) {
    let label = told.label();
    let values = label.split_once(": ").map_or("", |(_, values)| values);
    // Where the whole rule stands is enough.
    let place = (depth == 1).then(|| place(story.schema(), told));
    let values = match (place, values) {
        (Some(place), "") => place,
        (Some(place), values) => format!("{values} ({place})"),
        (None, values) => values.to_owned(),
    };
    let text = told.text.split_whitespace().collect::<Vec<_>>().join(" ");
    lines.push(line(told.holds, &text, &values, depth, output));
    for part in &told.parts {
        clause(part, depth + 1, (story, output), lines);
    }
    for row in &told.rows {
        lines.push(format!("{}{}", "  ".repeat(depth + 1), row.row));
        clause(&row.condition, depth + 2, (story, output), lines);
    }
    let n_more = told.n_rows - told.rows.len();
    if n_more > 0 && matches!(told.joined, Joined::Exists | Joined::Every) {
        lines.push(format!("{}and {n_more} more", "  ".repeat(depth + 1)));
    }
}

fn place(schema: &Source, told: &ClauseStory) -> String {
    format!("{}:{}:{}", schema.path, told.line, told.column)
}

fn line(holds: bool, text: &str, values: &str, depth: usize, output: Output) -> String {
    let (verdict, look) = if holds { ("true ", Look::Good) } else { ("false", Look::Bad) };
    let indent = "  ".repeat(depth);
    let width = CLAUSE_WIDTH.saturating_sub(indent.len() + text.chars().count());
    let values = output.paint(Look::Dim, values);
    let line =
        format!("{indent}{} {text}{} {values}", output.paint(look, verdict), " ".repeat(width));
    line.trim_end().to_owned()
}

fn field(field: &FieldStory, story: &Story, output: Output) -> String {
    let (verdict, look) =
        if field.readable { ("there ", Look::Good) } else { ("absent", Look::Bad) };
    let verdict = output.paint(look, verdict);
    let mut lines = vec![format!("  {verdict} {}: {}", field.field, field.reason)];
    if let Some(rule) = field.finding.as_ref().and_then(|finding| finding.rule.as_ref()) {
        clause(rule, 2, (story, output), &mut lines);
    }
    lines.join("\n")
}
