//! One statement in the making: its binds, its aliases, and the rows its conditions speak of.

use std::collections::HashMap;

use underpin_plan::{ActorKind, Assigned};
use underpin_rules::{Root, Var};
use underpin_schema::{Field, FieldId, Model, ModelId, Schema, Value};

use crate::codec;
use crate::{Bind, BindSource, Codec, Dialect, Statement};

/// What all statements of a program share.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) dialect: Dialect,
    /// The actor's kind, by which some of its values cannot be null.
    pub(crate) actor: ActorKind,
    /// How the value of each slot is bound where no column says.
    pub(crate) slots: &'a [Codec],
}

/// A statement in the making. Text is put together by its callers from what its methods return.
pub(crate) struct Draft<'a> {
    pub(crate) frame: Frame<'a>,
    binds: Vec<Bind>,
    /// The place in `binds` of each of the request's values.
    slots: HashMap<(u16, Codec), usize>,
    n_aliases: u32,
}

/// Where a root of paths is found.
#[derive(Clone)]
pub(crate) enum Place<'a> {
    /// A row of the model's table, which stands in the statement under this alias.
    Table(ModelId, String),
    /// The same, with one reference known: all rows have the one that the text stands for.
    Child { model: ModelId, alias: String, field: FieldId, reference: String },
    /// A row as a write will leave it: assigned values, else columns of the stored row, else null.
    Image { model: ModelId, values: &'a [(FieldId, Assigned)], stored: Option<String> },
}

/// What the roots of a predicate stand for.
#[derive(Clone)]
pub(crate) struct Scope<'a> {
    row: Place<'a>,
    next: Option<Place<'a>>,
    vars: Vec<(Var, Place<'a>)>,
}

impl Place<'_> {
    /// The model of the row.
    pub(crate) fn model(&self) -> ModelId {
        match self {
            Self::Table(model, _) | Self::Child { model, .. } | Self::Image { model, .. } => *model,
        }
    }
}

impl<'a> Scope<'a> {
    /// Rows of a table, under an alias.
    pub(crate) fn table(model: ModelId, alias: &str) -> Self {
        Self::of(Place::Table(model, alias.to_owned()))
    }

    /// One root.
    pub(crate) fn of(row: Place<'a>) -> Self {
        Self { row, next: None, vars: Vec::new() }
    }

    /// The same with a row as it will be.
    pub(crate) fn with_next(mut self, next: Place<'a>) -> Self {
        self.next = Some(next);
        self
    }

    /// The same with a related row.
    pub(crate) fn with_var(&self, var: Var, model: ModelId, alias: &str) -> Self {
        let mut scope = self.clone();
        scope.vars.push((var, Place::Table(model, alias.to_owned())));
        scope
    }

    /// What a root stands for.
    pub(crate) fn place(&self, root: Root) -> Place<'a> {
        match root {
            Root::Row => self.row.clone(),
            Root::Next => self.next.clone().unwrap_or_else(|| self.row.clone()),
            Root::Var(var) => {
                let found = self.vars.iter().rev().find(|(bound, _)| *bound == var);
                let (_, place) = found.expect("invariant: a predicate binds the variables it uses");
                place.clone()
            }
        }
    }
}

impl<'a> Draft<'a> {
    pub(crate) fn new(frame: Frame<'a>) -> Self {
        Self { frame, binds: Vec::new(), slots: HashMap::new(), n_aliases: 0 }
    }

    /// The finished statement.
    pub(crate) fn finish(self, text: String) -> Statement {
        Statement { text, binds: self.binds }
    }

    /// A placeholder for a value; the same one for the same value.
    pub(crate) fn bind(&mut self, source: BindSource, codec: Codec) -> String {
        let next = self.binds.len();
        // A request may bring thousands of values, so they are not sought one by one; of anything
        // else a statement has but a few.
        let known = if let BindSource::Slot(slot) = source {
            Some(*self.slots.entry((slot, codec)).or_insert(next))
        } else {
            self.binds.iter().position(|bind| bind.source == source && bind.codec == codec)
        };
        let place = known.unwrap_or(next);
        if place == next {
            self.binds.push(Bind { source, codec });
        }
        self.frame.dialect.placeholder(place + 1)
    }

    /// An alias no other table of the statement has.
    pub(crate) fn alias(&mut self) -> String {
        self.n_aliases += 1;
        format!("t{}", self.n_aliases - 1)
    }

    pub(crate) fn model(&self, id: ModelId) -> &'a Model {
        self.frame.schema.model(id)
    }

    /// `"table" AS alias`.
    pub(crate) fn table(&self, model: ModelId, alias: &str) -> String {
        format!("{} AS {alias}", quoted(&self.model(model).table))
    }

    /// The value of a field of the row at `place`.
    pub(crate) fn column(&mut self, place: &Place<'_>, field: &Field) -> String {
        match place {
            Place::Table(_, alias) | Place::Child { alias, .. } => qualified(alias, &field.column),
            Place::Image { values, stored, .. } => {
                match values.iter().find(|(assigned, _)| *assigned == field.id) {
                    Some((_, value)) => self.assigned(value, field, stored.as_deref()),
                    None => stored
                        .as_ref()
                        .map_or_else(|| "NULL".to_owned(), |alias| qualified(alias, &field.column)),
                }
            }
        }
    }

    /// What a field is set to.
    pub(crate) fn assigned(
        &mut self,
        value: &Assigned,
        field: &Field,
        stored: Option<&str>,
    ) -> String {
        let codec = codec::of_field(self.frame.schema, field);
        match value {
            Assigned::Slot(slot) => self.bind(BindSource::Slot(slot.0), codec),
            Assigned::Literal(Value::Null) => "NULL".to_owned(),
            Assigned::Literal(value) => self.bind(BindSource::Literal(value.clone()), codec),
            Assigned::Now => self.bind(BindSource::Now, codec),
            Assigned::ActorId => {
                self.bind(BindSource::Actor(underpin_rules::ActorValue::Id), codec)
            }
            Assigned::Increment => match stored {
                Some(alias) => format!("{} + 1", qualified(alias, &field.column)),
                None => "1".to_owned(),
            },
        }
    }
}

/// An identifier of the schema, quoted.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A column of the table under an alias.
pub(crate) fn qualified(alias: &str, column: &str) -> String {
    format!("{alias}.{}", quoted(column))
}

/// ` WHERE a AND b`, or nothing.
pub(crate) fn where_clause(conjuncts: &[String]) -> String {
    if conjuncts.is_empty() {
        return String::new();
    }
    format!(" WHERE {}", conjuncts.join(" AND "))
}
