//! The condition of a partial index as SQL text.
//!
//! An index is made once, so its condition holds constants and no binds, and speaks of columns of
//! its own table alone. What cannot be said so is refused with the index's name.

use underpin_migrate::{RunError, constant};
use underpin_rules::{CompareOp, Operand, Path, Predicate, Root, Rules, TextOp};
use underpin_schema::{Field, Index, Model, Schema, Value};

/// Refuses conditions that an index cannot have.
pub(super) fn check(schema: &Schema, rules: &Rules) -> Result<(), RunError> {
    for model in schema.models.iter().filter(|model| model.managed) {
        let filters = &rules.model(model.id).index_filters;
        for (index, filter) in model.indexes.iter().zip(filters) {
            if index.filter.is_some() && (Writer { schema, model }).condition(filter).is_none() {
                let message = format!(
                    "the condition of the index `{}` of {} may compare fields of the row with \
                     constants, and nothing else",
                    index.name, model.name
                );
                return Err(RunError::Schema { message });
            }
        }
    }
    Ok(())
}

/// The condition of `index`. Indexes of adopted tables are described, never made: theirs is empty.
pub(super) fn sql(schema: &Schema, rules: &Rules, model: &Model, index: &Index) -> String {
    let at = model.indexes.iter().position(|candidate| candidate == index);
    let filter = at.and_then(|at| rules.model(model.id).index_filters.get(at));
    filter.and_then(|filter| Writer { schema, model }.condition(filter)).unwrap_or_default()
}

struct Writer<'a> {
    schema: &'a Schema,
    model: &'a Model,
}

impl Writer<'_> {
    /// SQL that is true where the predicate holds, and false or null elsewhere, which an index
    /// treats alike.
    fn condition(&self, predicate: &Predicate) -> Option<String> {
        match predicate {
            Predicate::True => Some("1".to_owned()),
            Predicate::False => Some("0".to_owned()),
            Predicate::And(parts) => self.joined(parts, " AND "),
            Predicate::Or(parts) => self.joined(parts, " OR "),
            Predicate::Not(inner) => Some(format!("({}) IS NOT TRUE", self.condition(inner)?)),
            Predicate::Compare { op, left, right } => self.compare(*op, left, right),
            Predicate::In { item, list } => {
                let field = self.field(item)?;
                let items: Option<Vec<String>> =
                    list.iter().map(|operand| self.side(operand, Some(field))).collect();
                Some(format!("{} IN ({})", name(&field.column), items?.join(", ")))
            }
            Predicate::Text { op, subject, needle: Operand::Literal(Value::Text(needle)) } => {
                Some(prefix_or_part(*op, &name(&self.field(subject)?.column), needle))
            }
            Predicate::IsNull(operand) => Some(format!("{} IS NULL", self.side(operand, None)?)),
            Predicate::IsTrue(operand) => self.side(operand, None),
            Predicate::InList { .. }
            | Predicate::Text { .. }
            | Predicate::Exists(_)
            | Predicate::Can(_)
            | Predicate::HasRole(_) => None,
        }
    }

    fn joined(&self, parts: &[Predicate], by: &str) -> Option<String> {
        let parts: Option<Vec<String>> = parts.iter().map(|part| self.condition(part)).collect();
        Some(format!("({})", parts?.join(by)))
    }

    fn compare(&self, op: CompareOp, left: &Operand, right: &Operand) -> Option<String> {
        let field = self.field(left).or_else(|| self.field(right));
        let nullable = [left, right].map(|side| self.nullable(side));
        // As `sql` writes them, for an index serves only queries whose conditions read the same.
        let operator = match (op, nullable) {
            (CompareOp::Eq, [true, true]) => "IS",
            (CompareOp::Eq, _) => "=",
            (CompareOp::Ne, [false, false]) => "<>",
            (CompareOp::Ne, _) => "IS NOT",
            (CompareOp::Lt, _) => "<",
            (CompareOp::Le, _) => "<=",
            (CompareOp::Gt, _) => ">",
            (CompareOp::Ge, _) => ">=",
        };
        Some(format!("{} {operator} {}", self.side(left, field)?, self.side(right, field)?))
    }

    /// An operand; a constant takes the form of the field it meets.
    fn side(&self, operand: &Operand, field: Option<&Field>) -> Option<String> {
        match operand {
            Operand::Literal(Value::Null) => Some("NULL".to_owned()),
            Operand::Literal(Value::Int(value)) if field.is_none() => Some(value.to_string()),
            Operand::Literal(value) => constant(self.schema, field?, value),
            Operand::Path(_) => Some(name(&self.field(operand)?.column)),
            Operand::Size(path) => {
                let column = name(&self.column(path)?.column);
                let function =
                    if is_list(self.column(path)?) { "json_array_length" } else { "length" };
                Some(format!("{function}({column})"))
            }
            Operand::Slot(_)
            | Operand::Actor(_)
            | Operand::Now
            | Operand::Shifted(..)
            | Operand::Guarded(..) => None,
        }
    }

    fn nullable(&self, operand: &Operand) -> bool {
        match operand {
            Operand::Literal(value) => *value == Value::Null,
            Operand::Path(path) | Operand::Size(path) => path.nullable,
            Operand::Slot(_)
            | Operand::Actor(_)
            | Operand::Now
            | Operand::Shifted(..)
            | Operand::Guarded(..) => true,
        }
    }

    fn field(&self, operand: &Operand) -> Option<&Field> {
        match operand {
            Operand::Path(path) => self.column(path),
            Operand::Literal(_)
            | Operand::Slot(_)
            | Operand::Size(_)
            | Operand::Actor(_)
            | Operand::Now
            | Operand::Shifted(..)
            | Operand::Guarded(..) => None,
        }
    }

    fn column(&self, path: &Path) -> Option<&Field> {
        let own = path.root == Root::Row && path.steps.is_empty() && path.model == self.model.id;
        own.then(|| self.model.field(path.field))
    }
}

fn is_list(field: &Field) -> bool {
    use underpin_schema::FieldKind::{EnumList, ScalarList};
    matches!(field.kind, ScalarList(_) | EnumList(_))
}

fn prefix_or_part(op: TextOp, column: &str, needle: &str) -> String {
    let text = format!("'{}'", needle.replace('\'', "''"));
    let n_characters = needle.chars().count();
    match op {
        TextOp::Contains => format!("instr({column}, {text}) > 0"),
        TextOp::StartsWith => format!("substr({column}, 1, {n_characters}) = {text}"),
        TextOp::EndsWith if n_characters == 0 => format!("{column} IS NOT NULL"),
        TextOp::EndsWith => format!("substr({column}, -{n_characters}) = {text}"),
    }
}

fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
