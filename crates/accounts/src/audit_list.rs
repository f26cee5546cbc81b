//! What happened to accounts, for those who may know.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use underpin_base::{Code, Error, Result};
use underpin_engine::SystemQuery;
use underpin_plan::Operator;

use crate::ask::Ask;
use crate::{Accounts, Answer};

/// Rows of a page, when nobody says how many.
const ROWS_DEFAULT: u32 = 50;

/// Rows of a page at most.
const ROWS_MAX: u32 = 200;

/// Parameters that are conditions, and the fields that they name.
const CONDITIONS: &[(&str, &str)] =
    &[("event", "event"), ("outcome", "outcome"), ("account", "account"), ("target", "target")];

/// Something that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuditRow {
    id: String,
    created_at: String,
    event: String,
    outcome: String,
    actor: String,
    account: Option<String>,
    session: Option<String>,
    target: Option<String>,
    ip: Option<String>,
    agent: Option<String>,
    details: Option<Json>,
}

impl Accounts {
    /// What happened, newest first: a page of it.
    pub(crate) async fn list_audit(&self, ask: &Ask<'_>) -> Result<Answer> {
        let (mut limit, mut cursor, mut conditions) = (ROWS_DEFAULT, None, Vec::new());
        for (at, (name, text)) in ask.query.iter().enumerate() {
            if ask.query[..at].iter().any(|(earlier, _)| earlier == name) {
                return Err(invalid(name, "stands twice"));
            }
            match name.as_str() {
                "limit" => {
                    limit = text
                        .parse()
                        .ok()
                        .filter(|limit| (1..=ROWS_MAX).contains(limit))
                        .ok_or_else(|| invalid(name, "must be a whole number from 1 to 200"))?;
                }
                "cursor" => cursor = Some(text.as_str()),
                _ => {
                    let known = CONDITIONS.iter().find(|(parameter, _)| parameter == name);
                    let (_, field) = known.ok_or_else(|| unknown(name))?;
                    conditions.push((*field, Operator::Eq, text.as_str()));
                }
            }
        }
        let query = SystemQuery {
            sort: &[("createdAt", true)],
            limit,
            cursor,
            ..SystemQuery::new("Audit", &conditions)
        };
        let (rows, next): (Vec<AuditRow>, _) = self.engine.system_list(query).await?;
        let meta = json!({ "nextCursor": next });
        Ok(Answer::Data { data: json!(rows), meta: Some(meta) })
    }
}

fn invalid(name: &str, what: &str) -> Error {
    Error::new(Code::InvalidParameter, format!("the parameter `{name}` {what}"))
        .with_parameter(name)
}

fn unknown(name: &str) -> Error {
    Error::new(Code::UnknownParameter, format!("there is no parameter `{name}`"))
        .with_parameter(name)
        .with_hint("there are `limit`, `cursor`, `event`, `outcome`, `account` and `target`")
}
