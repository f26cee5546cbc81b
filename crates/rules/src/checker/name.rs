//! Names: what stands at the front of a path, and what its members are.

use underpin_schema::{Field, FieldId, FieldKind, ModelId, Scalar, nearest};

use super::{Checker, Place, Setting, Term};
use crate::problem::{Fault, Problem};
use crate::rebase::Base;
use crate::syntax::{Expr, ExprKind, Literal, Name, Span};
use crate::typing::Type;
use crate::{ActorValue, Operand, Path, Predicate, Root};

/// What `auth` has, beside its methods `can` and `is`.
const AUTH_MEMBERS: [&str; 6] = ["id", "kind", "roles", "verified", "claims", "user"];

/// The values of `auth.kind`.
const KINDS: [&str; 4] = ["anonymous", "user", "key", "service"];

/// What `request` has.
const REQUEST_MEMBERS: [&str; 3] = ["time", "ip", "transport"];

/// The values of `request.transport`.
const TRANSPORTS: [&str; 5] = ["rest", "graphql", "realtime", "function", "job"];

impl<'a> Checker<'a> {
    /// A name that stands alone: a variable, one of ours, or a field of a filter.
    pub(super) fn root_name(&mut self, name: &str, span: Span) -> Option<Term<'a>> {
        if let Some(bound) = self.scope.iter().rev().find(|bound| bound.name == name) {
            return Some(Term::Row(Place {
                base: Base::root(Root::Var(bound.var), bound.model),
                model: bound.model,
                guard: Predicate::True,
                n_relations: bound.n_relations,
            }));
        }
        match (self.setting, name) {
            (Setting::Filter(visible), _) => {
                let of_row = visible.field(self.model, name).is_some();
                if name == "request" && !of_row {
                    return Some(Term::Request);
                }
                let row = self.row(Root::Row);
                self.field(row, name, span)
            }
            (_, "row") => Some(Term::Row(self.row(Root::Row))),
            (Setting::UpdateRule, "next") => Some(Term::Row(self.row(Root::Next))),
            (Setting::Rule, "next") => self.refuse(
                Problem::new(
                    Fault::NextOutsideUpdate,
                    span,
                    "only a rule for `update` can speak of `next`",
                )
                .with_help("on create, the proposed row is `row`"),
            ),
            (Setting::Rule | Setting::UpdateRule, "auth") => Some(Term::Auth),
            (Setting::Rule | Setting::UpdateRule, "request") => Some(Term::Request),
            (Setting::RowOnly, "auth" | "request" | "next") => self.refuse(
                Problem::new(
                    Fault::BeyondTheRow,
                    span,
                    format!("a condition of the table itself cannot speak of `{name}`"),
                )
                .with_help("what depends on who asks or when belongs into `@access`"),
            ),
            (Setting::Rule | Setting::UpdateRule | Setting::RowOnly, _) => {
                self.unknown_root(name, span)
            }
        }
    }

    fn unknown_root(&mut self, name: &str, span: Span) -> Option<Term<'a>> {
        let model = self.schema.model(self.model);
        let roots = ["row", "auth", "request", "next"].into_iter();
        let bound = self.scope.iter().map(|bound| bound.name);
        let help = if model.by_field.contains_key(name) {
            Some(format!("a field needs its row: `row.{name}`"))
        } else {
            nearest(name, roots.chain(bound)).map(|near| format!("did you mean `{near}`?"))
        };
        let message = format!("there is no `{name}` here");
        self.refuse(Problem::new(Fault::UnknownName, span, message).with_help_opt(help))
    }

    fn row(&self, root: Root) -> Place {
        Place {
            base: Base::root(root, self.model),
            model: self.model,
            guard: Predicate::True,
            n_relations: 0,
        }
    }

    /// `receiver.name`
    pub(super) fn member(&mut self, receiver: Term<'a>, name: &Name) -> Option<Term<'a>> {
        match receiver {
            Term::Row(place) => self.field(place, &name.text, name.span),
            Term::Reference(place, field) => {
                let place = self.step(place, field, name.span)?;
                self.field(place, &name.text, name.span)
            }
            Term::Auth => self.auth_member(name),
            Term::AuthUser => self.account_field(name),
            Term::Claims => Some(claim(&name.text)),
            Term::Request => self.request_member(name),
            Term::Rows(..) => self.refuse(
                Problem::new(
                    Fault::RelationAsValue,
                    name.span,
                    format!("a to-many relation has many rows, and no one `{}`", name.text),
                )
                .with_help(format!("ask of its rows: `.exists(x, x.{} == …)`", name.text)),
            ),
            other => {
                let message = format!("{} has no `.{}`", self.describe(&other), name.text);
                self.refuse(Problem::new(Fault::UnknownName, name.span, message))
            }
        }
    }

    /// `auth.claims['org-id']`
    pub(super) fn index(&mut self, receiver: &'a Expr, index: &'a Expr) -> Option<Term<'a>> {
        let receiver = self.term(receiver)?;
        match (&receiver, &index.kind) {
            (Term::Claims, ExprKind::Literal(Literal::Text(name))) => Some(claim(name)),
            _ => {
                let message = format!("{} cannot be indexed", self.describe(&receiver));
                self.refuse(
                    Problem::new(Fault::Unsupported, index.span, message)
                        .with_help("only `auth.claims['name']` takes brackets"),
                )
            }
        }
    }

    /// A field of the row at `place`.
    fn field(&mut self, mut place: Place, name: &str, span: Span) -> Option<Term<'a>> {
        let Some((field, guard)) = self.visible_field(place.model, name) else {
            return self.unknown_field(place.model, name, span);
        };
        if guard != Predicate::True {
            let guard = guard.rebase(&place.base, &mut self.vars);
            place.guard = Predicate::and([place.guard, guard]);
        }
        match field.kind {
            FieldKind::Scalar(_) | FieldKind::Enum(_) => {
                let (operand, ty) = self.column(&place, field.id);
                Some(Term::Value(operand, ty))
            }
            FieldKind::ScalarList(_) | FieldKind::EnumList(_) => {
                let (operand, item) = self.column(&place, field.id);
                Some(Term::List(operand, item))
            }
            FieldKind::ToOne(_) => Some(Term::Reference(place, field.id)),
            FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => Some(Term::Rows(place, field.id)),
        }
    }

    /// A field that may be named here, and on which rows it counts as null.
    fn visible_field(&self, model: ModelId, name: &str) -> Option<(&'a Field, Predicate)> {
        let schema = self.schema;
        match self.setting {
            Setting::Rule | Setting::UpdateRule | Setting::RowOnly => {
                schema.model(model).field_named(name).map(|field| (field, Predicate::True))
            }
            Setting::Filter(visible) => visible
                .field(model, name)
                .map(|found| (schema.field(model, found.field), found.guard)),
        }
    }

    fn unknown_field(&mut self, model: ModelId, name: &str, span: Span) -> Option<Term<'a>> {
        let fields = self.schema.model(model).fields.iter().map(|field| field.name.as_str());
        let near = match self.setting {
            Setting::Rule | Setting::UpdateRule | Setting::RowOnly => nearest(name, fields),
            Setting::Filter(visible) => {
                nearest(name, fields.filter(|field| visible.field(model, field).is_some()))
            }
        };
        let message = format!("`{}` has no field `{name}`", self.schema.model(model).name);
        let help = near.map(|near| format!("did you mean `{near}`?"));
        self.refuse(Problem::new(Fault::UnknownField, span, message).with_help_opt(help))
    }

    /// The row that a to-one field leads to; hidden rows count as absent.
    fn step(&mut self, place: Place, field: FieldId, span: Span) -> Option<Place> {
        let target = self.target(place.model, field);
        self.allow_relation(place.n_relations + 1, span)?;
        let base = place.base.step(self.schema, place.model, field);
        let seen = self.visible_rows(target, &base);
        if seen == Predicate::False {
            let reference = &self.schema.field(place.model, field).name;
            let message = format!("`{reference}` leads to no row that may be read");
            return self.refuse(Problem::new(Fault::UnknownField, span, message));
        }
        Some(Place {
            base,
            model: target,
            guard: Predicate::and([place.guard, seen]),
            n_relations: place.n_relations + 1,
        })
    }

    /// The model that a to-one field refers to.
    pub(super) fn target(&self, model: ModelId, field: FieldId) -> ModelId {
        match &self.schema.field(model, field).kind {
            FieldKind::ToOne(to_one) => to_one.target,
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToMany(_)
            | FieldKind::ManyToMany(_) => {
                unreachable!("invariant: only to-one fields become references and steps")
            }
        }
    }

    /// Which rows of `model` at `base` may be seen.
    fn visible_rows(&mut self, model: ModelId, base: &Base) -> Predicate {
        match self.setting {
            Setting::Rule | Setting::UpdateRule | Setting::RowOnly => Predicate::True,
            Setting::Filter(visible) => visible.rows(model).rebase(base, &mut self.vars),
        }
    }

    /// Which rows of a to-many relation, at `base`, may be seen.
    pub(super) fn related_rows(&mut self, relation: (ModelId, FieldId), base: &Base) -> Predicate {
        match self.setting {
            Setting::Rule | Setting::UpdateRule | Setting::RowOnly => Predicate::True,
            Setting::Filter(visible) => {
                visible.related(relation.0, relation.1).rebase(base, &mut self.vars)
            }
        }
    }

    /// Refuses to follow more relations than is allowed, or any where only the row counts.
    pub(super) fn allow_relation(&mut self, n_relations: usize, span: Span) -> Option<()> {
        if matches!(self.setting, Setting::RowOnly) {
            let message = "a condition of the table itself cannot look at other rows";
            return self.refuse(
                Problem::new(Fault::BeyondTheRow, span, message)
                    .with_help("what depends on other rows belongs into `@access`"),
            );
        }
        if n_relations > self.relations_max {
            let message = format!("a path follows at most {} relations", self.relations_max);
            return self.refuse(Problem::new(Fault::TooComplex, span, message));
        }
        Some(())
    }

    /// The column of a field at a place, null where it may not be read.
    pub(super) fn column(&self, place: &Place, field: FieldId) -> (Operand, Type) {
        let field = self.schema.field(place.model, field);
        let ty = Type::of_field(self.schema, place.model, field)
            .expect("invariant: only fields with columns become operands");
        let path = Path {
            root: place.base.root,
            model: place.base.model,
            steps: place.base.steps.clone(),
            field: field.id,
            target: place.model,
            scalar: ty.scalar,
            nullable: place.base.nullable || field.nullable,
        };
        (Operand::Path(path).guarded(place.guard.clone()), ty)
    }

    fn auth_member(&mut self, name: &Name) -> Option<Term<'a>> {
        let value = |value, ty| Some(Term::Value(Operand::Actor(value), ty));
        match &*name.text {
            "id" => {
                let account = self.account(name.span)?;
                value(ActorValue::Id, Type::key(self.schema, account))
            }
            "kind" => value(ActorValue::Kind, Type::word(&KINDS)),
            "verified" => value(ActorValue::Verified, Type::plain(Scalar::Boolean)),
            "roles" => Some(Term::Roles),
            "claims" => Some(Term::Claims),
            "user" => self.account(name.span).map(|_| Term::AuthUser),
            "can" | "is" => {
                let message = format!("`auth.{}` is a question", name.text);
                let help = format!("ask it: `auth.{}('…')`", name.text);
                self.refuse(Problem::new(Fault::TypeMismatch, name.span, message).with_help(help))
            }
            _ => self.unknown_member("auth", name, &AUTH_MEMBERS),
        }
    }

    fn account(&mut self, span: Span) -> Option<ModelId> {
        if let Some(account) = self.schema.account_model() {
            return Some(account.id);
        }
        let message = "no model is the account model, so nobody has an account here";
        let help = "mark the model that holds the accounts with `@account(identity: […])`";
        self.refuse(Problem::new(Fault::UnknownName, span, message).with_help(help))
    }

    fn account_field(&mut self, name: &Name) -> Option<Term<'a>> {
        let account = self.account(name.span)?;
        let Some(field) = self.schema.model(account).field_named(&name.text) else {
            return self.unknown_field(account, &name.text, name.span);
        };
        match field.kind {
            FieldKind::Scalar(_) | FieldKind::Enum(_) | FieldKind::ToOne(_) => {
                let ty = Type::of_field(self.schema, account, field)
                    .expect("invariant: these kinds have a column");
                Some(Term::Value(Operand::Actor(ActorValue::UserField(field.id)), ty))
            }
            FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToMany(_)
            | FieldKind::ManyToMany(_) => {
                let message = format!("`auth.user.{}` is not one value", name.text);
                let help = "ask from the other side, with `exists` over a relation of `row`";
                self.refuse(
                    Problem::new(Fault::RelationAsValue, name.span, message).with_help(help),
                )
            }
        }
    }

    fn request_member(&mut self, name: &Name) -> Option<Term<'a>> {
        let value = |operand, ty| Some(Term::Value(operand, ty));
        let filter = matches!(self.setting, Setting::Filter(_));
        match &*name.text {
            "time" => value(Operand::Now, Type::plain(Scalar::DateTime)),
            "ip" if !filter => value(Operand::Actor(ActorValue::Ip), Type::plain(Scalar::String)),
            "transport" if !filter => {
                value(Operand::Actor(ActorValue::Transport), Type::word(&TRANSPORTS))
            }
            _ if filter => self.unknown_member("request", name, &REQUEST_MEMBERS[..1]),
            _ => self.unknown_member("request", name, &REQUEST_MEMBERS),
        }
    }

    fn unknown_member(&mut self, of: &str, name: &Name, known: &[&str]) -> Option<Term<'a>> {
        let message = format!("`{of}` has no `{}`", name.text);
        let help = match nearest(&name.text, known.iter().copied()) {
            Some(near) => format!("did you mean `{of}.{near}`?"),
            None => format!("it has: `{}`", known.join("`, `")),
        };
        self.refuse(Problem::new(Fault::UnknownName, name.span, message).with_help(help))
    }
}

fn claim<'a>(name: &str) -> Term<'a> {
    let claim = Operand::Actor(ActorValue::Claim(name.to_owned()));
    Term::Value(claim, Type::plain(Scalar::String))
}
