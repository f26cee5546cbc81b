//! Writes a predicate in the language it was written in, for golden files and explanations.
//!
//! What the language has no words for stands in braces: `{$0}` is a slot, `{guard ? value}` a
//! guarded operand.

use std::fmt::{self, Display, Formatter};

use underpin_schema::{FieldId, FieldKind, ModelId, Scalar, Schema, Value, wire};

use crate::{ActorValue, CompareOp, Operand, Path, Predicate, Quantified, Root, TextOp, Var};

impl Predicate {
    /// The predicate as text, with the names of the schema it was typed against.
    #[must_use]
    pub fn display<'a>(&'a self, schema: &'a Schema) -> impl Display + 'a {
        Whole { predicate: self, names: Names::of(self, schema) }
    }
}

impl Operand {
    /// The operand as text, with the names of the schema it was typed against. `variables` are the
    /// names of those bound around it; others are called `v0`, `v1` and so on.
    #[must_use]
    pub fn display<'a>(
        &'a self,
        schema: &'a Schema,
        variables: &'a [(Var, String)],
    ) -> impl Display + 'a {
        WholeOperand { operand: self, names: Names { schema, roots: Vec::new(), variables } }
    }
}

struct WholeOperand<'a> {
    operand: &'a Operand,
    names: Names<'a>,
}

impl Display for WholeOperand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Shown { names: &self.names, item: self.operand }.fmt(f)
    }
}

struct Whole<'a> {
    predicate: &'a Predicate,
    names: Names<'a>,
}

impl Display for Whole<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Shown { names: &self.names, item: self.predicate }.fmt(f)
    }
}

/// What is needed to name fields.
struct Names<'a> {
    schema: &'a Schema,
    /// The models of the rows that paths start at, as far as the predicate tells.
    roots: Vec<(Root, ModelId)>,
    /// Variables that have names.
    variables: &'a [(Var, String)],
}

impl<'a> Names<'a> {
    fn of(predicate: &Predicate, schema: &'a Schema) -> Self {
        let mut roots = Vec::new();
        predicate.visit(&mut |part| {
            let paths = part.operands().filter_map(Operand::path);
            roots.extend(paths.map(|path| (path.root, path.model)));
            if let Predicate::Exists(quantified) = part {
                if quantified.steps.is_empty() {
                    roots.push((quantified.root, quantified.model));
                }
                let relation = schema.field(quantified.model, quantified.relation);
                let target = match &relation.kind {
                    FieldKind::ToMany(to_many) => to_many.target,
                    FieldKind::ManyToMany(join) => join.target,
                    FieldKind::ToOne(to_one) => to_one.target,
                    FieldKind::Scalar(_)
                    | FieldKind::Enum(_)
                    | FieldKind::ScalarList(_)
                    | FieldKind::EnumList(_) => return,
                };
                roots.push((Root::Var(quantified.var), target));
            }
        });
        Self { schema, roots, variables: &[] }
    }

    /// The model at a root from which `steps` lead to `end`. Where no other part of the predicate
    /// tells it, the first model that fits.
    fn start(&self, root: Root, steps: &[FieldId], end: ModelId) -> Option<ModelId> {
        let known = self.roots.iter().find(|(known, _)| *known == root).map(|(_, model)| *model);
        known.or_else(|| {
            let models = self.schema.models.iter().map(|model| model.id);
            let mut fitting = models.filter(|start| {
                let end_of = |model, step: &FieldId| self.target(model, *step);
                steps.iter().try_fold(*start, end_of) == Some(end)
            });
            fitting.next()
        })
    }

    fn target(&self, model: ModelId, step: FieldId) -> Option<ModelId> {
        match self.schema.model(model).fields.get(usize::from(step.0))?.kind {
            FieldKind::ToOne(to_one) => Some(to_one.target),
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToMany(_)
            | FieldKind::ManyToMany(_) => None,
        }
    }

    fn root(&self, root: Root, f: &mut Formatter<'_>) -> fmt::Result {
        match root {
            Root::Row => f.write_str("row"),
            Root::Next => f.write_str("next"),
            Root::Var(var) => match self.variables.iter().find(|(known, _)| *known == var) {
                Some((_, name)) => f.write_str(name),
                None => write!(f, "{}", VarName(var)),
            },
        }
    }

    fn steps(&self, start: ModelId, steps: &[FieldId], f: &mut Formatter<'_>) -> fmt::Result {
        let mut model = start;
        for step in steps {
            write!(f, ".{}", self.schema.field(model, *step).name)?;
            model = self.target(model, *step).expect("invariant: steps are to-one fields");
        }
        Ok(())
    }
}

/// Something to write, and the names for it.
struct Shown<'a, T> {
    names: &'a Names<'a>,
    item: &'a T,
}

impl<'a, T> Shown<'a, T> {
    fn of<U>(&self, item: &'a U) -> Shown<'a, U> {
        Shown { names: self.names, item }
    }
}

impl<'a> Shown<'a, Predicate> {
    fn joined(&self, parts: &'a [Predicate], by: &str, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                f.write_str(by)?;
            }
            if matches!(part, Predicate::And(_) | Predicate::Or(_)) {
                write!(f, "({})", self.of(part))?;
            } else {
                write!(f, "{}", self.of(part))?;
            }
        }
        Ok(())
    }
}

impl Display for Shown<'_, Predicate> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.item {
            Predicate::True => f.write_str("true"),
            Predicate::False => f.write_str("false"),
            Predicate::And(parts) => self.joined(parts, " && ", f),
            Predicate::Or(parts) => self.joined(parts, " || ", f),
            Predicate::Not(inner) => {
                if let Predicate::IsNull(operand) = &**inner {
                    return write!(f, "{} != null", self.of(operand));
                }
                let binds_tightly = matches!(
                    **inner,
                    Predicate::IsTrue(_)
                        | Predicate::Text { .. }
                        | Predicate::Exists(_)
                        | Predicate::Can(_)
                        | Predicate::HasRole(_)
                );
                if binds_tightly {
                    return write!(f, "!{}", self.of(&**inner));
                }
                write!(f, "!({})", self.of(&**inner))
            }
            Predicate::Compare { op, left, right } => {
                write!(f, "{} {} {}", self.of(left), op.symbol(), self.of(right))
            }
            Predicate::In { item, list } => {
                write!(f, "{} in [", self.of(item))?;
                for (index, operand) in list.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{}", self.of(operand))?;
                }
                f.write_str("]")
            }
            Predicate::InList { item, list } => {
                write!(f, "{} in {}", self.of(item), self.of(list))
            }
            Predicate::Text { op, subject, needle } => {
                write!(f, "{}.{}({})", self.of(subject), op.method(), self.of(needle))
            }
            Predicate::IsNull(operand) => write!(f, "{} == null", self.of(operand)),
            Predicate::IsTrue(operand) => write!(f, "{}", self.of(operand)),
            Predicate::Exists(quantified) => write!(f, "{}", self.of(&**quantified)),
            Predicate::Can(permission) => write!(f, "auth.can('{permission}')"),
            Predicate::HasRole(role) => write!(f, "auth.is('{role}')"),
        }
    }
}

impl Display for Shown<'_, Quantified> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Quantified { root, steps, model, relation, var, body } = self.item;
        self.names.root(*root, f)?;
        if let Some(start) = self.names.start(*root, steps, *model) {
            self.names.steps(start, steps, f)?;
        }
        let relation = &self.names.schema.field(*model, *relation).name;
        write!(f, ".{relation}.exists({}, {})", VarName(*var), self.of(body))
    }
}

impl Display for Shown<'_, Operand> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.item {
            Operand::Literal(value) => literal(value, f),
            Operand::Slot(slot) => write!(f, "{{${}}}", slot.0),
            Operand::Path(path) => write!(f, "{}", self.of(path)),
            Operand::Size(path) => write!(f, "size({})", self.of(path)),
            Operand::Actor(value) => self.actor(value, f),
            Operand::Now => f.write_str("request.time"),
            Operand::Shifted(inner, micros) => {
                let sign = if *micros < 0 { '-' } else { '+' };
                write!(f, "{} {sign} duration('{}us')", self.of(&**inner), micros.unsigned_abs())
            }
            Operand::Guarded(guard, inner) => {
                write!(f, "{{{} ? {}}}", self.of(&**guard), self.of(&**inner))
            }
        }
    }
}

impl Shown<'_, Operand> {
    fn actor(&self, value: &ActorValue, f: &mut Formatter<'_>) -> fmt::Result {
        match value {
            ActorValue::Id => f.write_str("auth.id"),
            ActorValue::Kind => f.write_str("auth.kind"),
            ActorValue::Verified => f.write_str("auth.verified"),
            ActorValue::Claim(name) => write!(f, "auth.claims.{name}"),
            ActorValue::UserField(field) => {
                let account =
                    self.names.schema.account_model().expect("invariant: the path was typed");
                write!(f, "auth.user.{}", account.field(*field).name)
            }
            ActorValue::Ip => f.write_str("request.ip"),
            ActorValue::Transport => f.write_str("request.transport"),
        }
    }
}

impl Display for Shown<'_, Path> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let path = self.item;
        self.names.root(path.root, f)?;
        self.names.steps(path.model, &path.steps, f)?;
        write!(f, ".{}", self.names.schema.field(path.target, path.field).name)
    }
}

impl CompareOp {
    /// How it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

impl TextOp {
    /// The method that asks it.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
        }
    }
}

struct VarName(Var);

impl Display for VarName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0.0)
    }
}

fn literal(value: &Value, f: &mut Formatter<'_>) -> fmt::Result {
    let mut text = Vec::new();
    match value {
        Value::Null => return f.write_str("null"),
        Value::Text(text) => return write!(f, "'{}'", text.escape_debug()),
        Value::Decimal(number) => return write!(f, "{number}"),
        Value::Json(_) | Value::List(_) => return write!(f, "{{{value:?}}}"),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            Scalar::Int.write_text(value, &mut text);
        }
        Value::Uuid(uuid) => quoted(&mut text, |out| wire::uuid(uuid.as_bytes(), out)),
        Value::Date(days) => quoted(&mut text, |out| wire::date(*days, out)),
        Value::Time(micros) => quoted(&mut text, |out| wire::time(*micros, out)),
        Value::DateTime(micros) => {
            text.extend_from_slice(b"timestamp(");
            quoted(&mut text, |out| wire::date_time(*micros, out));
            text.push(b')');
        }
        Value::Duration(micros) => return write!(f, "duration('{micros}us')"),
    }
    f.write_str(&String::from_utf8_lossy(&text))
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'\'');
    write(out);
    out.push(b'\'');
}
