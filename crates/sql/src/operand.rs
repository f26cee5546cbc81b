//! Operands: columns, paths, values, and bringing two of them to one encoding.

use underpin_plan::ActorKind;
use underpin_rules::{ActorValue, Operand, Path, Root};
use underpin_schema::{Encoding, Field, FieldId, FieldKind, ModelId, Scalar, Value};

use crate::codec;
use crate::statement::{Draft, Place, Scope, qualified};
use crate::{BindSource, Codec};

/// A key, or a reference to one, as text.
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) codec: Codec,
}

impl Draft<'_> {
    /// Two operands as text, in one encoding.
    pub(crate) fn pair(
        &mut self,
        left: &Operand,
        right: &Operand,
        scope: &Scope<'_>,
    ) -> [String; 2] {
        let codec = self.meeting(left, right);
        let [left_text, right_text] =
            [left, right].map(|operand| self.operand(operand, codec, scope));
        if !self.caseless(left) && !self.caseless(right) {
            return [left_text, right_text];
        }
        let right_text = self.frame.dialect.caseless(&right_text);
        if matches!(left, Operand::Guarded(..)) {
            return [self.frame.dialect.caseless(&left_text), right_text];
        }
        [left_text, right_text]
    }

    /// The encoding in which two operands can be compared.
    pub(crate) fn meeting(&self, left: &Operand, right: &Operand) -> Codec {
        match (self.column_codec(left), self.column_codec(right)) {
            (Some(column), None) => beside(column, right),
            (None, Some(column)) => beside(column, left),
            (Some(one), Some(other)) if one == other => beside(one, left),
            (Some(one), Some(other)) => common(one, other),
            (None, None) => self.own_codec(left).unwrap_or_else(|| self.value_codec(right)),
        }
    }

    /// The encoding in which items of a list of such values meet what is sought there.
    pub(crate) fn member(&self, scalar: Scalar, item: &Operand) -> Codec {
        let held = codec::native(scalar);
        self.column_codec(item).map_or_else(|| beside(held, item), |column| common(held, column))
    }

    /// An operand as text in the encoding of `codec`.
    pub(crate) fn operand(&mut self, operand: &Operand, codec: Codec, scope: &Scope<'_>) -> String {
        match operand {
            Operand::Literal(Value::Null) => "NULL".to_owned(),
            Operand::Literal(value) => self.bind(BindSource::Literal(value.clone()), codec),
            Operand::Slot(slot) => self.bind(BindSource::Slot(slot.0), codec),
            Operand::Actor(value) => self.bind(BindSource::Actor(value.clone()), codec),
            Operand::Now => self.bind(BindSource::Now, codec),
            Operand::Path(path) => {
                let text = self.path(path, scope);
                self.converted(text, self.path_codec(path), codec)
            }
            Operand::Size(path) => {
                let text = self.path(path, scope);
                self.frame.dialect.size(&text, self.path_codec(path))
            }
            Operand::Shifted(inner, micros) => self.shifted(inner, *micros, codec, scope),
            Operand::Guarded(guard, inner) => {
                let guard = self.condition(guard, scope);
                let inner = self.operand(inner, codec, scope);
                let text = format!("CASE WHEN {guard} THEN {inner} END");
                self.collated(text, operand, codec)
            }
        }
    }

    /// A text with the collation of its operand. A database takes one from anywhere inside an
    /// expression, so that a caseless comparison in a guard would make the guarded text caseless.
    fn collated(&self, text: String, operand: &Operand, codec: Codec) -> String {
        if !codec.scalar.is_text() {
            return text;
        }
        if self.caseless(operand) {
            return self.frame.dialect.caseless(&text);
        }
        self.frame.dialect.exact(&text)
    }

    fn shifted(&mut self, inner: &Operand, micros: i64, codec: Codec, scope: &Scope<'_>) -> String {
        if let Operand::Now = inner {
            return self.bind(BindSource::NowShifted(micros), codec);
        }
        let inner = self.operand(inner, codec::native(Scalar::DateTime), scope);
        self.frame.dialect.clamp_time(&format!("{inner} + {micros}"))
    }

    fn converted(&self, text: String, from: Codec, to: Codec) -> String {
        if from == to {
            return text;
        }
        self.frame.dialect.to_native(&text, from, codec::scale(to.scalar))
    }

    /// A column reached from a root; over relations, by a subselect along their keys.
    pub(crate) fn path(&mut self, path: &Path, scope: &Scope<'_>) -> String {
        let place = scope.place(path.root);
        let field = self.frame.schema.field(path.target, path.field);
        let Some((first, rest)) = path.steps.split_first() else {
            return self.column(&place, field);
        };
        if let Some(reference) = self.enforced_reference(path, scope) {
            return reference;
        }
        let (reference, mut model) = self.step(&place, path.model, *first);
        let mut alias = self.alias();
        let mut from = self.table(model, &alias);
        let start = self.equal_keys(&self.key_at_alias(model, &alias), &reference);
        for step in rest {
            let (reference, next) = self.step(&Place::Table(model, alias), model, *step);
            alias = self.alias();
            let on = self.equal_keys(&self.key_at_alias(next, &alias), &reference);
            from = format!("{from} JOIN {} ON {on}", self.table(next, &alias));
            model = next;
        }
        let column = qualified(&alias, &field.column);
        format!("(SELECT {column} FROM {from} WHERE {start})")
    }

    /// For a path that ends at the key of the row it leads to: the reference to that row, which is
    /// the same where the database holds references to rows that are there.
    fn enforced_reference(&mut self, path: &Path, scope: &Scope<'_>) -> Option<String> {
        let before = path.steps.get(..path.steps.len() - 1)?;
        let owner = before.iter().fold(path.model, |model, step| self.referred(model, *step));
        let at_key = self.model(path.target).key == path.field;
        (at_key && self.model(owner).managed)
            .then(|| self.key_at(path.root, &path.steps, scope).text)
    }

    /// The reference that a to-one field holds, and the model it refers to.
    fn step(&mut self, place: &Place<'_>, model: ModelId, field: FieldId) -> (Key, ModelId) {
        let target = self.referred(model, field);
        let held = self.frame.schema.field(model, field);
        let text = match place {
            // What hangs on it alone is found once for all rows.
            Place::Child { field: known, reference, .. } if *known == field => reference.clone(),
            Place::Table(..) | Place::Child { .. } | Place::Image { .. } => {
                self.column(place, held)
            }
        };
        (Key { text, codec: codec::of_field(self.frame.schema, held) }, target)
    }

    /// The key of the table under an alias.
    pub(crate) fn key_at_alias(&self, model: ModelId, alias: &str) -> Key {
        let model = self.model(model);
        let text = qualified(alias, &model.key_field().column);
        Key { text, codec: codec::of_key(model) }
    }

    /// That two keys are the same. As they stand, so that an index serves, unless an adopted table
    /// holds its references otherwise than the keys they refer to.
    pub(crate) fn equal_keys(&self, one: &Key, other: &Key) -> String {
        if one.codec.encoding == other.codec.encoding {
            return format!("{} = {}", one.text, other.text);
        }
        let [one, other] =
            [one, other].map(|key| self.frame.dialect.to_native(&key.text, key.codec, 0));
        format!("{one} = {other}")
    }

    /// The model that a to-one field refers to.
    fn referred(&self, model: ModelId, field: FieldId) -> ModelId {
        match &self.frame.schema.field(model, field).kind {
            FieldKind::ToOne(to_one) => to_one.target,
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToMany(_)
            | FieldKind::ManyToMany(_) => unreachable!("invariant: paths go over to-one fields"),
        }
    }

    /// The key of the row at the end of `steps`, without visiting that row.
    pub(crate) fn key_at(&mut self, root: Root, steps: &[FieldId], scope: &Scope<'_>) -> Key {
        let place = scope.place(root);
        let model = place.model();
        let Some((last, before)) = steps.split_last() else {
            let model = self.model(model);
            let text = self.column(&place, model.key_field());
            return Key { text, codec: codec::of_key(model) };
        };
        let target = before.iter().fold(model, |model, step| self.referred(model, *step));
        let field = self.frame.schema.field(target, *last);
        let codec = codec::of_field(self.frame.schema, field);
        let steps = before.to_vec();
        let scalar = codec.scalar;
        let path = Path { root, model, steps, field: *last, target, scalar, nullable: true };
        Key { text: self.path(&path, scope), codec }
    }

    fn path_codec(&self, path: &Path) -> Codec {
        codec::of_field(self.frame.schema, self.frame.schema.field(path.target, path.field))
    }

    /// How a column among the operand's parts holds its value; `None` for values, which take the
    /// encoding of what they meet.
    pub(crate) fn column_codec(&self, operand: &Operand) -> Option<Codec> {
        match operand {
            Operand::Path(path) => Some(self.path_codec(path)),
            Operand::Size(_) => Some(codec::native(Scalar::BigInt)),
            Operand::Guarded(_, inner) => self.column_codec(inner),
            Operand::Shifted(inner, _) => {
                self.column_codec(inner).map(|_| codec::native(Scalar::DateTime))
            }
            Operand::Literal(_) | Operand::Slot(_) | Operand::Actor(_) | Operand::Now => None,
        }
    }

    /// The encoding of an operand that meets nothing.
    pub(crate) fn value_codec(&self, operand: &Operand) -> Codec {
        self.own_codec(operand).unwrap_or(codec::native(Scalar::String))
    }

    /// How a value would be bound by itself; `None` for null.
    fn own_codec(&self, operand: &Operand) -> Option<Codec> {
        match operand {
            Operand::Literal(Value::Null) => None,
            Operand::Literal(value) => Some(codec::of_value(value)),
            Operand::Slot(slot) => self.frame.slots.get(usize::from(slot.0)).copied(),
            Operand::Actor(value) => Some(codec::of_actor(self.frame.schema, value)),
            Operand::Now | Operand::Shifted(..) => Some(codec::native(Scalar::DateTime)),
            Operand::Guarded(_, inner) => self.own_codec(inner),
            Operand::Path(_) | Operand::Size(_) => self.column_codec(operand),
        }
    }

    /// The field that an operand reads, where it reads one.
    fn field_of(&self, operand: &Operand) -> Option<&Field> {
        match operand {
            Operand::Path(path) => Some(self.frame.schema.field(path.target, path.field)),
            Operand::Guarded(_, inner) => self.field_of(inner),
            Operand::Literal(_)
            | Operand::Slot(_)
            | Operand::Size(_)
            | Operand::Actor(_)
            | Operand::Now
            | Operand::Shifted(..) => None,
        }
    }

    /// Whether the operand is text that compares without regard to case.
    pub(crate) fn caseless(&self, operand: &Operand) -> bool {
        self.field_of(operand).is_some_and(|field| match &field.kind {
            FieldKind::ToOne(to_one) => self.model(to_one.target).key_field().caseless,
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToMany(_)
            | FieldKind::ManyToMany(_) => field.caseless,
        })
    }

    /// Whether the operand can be null.
    pub(crate) fn nullable(&self, operand: &Operand, scope: &Scope<'_>) -> bool {
        match operand {
            Operand::Literal(value) => *value == Value::Null,
            Operand::Slot(_) | Operand::Now => false,
            Operand::Path(path) | Operand::Size(path) => path.nullable || unset(path, scope),
            Operand::Actor(value) => self.actor_nullable(value),
            Operand::Shifted(inner, _) => self.nullable(inner, scope),
            Operand::Guarded(..) => true,
        }
    }

    fn actor_nullable(&self, value: &ActorValue) -> bool {
        match value {
            ActorValue::Id => self.frame.actor != ActorKind::User,
            ActorValue::Kind | ActorValue::Verified | ActorValue::Transport => false,
            ActorValue::Claim(_) | ActorValue::UserField(_) | ActorValue::Ip => true,
        }
    }
}

/// Whether a path starts at a proposed row that has no value for it (a key the database makes).
fn unset(path: &Path, scope: &Scope<'_>) -> bool {
    let first = path.steps.first().copied().unwrap_or(path.field);
    match scope.place(path.root) {
        Place::Table(..) | Place::Child { .. } | Place::Image { stored: Some(_), .. } => false,
        Place::Image { values, stored: None, .. } => {
            values.iter().all(|(field, _)| *field != first)
        }
    }
}

/// The encoding for a column and a value that meets it: the column's own, so that an index on it
/// serves; but for numbers held as text, whose order is not that of the text, and for constants
/// with more digits than the column.
fn beside(column: Codec, value: &Operand) -> Codec {
    let numeric = matches!(
        column.scalar,
        Scalar::Int | Scalar::BigInt | Scalar::Float | Scalar::Boolean | Scalar::Decimal { .. }
    );
    let ordered = !(numeric && column.encoding == Encoding::Text);
    let Scalar::Decimal { scale: own, .. } = column.scalar else {
        return if ordered { column } else { codec::native(column.scalar) };
    };
    let wanted = match value {
        Operand::Literal(Value::Decimal(decimal)) => u8::try_from(decimal.scale()).unwrap_or(own),
        Operand::Literal(_)
        | Operand::Slot(_)
        | Operand::Path(_)
        | Operand::Size(_)
        | Operand::Actor(_)
        | Operand::Now
        | Operand::Shifted(..)
        | Operand::Guarded(..) => own,
    };
    if wanted <= own && ordered {
        return column;
    }
    codec::native(Scalar::Decimal { precision: 18, scale: own.max(wanted) })
}

/// The encoding in which two columns that hold values differently are compared.
fn common(one: Codec, other: Codec) -> Codec {
    let decimal = Scalar::Decimal {
        precision: 18,
        scale: codec::scale(one.scalar).max(codec::scale(other.scalar)),
    };
    match (one.scalar, other.scalar) {
        (Scalar::Decimal { .. }, _) | (_, Scalar::Decimal { .. }) => codec::native(decimal),
        (scalar, _) => codec::native(scalar),
    }
}
