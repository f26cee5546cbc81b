//! Functions, methods, and the macros over related rows.

use underpin_schema::{FieldKind, Scalar, nearest};

use super::{Bound, Checker, Place, Setting, Term};
use crate::fold::grants;
use crate::literal;
use crate::problem::{Fault, Problem};
use crate::rebase::Base;
use crate::syntax::{Expr, ExprKind, Literal, Name, Span};
use crate::typing::Type;
use crate::{Operand, Predicate, Quantified, Root, TextOp};

/// The functions there are.
const FUNCTIONS: [&str; 4] = ["size", "has", "timestamp", "duration"];

/// The methods there are, of texts, lists and to-many relations.
const METHODS: [&str; 6] = ["startsWith", "endsWith", "contains", "size", "exists", "all"];

/// The operations that permissions are made of.
const OPERATIONS: [&str; 4] = ["read", "create", "update", "delete"];

impl<'a> Checker<'a> {
    /// `size(row.name)`
    pub(super) fn call(&mut self, name: &'a Name, arguments: &'a [Expr]) -> Option<Term<'a>> {
        if !FUNCTIONS.contains(&&*name.text) {
            let message = format!("there is no function `{}`", name.text);
            let near = nearest(&name.text, FUNCTIONS);
            let help = match near {
                Some(near) => format!("did you mean `{near}(…)`?"),
                None => format!("there are: `{}`", FUNCTIONS.join("`, `")),
            };
            return self
                .refuse(Problem::new(Fault::UnknownName, name.span, message).with_help(help));
        }
        let [argument] = arguments else {
            let message = format!("`{}` takes one argument, found {}", name.text, arguments.len());
            return self.refuse(Problem::new(Fault::Syntax, name.span, message));
        };
        match &*name.text {
            "size" => {
                let term = self.term(argument)?;
                self.size(term, argument.span)
            }
            "has" => self.has(argument),
            "timestamp" => self.timestamp(argument),
            _ => self.duration(argument),
        }
    }

    /// `has(row.name)`: not null.
    fn has(&mut self, argument: &'a Expr) -> Option<Term<'a>> {
        let operand = match self.term(argument)? {
            Term::List(operand, _) => operand,
            other => self.value(other, argument.span)?.0,
        };
        Some(Term::Condition(Predicate::IsNull(operand).negated()))
    }

    /// `size(row.name)`, `row.name.size()`
    fn size(&mut self, term: Term<'a>, span: Span) -> Option<Term<'a>> {
        let operand = match term {
            Term::List(operand, _) => operand,
            Term::Rows(..) => {
                let message = "the rows of a relation cannot be counted here";
                return self.refuse(
                    Problem::new(Fault::RelationAsValue, span, message)
                        .with_help("ask whether there is one: `.exists(x, …)`"),
                );
            }
            term => {
                let (operand, ty) = self.value(term, span)?;
                if !ty.is_text() {
                    let message = format!("{} has no size", ty.describe(self.schema));
                    return self.refuse(Problem::new(Fault::TypeMismatch, span, message));
                }
                operand
            }
        };
        match sized(operand) {
            Some(operand) => Some(Term::Value(operand, Type::plain(Scalar::Int))),
            None => {
                let message = "`size` takes a field of a row";
                self.refuse(Problem::new(Fault::Unsupported, span, message))
            }
        }
    }

    /// `timestamp('2026-01-01T00:00:00Z')`
    fn timestamp(&mut self, argument: &'a Expr) -> Option<Term<'a>> {
        let ty = Type::plain(Scalar::DateTime);
        let ExprKind::Literal(literal @ (Literal::Text(_) | Literal::Slot(..))) = &argument.kind
        else {
            let message = "`timestamp` takes a text in quotes";
            return self.refuse(
                Problem::new(Fault::Unsupported, argument.span, message).with_help(
                    "for example `timestamp('2026-01-31T12:00:00Z')`; a DateTime field needs none",
                ),
            );
        };
        let operand = self.typed_literal(literal, ty, argument.span)?;
        Some(Term::Value(operand, ty))
    }

    /// `duration('24h')`
    fn duration(&mut self, argument: &'a Expr) -> Option<Term<'a>> {
        let ExprKind::Literal(Literal::Text(text)) = &argument.kind else {
            unreachable!("invariant: the parser takes nothing but a text here")
        };
        match literal::duration(text) {
            Some(value) => {
                Some(Term::Value(Operand::Literal(value), Type::plain(Scalar::Duration)))
            }
            None => {
                let message = format!("`{text}` is not a duration");
                self.refuse(Problem::new(Fault::WrongLiteral, argument.span, message).with_help(
                    "write numbers with units `h`, `m`, `s`, `ms`, `us`: `'24h'`, `'1h30m'`",
                ))
            }
        }
    }

    /// `receiver.name(arguments)`
    pub(super) fn method(
        &mut self,
        receiver: &'a Expr,
        name: &'a Name,
        arguments: &'a [Expr],
    ) -> Option<Term<'a>> {
        let term = self.term(receiver)?;
        match (term, &*name.text) {
            (Term::Auth, _) => self.question(name, arguments),
            (Term::Rows(place, field), "exists" | "all") => {
                self.quantify(place, (field, receiver.span), name, arguments)
            }
            (term, "size") => match arguments {
                [] => self.size(term, receiver.span),
                _ => self.refuse(Problem::new(
                    Fault::Syntax,
                    name.span,
                    "`size()` takes no argument",
                )),
            },
            (Term::List(..), "contains" | "exists") => self.refuse(
                Problem::new(Fault::Unsupported, name.span, "a list is asked with `in`")
                    .with_help("write `'value' in row.labels`"),
            ),
            (term, "startsWith" | "endsWith" | "contains") => {
                let receiver = self.value(term, receiver.span)?;
                self.text_method(receiver, name, arguments)
            }
            (Term::Value(..) | Term::Reference(..), "exists" | "all") => self.refuse(
                Problem::new(
                    Fault::RelationAsValue,
                    name.span,
                    format!("`{}` asks of the rows of a to-many relation", name.text),
                )
                .with_help("a to-one relation is followed with a dot: `row.owner.name`"),
            ),
            _ => self.unknown_method(name),
        }
    }

    fn unknown_method(&mut self, name: &Name) -> Option<Term<'a>> {
        let unsupported = matches!(&*name.text, "matches" | "exists_one" | "map" | "filter");
        let fault = if unsupported { Fault::Unsupported } else { Fault::UnknownName };
        let message = format!("there is no method `{}` here", name.text);
        let help = match nearest(&name.text, METHODS).filter(|_| !unsupported) {
            Some(near) => format!("did you mean `.{near}(…)`?"),
            None => format!("there are: `{}`", METHODS.join("`, `")),
        };
        self.refuse(Problem::new(fault, name.span, message).with_help(help))
    }

    /// `row.name.startsWith('a')`
    fn text_method(
        &mut self,
        (subject, ty): (Operand, Type),
        name: &Name,
        arguments: &'a [Expr],
    ) -> Option<Term<'a>> {
        if !ty.is_text() {
            let message = format!("{} has no `.{}(…)`", ty.describe(self.schema), name.text);
            return self.refuse(Problem::new(Fault::TypeMismatch, name.span, message));
        }
        let [argument] = arguments else {
            let message = format!("`{}` takes one text, found {}", name.text, arguments.len());
            return self.refuse(Problem::new(Fault::Syntax, name.span, message));
        };
        let text = Type { caseless: ty.caseless, ..Type::plain(Scalar::String) };
        let needle = match self.term(argument)? {
            Term::Literal(literal) => self.typed_literal(literal, text, argument.span)?,
            term => {
                let (needle, needle_type) = self.value(term, argument.span)?;
                if !needle_type.is_text() {
                    let found = needle_type.describe(self.schema);
                    let message = format!("expected a text, found {found}");
                    return self.refuse(Problem::new(Fault::TypeMismatch, argument.span, message));
                }
                needle
            }
        };
        let op = match &*name.text {
            "startsWith" => TextOp::StartsWith,
            "endsWith" => TextOp::EndsWith,
            _ => TextOp::Contains,
        };
        Some(Term::Condition(Predicate::Text { op, subject, needle }))
    }

    /// `row.members.exists(m, …)`, `row.members.all(m, …)`
    fn quantify(
        &mut self,
        place: Place,
        (field, receiver_span): (underpin_schema::FieldId, Span),
        name: &'a Name,
        arguments: &'a [Expr],
    ) -> Option<Term<'a>> {
        let [Expr { kind: ExprKind::Name(var_name), span: var_span }, body] = arguments else {
            let message = format!("`{}` takes a name and a condition", name.text);
            return self.refuse(
                Problem::new(Fault::Syntax, name.span, message)
                    .with_help(format!("for example `.{}(x, x.id == …)`", name.text)),
            );
        };
        self.allow_variable(var_name, *var_span)?;
        let n_relations = place.n_relations + 1;
        self.allow_relation(n_relations, receiver_span)?;
        let target = match &self.schema.field(place.model, field).kind {
            FieldKind::ToMany(to_many) => to_many.target,
            FieldKind::ManyToMany(join) => join.target,
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_) => unreachable!("invariant: only these become rows"),
        };
        let var = self.vars.next_var();
        let seen = self.related_rows((place.model, field), &Base::root(Root::Var(var), target));
        self.scope.push(Bound { name: var_name, var, model: target, n_relations });
        let body = self.condition(body);
        self.scope.pop();
        let every = &*name.text == "all";
        let body = if every { body?.negated() } else { body? };
        // Neither `exists` nor `all` holds of a relation that may not be read, nor of one that
        // belongs to a row that is not there.
        let there = if every { self.is_there(&place) } else { Predicate::True };
        let exists = Predicate::Exists(Box::new(Quantified {
            root: place.base.root,
            steps: place.base.steps,
            model: place.model,
            relation: field,
            var,
            body: Predicate::and([seen, body]),
        }));
        let holds = if every { exists.negated() } else { exists };
        Some(Term::Condition(Predicate::and([place.guard, there, holds])))
    }

    /// That there is a row at the end of a path.
    fn is_there(&self, place: &Place) -> Predicate {
        let Some((last, steps)) = place.base.steps.split_last() else { return Predicate::True };
        if !place.base.nullable {
            return Predicate::True;
        }
        let start = Base::root(place.base.root, place.base.model);
        let (base, model) = steps.iter().fold((start, place.base.model), |(base, model), step| {
            (base.step(self.schema, model, *step), self.target(model, *step))
        });
        let holder = Place { base, model, guard: Predicate::True, n_relations: 0 };
        let (key, _) = self.column(&holder, *last);
        Predicate::IsNull(key).negated()
    }

    fn allow_variable(&mut self, name: &str, span: Span) -> Option<()> {
        let ours = matches!(name, "row" | "next" | "auth" | "request");
        let taken = self.scope.iter().any(|bound| bound.name == name)
            || (ours && !matches!(self.setting, Setting::Filter(_)));
        if !taken {
            return Some(());
        }
        let message = format!("`{name}` means something else already");
        self.refuse(Problem::new(Fault::Syntax, span, message).with_help("choose another name"))
    }

    /// `auth.can('…')`, `auth.is('…')`
    fn question(&mut self, name: &Name, arguments: &'a [Expr]) -> Option<Term<'a>> {
        if !matches!(&*name.text, "can" | "is") {
            let message = format!("`auth` has no method `{}`", name.text);
            let help = "it has `can('products:update')` and `is('editor')`";
            return self
                .refuse(Problem::new(Fault::UnknownName, name.span, message).with_help(help));
        }
        let [Expr { kind: ExprKind::Literal(Literal::Text(text)), span }] = arguments else {
            let message = format!("`auth.{}` takes one text in quotes", name.text);
            return self.refuse(Problem::new(Fault::Unsupported, name.span, message));
        };
        Some(Term::Condition(match &*name.text {
            "is" => self.role(text, *span),
            _ => self.permission(text, *span),
        }))
    }

    /// Warns of a role that no one declares.
    pub(super) fn role(&mut self, role: &str, span: Span) -> Predicate {
        let names = || self.schema.roles.iter().map(|role| role.name.as_str());
        if !names().any(|name| name == role) {
            let help = nearest(role, names()).map(|near| format!("did you mean `{near}`?"));
            let message = format!("no `@role` declares `{role}`");
            let problem = Problem::new(Fault::UnknownPermission, span, message);
            self.problems.push(problem.with_help_opt(help));
        }
        Predicate::HasRole(role.to_owned())
    }

    /// Warns of a permission that looks like a slip of one that exists.
    fn permission(&mut self, permission: &str, span: Span) -> Predicate {
        let granted = self
            .schema
            .roles
            .iter()
            .flat_map(|role| &role.can)
            .any(|granted| granted != "*" && grants(granted, permission));
        if !granted && let Some(near) = self.near_permission(permission) {
            let message = format!("no role grants `{permission}` by name");
            self.problems.push(
                Problem::new(Fault::UnknownPermission, span, message)
                    .with_help(format!("did you mean `{near}`?")),
            );
        }
        Predicate::Can(permission.to_owned())
    }

    /// The permission for an operation of a model that this one is most likely a slip of. One with
    /// a name of its own (`reports:view`) is none.
    fn near_permission(&self, permission: &str) -> Option<String> {
        let (of, operation) = permission.split_once(':').unwrap_or((permission, "read"));
        let plurals = self.schema.models.iter().map(|model| model.plural.as_str());
        let plural = nearest(of, plurals)?;
        let near = match nearest(operation, OPERATIONS) {
            Some(near) => near,
            None if plural != of => operation,
            None => return None,
        };
        let near = format!("{plural}:{near}");
        (near != permission).then_some(near)
    }
}

/// The size of a field instead of the field.
fn sized(operand: Operand) -> Option<Operand> {
    match operand {
        Operand::Path(path) => Some(Operand::Size(path)),
        Operand::Guarded(guard, inner) => {
            sized(*inner).map(|inner| Operand::Guarded(guard, Box::new(inner)))
        }
        Operand::Literal(_)
        | Operand::Slot(_)
        | Operand::Size(_)
        | Operand::Actor(_)
        | Operand::Now
        | Operand::Shifted(..) => None,
    }
}
