//! The other sides of relations: lists of the rows that refer to a row, and many-to-many.

use super::model::{Draft, FieldDraft};
use super::{naming, render};

/// An inverse to add: at which model, with which names to try, of which type, of which field.
struct Inverse {
    target: usize,
    names: Vec<String>,
    written_type: String,
    field: String,
}

/// Adds the fields that have no column.
pub(super) fn join_models(draft: &mut Draft<'_>, notes: &mut Vec<String>) {
    let inverses = inverses(draft);
    for inverse in inverses {
        let directive = format!("@relation(field: {})", render::string(&inverse.field));
        add(draft, inverse.target, &inverse.names, (inverse.written_type, directive));
    }
    for at in 0..draft.joins.len() {
        add_join(draft, at);
    }
    note_constraints(draft, notes);
}

fn add(
    draft: &mut Draft<'_>,
    at: usize,
    names: &[String],
    (written_type, directive): (String, String),
) -> usize {
    let model = &mut draft.models[at];
    let name = model.taken.give(names);
    let directives = vec![directive];
    model.fields.push(FieldDraft {
        name,
        written_type,
        directives,
        column: None,
        target: None,
        is_unique: false,
    });
    model.fields.len() - 1
}

fn inverses(draft: &Draft<'_>) -> Vec<Inverse> {
    let mut found = Vec::new();
    for (at, model) in draft.models.iter().enumerate() {
        for field in &model.fields {
            let Some(target) = field.target else { continue };
            let n_to_target = model.fields.iter().filter(|f| f.target == Some(target)).count();
            let by = naming::first_upper(&field.name);
            let (short, written_type) = if field.is_unique {
                (naming::first_lower(&model.name), model.name.clone())
            } else {
                (model.plural_name.clone(), format!("[{}!]!", model.name))
            };
            let long = format!("{short}By{by}");
            // The first of several references must not have the plain name, as if it were the one.
            let names = if n_to_target > 1 || (target == at && field.name == short) {
                vec![long]
            } else {
                vec![short, long]
            };
            found.push(Inverse { target, names, written_type, field: field.name.clone() });
        }
    }
    found
}

fn add_join(draft: &mut Draft<'_>, at: usize) {
    let join = &draft.joins[at];
    let table = join.table.name.clone();
    let [(left_column, left), (right_column, right)] = join.sides;
    let (left_column, right_column) = (left_column.to_owned(), right_column.to_owned());
    let through = naming::field(&table);
    // A model joined with itself tells its sides apart by their columns.
    let names = |target: usize, column: &str| {
        let model = &draft.models[target];
        let plain = model.plural_name.clone();
        let by_column = underpin_schema::naming::plural(&naming::relation(column, &model.name));
        let long = format!("{plain}By{}", naming::first_upper(&through));
        if left == right { vec![by_column, long] } else { vec![plain, long] }
    };
    let (left_names, right_names) = (names(right, &right_column), names(left, &left_column));
    let list = |target: usize| format!("[{}!]!", draft.models[target].name);
    let (left_type, right_type) = (list(right), list(left));
    let left_at = add(draft, left, &left_names, (left_type, String::new()));
    let right_at = add(draft, right, &right_names, (right_type, String::new()));
    let name = |model: usize, field: usize| render::string(&draft.models[model].fields[field].name);
    let (left_name, right_name) = (name(left, left_at), name(right, right_at));
    draft.models[left].fields[left_at].directives = vec![format!(
        "@relation(field: {right_name}, table: {}, from: {}, to: {})",
        render::string(&table),
        render::string(&left_column),
        render::string(&right_column),
    )];
    draft.models[right].fields[right_at].directives =
        vec![format!("@relation(field: {left_name})")];
}

/// Constraints that hold in the database and that the schema does not say.
fn note_constraints(draft: &Draft<'_>, notes: &mut Vec<String>) {
    for model in &draft.models {
        let table = &model.table.name;
        notes.extend(model.key.note.iter().map(|note| format!("`{table}`: {note}")));
        for check in &model.table.checks {
            notes.push(format!(
                "`{table}` checks ({check}) itself; as `@check` or `@range` clients would learn why a \
                 row is refused"
            ));
        }
        for index in model.table.indexes.iter().filter(|index| index.unique) {
            let is_expression = index.columns.iter().any(|column| column.name.is_none());
            if index.filter.is_some() || is_expression {
                notes.push(format!(
                    "the unique index `{}` of `{table}` is over a condition or an expression, which \
                     `@unique` cannot say",
                    index.name
                ));
            }
        }
    }
}
