//! Reads a scenario file; `docs/guides/writing-scenarios.md` describes the format.

use serde_json::Value;

/// A whole file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scenario {
    /// The schema served.
    pub(crate) schema: String,
    /// SQL run before the schema is served, for adopted tables.
    pub(crate) tables: Option<String>,
    /// Who asks, by name.
    pub(crate) actors: Vec<ScenarioActor>,
    /// Rows made by the server itself before the first step.
    pub(crate) rows: Vec<Row>,
    /// The steps.
    pub(crate) steps: Vec<Step>,
}

/// `ada = user staff`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScenarioActor {
    /// The name; where a row has it too, the actor is that account.
    pub(crate) name: String,
    /// `user`, `key` or `service`.
    pub(crate) kind: String,
    /// The roles.
    pub(crate) roles: Vec<String>,
    /// Whether the e-mail is verified.
    pub(crate) is_verified: bool,
}

/// `products lamp {"name": "Lamp"}`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The line of the file.
    pub(crate) line: usize,
    /// The path segment.
    pub(crate) plural: String,
    /// What the row's key is remembered as.
    pub(crate) name: String,
    /// The body.
    pub(crate) body: String,
}

/// One request and what is expected of its answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Step {
    /// The line of the file that names the step.
    pub(crate) line: usize,
    /// What the step shows, as a sentence.
    pub(crate) title: String,
    /// Who asks; nobody known when empty.
    pub(crate) actor: String,
    /// Seconds by which the clock moves on before the request.
    pub(crate) advance_seconds: i64,
    /// The method.
    pub(crate) method: String,
    /// The path, with its query where it stands in one line with it.
    pub(crate) target: String,
    /// `? name = value` lines; the runner encodes them.
    pub(crate) query: Vec<(String, String)>,
    /// Header lines.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, as it is sent.
    pub(crate) body: Option<String>,
    /// What is expected.
    pub(crate) expected: Expected,
}

/// What is expected of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Expected {
    /// The status.
    pub(crate) status: u16,
    /// The error's code.
    pub(crate) code: Option<String>,
    /// Headers; `absent` as value means that there is none.
    pub(crate) headers: Vec<(String, String)>,
    /// Statements executed for the request.
    pub(crate) statements: Option<u32>,
    /// The body.
    pub(crate) body: Option<Value>,
}

/// A line that cannot be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) message: String,
}

type Lines<'a> = [(usize, &'a str)];

/// A title and the lines below it.
type Section<'a> = ((usize, &'a str), Vec<(usize, &'a str)>);

impl Scenario {
    /// Reads a file.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let mut scenario = Self {
            schema: String::new(),
            tables: None,
            actors: Vec::new(),
            rows: Vec::new(),
            steps: Vec::new(),
        };
        for section in sections(text) {
            let (line, title) = section.0;
            let lines = section.1.as_slice();
            match title {
                "schema" => scenario.schema = joined(lines),
                "tables" => scenario.tables = Some(joined(lines)),
                "actors" => {
                    scenario.actors = filled(lines).map(parse_actor).collect::<Result<_, _>>()?;
                }
                "rows" => scenario.rows = filled(lines).map(parse_row).collect::<Result<_, _>>()?,
                title => scenario.steps.push(parse_step(line, title, lines)?),
            }
        }
        if scenario.schema.is_empty() {
            return Err(problem(1, "there is no section [schema]"));
        }
        if scenario.steps.is_empty() {
            return Err(problem(1, "there is no step"));
        }
        Ok(scenario)
    }
}

/// `[title]` lines at the margin, each with the lines below it.
fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let title = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        // A body may be an array on one line, which no title looks like.
        let title = title.filter(|title| title.starts_with(|c: char| c.is_ascii_lowercase()));
        match (title, sections.last_mut()) {
            (Some(title), _) => sections.push(((index + 1, title), Vec::new())),
            (None, Some((_, lines))) => lines.push((index + 1, line)),
            (None, None) => {}
        }
    }
    sections
}

fn joined(lines: &Lines<'_>) -> String {
    lines.iter().map(|(_, line)| format!("{line}\n")).collect()
}

/// Lines that are neither empty nor comments.
fn filled<'a>(lines: &'a Lines<'a>) -> impl Iterator<Item = (usize, &'a str)> {
    let trimmed = lines.iter().map(|(number, line)| (*number, line.trim()));
    trimmed.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn problem(line: usize, message: &str) -> Problem {
    Problem { line, message: message.to_owned() }
}

fn parse_actor((line, text): (usize, &str)) -> Result<ScenarioActor, Problem> {
    let form = "write `name = user|key|service [verified] [role …]`";
    let Some((name, rest)) = text.split_once('=') else { return Err(problem(line, form)) };
    let mut words = rest.split_whitespace();
    let kind = words.next().filter(|kind| ["user", "key", "service"].contains(kind));
    let Some(kind) = kind else { return Err(problem(line, form)) };
    let (verified, roles): (Vec<&str>, Vec<&str>) = words.partition(|word| *word == "verified");
    Ok(ScenarioActor {
        name: name.trim().to_owned(),
        kind: kind.to_owned(),
        roles: roles.into_iter().map(str::to_owned).collect(),
        is_verified: !verified.is_empty(),
    })
}

fn parse_row((line, text): (usize, &str)) -> Result<Row, Problem> {
    let mut words = text.splitn(3, ' ');
    let (Some(plural), Some(name), Some(body)) = (words.next(), words.next(), words.next()) else {
        return Err(problem(line, "write `plural name {…}` on one line"));
    };
    let (plural, name, body) = (plural.to_owned(), name.to_owned(), body.to_owned());
    Ok(Row { line, plural, name, body })
}

fn parse_step(line: usize, title: &str, lines: &Lines<'_>) -> Result<Step, Problem> {
    let mut step = Step { line, title: title.to_owned(), ..Step::default() };
    let arrow = lines.iter().position(|(_, line)| line.starts_with("-> "));
    let Some(arrow) = arrow else {
        return Err(problem(line, "the step expects nothing: add `-> STATUS`"));
    };
    parse_request(&mut step, &lines[..arrow])?;
    step.expected = parse_expected(&lines[arrow..])?;
    Ok(step)
}

fn parse_request(step: &mut Step, lines: &Lines<'_>) -> Result<(), Problem> {
    let mut rest = lines;
    while let [(number, line), tail @ ..] = rest {
        let line = line.trim();
        if step.method.is_empty() {
            parse_before_request(step, *number, line)?;
        } else if let Some(parameter) = line.strip_prefix("? ") {
            let Some((name, value)) = parameter.split_once('=') else {
                return Err(problem(*number, "write `? name = value`"));
            };
            step.query.push((name.trim().to_owned(), value.trim().to_owned()));
        } else if is_body(line) {
            step.body = Some(joined(rest).trim().to_owned());
            return Ok(());
        } else if let Some((name, value)) = line.split_once(": ") {
            step.headers.push((name.to_owned(), value.to_owned()));
        } else if !line.is_empty() && !line.starts_with('#') {
            return Err(problem(*number, "expected `? name = value`, a header or a JSON body"));
        }
        rest = tail;
    }
    if step.method.is_empty() {
        return Err(problem(step.line, "the step has no request"));
    }
    Ok(())
}

fn parse_before_request(step: &mut Step, number: usize, line: &str) -> Result<(), Problem> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(());
    }
    match line.split_once(' ') {
        Some(("as", actor)) => step.actor = actor.trim().to_owned(),
        Some(("advance", time)) => {
            let seconds = time.strip_suffix('s').and_then(|digits| digits.parse().ok());
            step.advance_seconds = seconds.ok_or_else(|| problem(number, "write `advance 60s`"))?;
        }
        Some((method, target)) if method.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            step.method = method.to_owned();
            step.target = target.trim().to_owned();
        }
        Some(_) | None => return Err(problem(number, "expected `as NAME` or a request line")),
    }
    Ok(())
}

fn parse_expected(lines: &Lines<'_>) -> Result<Expected, Problem> {
    let [(number, first), rest @ ..] = lines else { return Ok(Expected::default()) };
    let mut words = first.trim_start_matches("-> ").split_whitespace();
    let status = words.next().and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| problem(*number, "write `-> STATUS [CODE]`"))?;
    let code = words.next().map(str::to_owned);
    let mut expected = Expected { status, code, ..Expected::default() };
    let mut rest = rest;
    while let [(number, line), tail @ ..] = rest {
        let line = line.trim();
        if is_body(line) {
            let body = joined(rest);
            let parsed = serde_json::from_str(&body);
            expected.body =
                Some(parsed.map_err(|error| problem(*number, &format!("not JSON: {error}")))?);
            return Ok(expected);
        }
        if let Some((name, value)) = line.split_once(": ") {
            if name == "statements" {
                let count = value.parse().map_err(|_| problem(*number, "not a number"))?;
                expected.statements = Some(count);
            } else {
                expected.headers.push((name.to_owned(), value.to_owned()));
            }
        } else if !line.is_empty() && !line.starts_with('#') {
            return Err(problem(*number, "expected a header or a JSON body"));
        }
        rest = tail;
    }
    Ok(expected)
}

/// Whether a body starts here. Bodies that are not JSON on purpose start with a quotation mark or
/// a bracket, too.
fn is_body(line: &str) -> bool {
    line.starts_with(['{', '[', '"'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = r#"A head that says what this is about.

[schema]
type Note @model { text: String! }

[actors]
# a comment
ada = user verified staff editor

[rows]
notes first {"text": "one"}

[ada changes her note]
as ada
advance 60s
PATCH /api/v1/notes/$first
? fields = id,text
If-Match: "1"
{
  "text": "two"
}
-> 200
ETag: "2"
statements: 3
{"data": {"id": "$first", "text": "two"}}

[nobody may see it]
GET /api/v1/notes/$first
-> 404 NOT_FOUND
"#;

    #[test]
    fn a_file_is_read_whole() {
        let scenario = Scenario::parse(TEXT).unwrap();
        assert_eq!(scenario.actors[0].roles, ["staff", "editor"]);
        assert!(scenario.actors[0].is_verified);
        assert_eq!(scenario.rows[0].name, "first");
        let step = &scenario.steps[0];
        assert_eq!((step.method.as_str(), step.advance_seconds), ("PATCH", 60));
        assert_eq!(step.query, [("fields".to_owned(), "id,text".to_owned())]);
        assert_eq!(step.headers, [("If-Match".to_owned(), "\"1\"".to_owned())]);
        assert_eq!(step.body.as_deref(), Some("{\n  \"text\": \"two\"\n}"));
        assert_eq!(step.expected.statements, Some(3));
        let body = json!({"data": {"id": "$first", "text": "two"}});
        assert_eq!(step.expected.body, Some(body));
        assert_eq!(scenario.steps[1].expected.code.as_deref(), Some("NOT_FOUND"));
        assert_eq!(scenario.steps[1].actor, "");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line() {
        let line = |text: &str| Scenario::parse(text).unwrap_err().line;
        assert_eq!(line("[schema]\nx\n[a step]\nGET /\n"), 3);
        assert_eq!(line("[schema]\nx\n[a step]\nnonsense\n-> 200\n"), 4);
        assert_eq!(line("[schema]\nx\n[a step]\nGET /\n-> 200\n{\"a\":\n"), 6);
        assert_eq!(line("[schema]\nx\n[actors]\nada = wizard\n"), 4);
        assert_eq!(line("[a step]\nGET /\n-> 200\n"), 1);
    }

    #[test]
    fn an_array_on_one_line_is_a_body_and_no_title() {
        let scenario =
            Scenario::parse("[schema]\nx\n[a step]\nPOST /\n[{}]\n-> 200\n[]\n").unwrap();
        assert_eq!(scenario.steps[0].body.as_deref(), Some("[{}]"));
        assert_eq!(scenario.steps[0].expected.body, Some(json!([])));
    }
}
