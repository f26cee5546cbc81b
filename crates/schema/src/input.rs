//! A client's value for a field: read, and held against everything the field demands.
//!
//! What is wrong is collected, not returned at the first fault, so that a client learns of all its
//! mistakes at once. Whether the caller may set the field at all is decided elsewhere.

use std::cmp::Ordering;

use underpin_base::FieldError;

use crate::json::{self, Kind};
use crate::{EnumId, Field, FieldCode, FieldKind, Scalar, Schema, TextOrder, Value, ValueError};

/// Items of a list; `None` for the value as a whole.
type Fault = (Option<usize>, ValueError);

impl Schema {
    /// The type of what a field holds, or of each item for a list: an enum reads as `String`, a
    /// reference as the key it refers to. `None` for relations without a column, except that a
    /// many-to-many field is a list of the other side's keys.
    #[must_use]
    pub fn scalar_of(&self, field: &Field) -> Option<Scalar> {
        let key_of = |target| self.model(target).key_field().kind.scalar();
        match &field.kind {
            FieldKind::Scalar(scalar) | FieldKind::ScalarList(scalar) => Some(*scalar),
            FieldKind::Enum(_) | FieldKind::EnumList(_) => Some(Scalar::String),
            FieldKind::ToOne(to_one) => key_of(to_one.target),
            FieldKind::ManyToMany(join) => key_of(join.target),
            FieldKind::ToMany(_) => None,
        }
    }
}

impl Field {
    /// Reads the text of one JSON value and validates it.
    ///
    /// # Errors
    /// Every fault, its path starting with the field's name: `labels.2` for the third item.
    pub fn parse_json(&self, schema: &Schema, raw: &str) -> Result<Value, Vec<FieldError>> {
        let Some(scalar) = schema.scalar_of(self) else {
            let message = "is the other side of a relation; set it there";
            return Err(vec![self.error((None, ValueError::new(FieldCode::ReadOnly, message)))]);
        };
        let value = if self.is_list() {
            read_list(scalar, raw)
        } else {
            scalar.parse_json(raw).map_err(|error| vec![(None, error)])
        };
        let value = value.map_err(|faults| self.errors(faults))?;
        match self.validate_value(schema, &value) {
            errors if errors.is_empty() => Ok(value),
            errors => Err(errors),
        }
    }

    /// Everything that is wrong with a value of the field's type: nullability, membership of the
    /// enum, length, range, pattern.
    #[must_use]
    pub fn validate_value(&self, schema: &Schema, value: &Value) -> Vec<FieldError> {
        if value.is_null() {
            let message = "must not be null";
            let refused = (!self.nullable)
                .then(|| self.error((None, ValueError::new(FieldCode::NullNotAllowed, message))));
            return refused.into_iter().collect();
        }
        let mut faults = Vec::new();
        if let FieldKind::Enum(id) | FieldKind::EnumList(id) = self.kind {
            faults = unknown_values(schema, id, value);
        }
        faults.extend(self.check_constraints(value));
        self.errors(faults)
    }

    /// Whether a value of the field is a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        match self.kind {
            FieldKind::ScalarList(_) | FieldKind::EnumList(_) | FieldKind::ManyToMany(_) => true,
            FieldKind::ToMany(inverse) => !inverse.single,
            FieldKind::Scalar(_) | FieldKind::Enum(_) | FieldKind::ToOne(_) => false,
        }
    }

    /// Holds a value, which is not null, against `@length`, `@range` and `@pattern`.
    pub(crate) fn check_constraints(&self, value: &Value) -> Vec<Fault> {
        let checks = [self.check_length(value), self.check_range(value), self.check_pattern(value)];
        checks.into_iter().flatten().map(|error| (None, error)).collect()
    }

    fn check_length(&self, value: &Value) -> Option<ValueError> {
        let (min, max) = self.length?;
        let (n_units, unit) = if let Value::List(items) = value {
            (items.len() as u64, "items")
        } else {
            let Value::Text(text) = value else { return None };
            // Bytes bound characters from above, so most texts need no counting.
            if min == 0 && text.len() as u64 <= max {
                return None;
            }
            (text.chars().count() as u64, "characters")
        };
        let (code, word, bound) = match n_units {
            n_units if n_units < min => (FieldCode::TooShort, "at least", min),
            n_units if n_units > max => (FieldCode::TooLong, "at most", max),
            _ => return None,
        };
        Some(ValueError::new(code, format!("must have {word} {bound} {unit}")))
    }

    fn check_range(&self, value: &Value) -> Option<ValueError> {
        let (min, max) = self.range.as_ref()?;
        let beyond = |bound: &Option<Value>, wrong: Ordering| {
            let bound = bound.as_ref()?;
            (value.compare(bound, TextOrder::Binary) == Some(wrong)).then(|| self.shown(bound))
        };
        if let Some(min) = beyond(min, Ordering::Less) {
            return Some(ValueError::new(FieldCode::OutOfRange, format!("must be at least {min}")));
        }
        let max = beyond(max, Ordering::Greater)?;
        Some(ValueError::new(FieldCode::OutOfRange, format!("must be at most {max}")))
    }

    fn check_pattern(&self, value: &Value) -> Option<ValueError> {
        let pattern = self.pattern.as_ref()?;
        let Value::Text(text) = value else { return None };
        (!pattern.matches(text)).then(|| {
            let message = format!("must match {}", pattern.as_str());
            ValueError::new(FieldCode::PatternMismatch, message)
        })
    }

    /// A value as text, for messages.
    fn shown(&self, value: &Value) -> String {
        let mut text = Vec::new();
        if let FieldKind::Scalar(scalar) = self.kind {
            scalar.write_text(value, &mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    fn errors(&self, faults: Vec<Fault>) -> Vec<FieldError> {
        faults.into_iter().map(|fault| self.error(fault)).collect()
    }

    fn error(&self, (item, error): Fault) -> FieldError {
        let path = match item {
            None => self.name.clone(),
            Some(index) => format!("{}.{index}", self.name),
        };
        FieldError { path, code: error.code.name(), message: error.message.into_owned() }
    }
}

fn read_list(scalar: Scalar, raw: &str) -> Result<Value, Vec<Fault>> {
    let whole = |error| vec![(None, error)];
    let (kind, text) = json::classify(raw).map_err(whole)?;
    match kind {
        Kind::Null => return Ok(Value::Null),
        Kind::Array => {}
        Kind::Bool(_) | Kind::Number | Kind::String | Kind::Object => {
            return Err(whole(ValueError::new(FieldCode::InvalidType, "must be a list")));
        }
    }
    let mut faults = Vec::new();
    let mut values = Vec::new();
    for (index, raw) in json::split_array(text).map_err(whole)?.into_iter().enumerate() {
        match scalar.parse_json(raw) {
            Ok(Value::Null) => {
                let error = ValueError::new(FieldCode::NullNotAllowed, "must not be null");
                faults.push((Some(index), error));
            }
            Ok(value) => values.push(value),
            Err(error) => faults.push((Some(index), error)),
        }
    }
    if faults.is_empty() { Ok(Value::List(values)) } else { Err(faults) }
}

fn unknown_values(schema: &Schema, id: EnumId, value: &Value) -> Vec<Fault> {
    let known = &schema.enum_type(id).values;
    let fault = |item: Option<usize>, value: &Value| {
        let Value::Text(text) = value else { return None };
        if known.iter().any(|value| value.name == *text) {
            return None;
        }
        let names: Vec<&str> = known.iter().map(|value| value.name.as_str()).collect();
        let message = format!("must be one of {}", names.join(", "));
        Some((item, ValueError::new(FieldCode::UnknownValue, message)))
    };
    if let Value::List(items) = value {
        let items = items.iter().enumerate();
        return items.filter_map(|(index, item)| fault(Some(index), item)).collect();
    }
    fault(None, value).into_iter().collect()
}

#[cfg(test)]
mod tests;
