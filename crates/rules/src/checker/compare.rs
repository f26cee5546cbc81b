//! Comparisons, `in`, and the times that may be moved before they are compared.

use underpin_schema::{Scalar, Value};

use super::{Checker, Setting, Term, owner};
use crate::literal::{self, LiteralFault};
use crate::problem::{Fault, Problem};
use crate::syntax::{BinaryOp, Expr, Literal, LiteralKind, LiteralText, Span};
use crate::typing::Type;
use crate::{CompareOp, Operand, Predicate};

impl<'a> Checker<'a> {
    /// `left == right`, `left < right`
    pub(super) fn comparison(
        &mut self,
        op: BinaryOp,
        left: &'a Expr,
        right: &'a Expr,
    ) -> Option<Predicate> {
        let (left_term, right_term) = (self.term(left), self.term(right));
        let (left_term, right_term) = (left_term?, right_term?);
        let op = compare_op(op);
        let span = left.span.to(right.span);
        match (left_term, right_term) {
            (Term::Literal(_), Term::Literal(_)) => self.names_no_field(span),
            (Term::Literal(Literal::Null), other) => self.null_test(op, other, right.span),
            (other, Term::Literal(Literal::Null)) => self.null_test(op, other, left.span),
            (Term::Condition(condition), Term::Literal(Literal::Bool(wanted)))
            | (Term::Literal(Literal::Bool(wanted)), Term::Condition(condition)) => {
                self.truth_test(op, condition, *wanted, span)
            }
            (Term::Literal(literal), other) => {
                let (value, ty) = self.value(other, right.span)?;
                let literal = self.typed_literal(literal, ty, left.span)?;
                self.compare(op, (literal, ty), (value, ty), span)
            }
            (other, Term::Literal(literal)) => {
                let (value, ty) = self.value(other, left.span)?;
                let literal = self.typed_literal(literal, ty, right.span)?;
                self.compare(op, (value, ty), (literal, ty), span)
            }
            (left_term, right_term) => {
                let left = self.value(left_term, left.span);
                let right = self.value(right_term, right.span);
                self.compare(op, left?, right?, span)
            }
        }
    }

    fn compare(
        &mut self,
        op: CompareOp,
        (left, left_type): (Operand, Type),
        (right, right_type): (Operand, Type),
        span: Span,
    ) -> Option<Predicate> {
        if let Some(mismatch) = left_type.mismatch(right_type, self.schema) {
            return self.refuse(Problem::new(Fault::TypeMismatch, span, mismatch));
        }
        let ordered = !matches!(op, CompareOp::Eq | CompareOp::Ne);
        if ordered && !left_type.is_ordered() {
            let message = format!("{} has no order", left_type.describe(self.schema));
            return self.refuse(
                Problem::new(Fault::TypeMismatch, span, message)
                    .with_help("compare it with `==`, `!=` or `in`"),
            );
        }
        if op == CompareOp::Eq && owner::is_null_for_nobody(&left, &right) {
            self.owned.push(span);
        }
        Some(match (op, left, right) {
            (CompareOp::Eq, operand, Operand::Literal(Value::Bool(true)))
            | (CompareOp::Eq, Operand::Literal(Value::Bool(true)), operand) => {
                Predicate::IsTrue(operand)
            }
            (CompareOp::Ne, operand, Operand::Literal(Value::Bool(true)))
            | (CompareOp::Ne, Operand::Literal(Value::Bool(true)), operand) => {
                Predicate::IsTrue(operand).negated()
            }
            (op, left, right) => Predicate::Compare { op, left, right },
        })
    }

    /// `operand == null`, `operand != null`
    fn null_test(&mut self, op: CompareOp, other: Term<'a>, span: Span) -> Option<Predicate> {
        let operand = match other {
            Term::List(operand, _) => operand,
            other => self.value(other, span)?.0,
        };
        match op {
            CompareOp::Eq => Some(Predicate::IsNull(operand)),
            CompareOp::Ne => Some(Predicate::IsNull(operand).negated()),
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => {
                let message = "`null` is neither less nor greater than anything";
                self.refuse(
                    Problem::new(Fault::TypeMismatch, span, message)
                        .with_help("compare with `== null` or `!= null`"),
                )
            }
        }
    }

    /// `condition == true`, `condition != true`
    fn truth_test(
        &mut self,
        op: CompareOp,
        condition: Predicate,
        wanted: bool,
        span: Span,
    ) -> Option<Predicate> {
        match (op, wanted) {
            (CompareOp::Eq, true) | (CompareOp::Ne, false) => Some(condition),
            (CompareOp::Eq, false) | (CompareOp::Ne, true) => Some(condition.negated()),
            (CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge, _) => {
                self.refuse(Problem::new(Fault::TypeMismatch, span, "a condition has no order"))
            }
        }
    }

    /// `left in right`
    pub(super) fn membership(&mut self, left: &'a Expr, right: &'a Expr) -> Option<Predicate> {
        let (item, list) = (self.term(left), self.term(right));
        let (item, list) = (item?, list?);
        match list {
            Term::Items(items) => self.in_items((item, left.span), items, right.span),
            Term::List(list, item_type) => {
                let (item, ty) = match item {
                    Term::Literal(literal) => {
                        (self.typed_literal(literal, item_type, left.span)?, item_type)
                    }
                    item => self.value(item, left.span)?,
                };
                if let Some(mismatch) = ty.mismatch(item_type, self.schema) {
                    let span = left.span.to(right.span);
                    return self.refuse(Problem::new(Fault::TypeMismatch, span, mismatch));
                }
                if item.path().is_some()
                    && !(ty.is_comparable_in_lists() && item_type.is_comparable_in_lists())
                {
                    return self.not_in_lists(ty, left.span);
                }
                Some(Predicate::InList { item, list })
            }
            Term::Roles => match item {
                Term::Literal(Literal::Text(role)) => Some(self.role(role, left.span)),
                _ => self.refuse(
                    Problem::new(
                        Fault::Unsupported,
                        left.span,
                        "only a text in quotes can be looked for in `auth.roles`",
                    )
                    .with_help("roles decide which statement is made, so they are not values"),
                ),
            },
            other => self.not_a_list(&other, right.span),
        }
    }

    fn not_in_lists<T>(&mut self, ty: Type, span: Span) -> Option<T> {
        let message = format!(
            "a field that holds {} cannot be looked for in a list",
            ty.describe(self.schema)
        );
        let help = "only a constant or something of `auth` can; or make the list a relation";
        self.refuse(Problem::new(Fault::Unsupported, span, message).with_help(help))
    }

    fn not_a_list<T>(&mut self, found: &Term<'a>, span: Span) -> Option<T> {
        let message = format!("expected a list after `in`, found {}", self.describe(found));
        let problem = match found {
            Term::Rows(..) => Problem::new(Fault::RelationAsValue, span, message)
                .with_help("ask of its rows: `.exists(x, x.id == …)`"),
            Term::Claims => Problem::new(Fault::TypeMismatch, span, message)
                .with_help("ask `has(auth.claims.name)`"),
            _ => Problem::new(Fault::TypeMismatch, span, message)
                .with_help("write a list: `in ['a', 'b']`"),
        };
        self.refuse(problem)
    }

    /// `item in [a, b]`: whichever of them has a type gives it to the literals.
    fn in_items(
        &mut self,
        (item, item_span): (Term<'a>, Span),
        items: &'a [Expr],
        list_span: Span,
    ) -> Option<Predicate> {
        let mut typed = None;
        let item = match item {
            Term::Literal(literal) => Err(literal),
            item => {
                let (operand, ty) = self.value(item, item_span)?;
                typed = Some(ty);
                Ok((operand, ty))
            }
        };
        let mut elements = Vec::with_capacity(items.len());
        let mut may_be_null = false;
        for element in items {
            match self.term(element)? {
                Term::Literal(Literal::Null) => may_be_null = true,
                Term::Literal(literal) => elements.push((Err(literal), element.span)),
                element_term => {
                    let (operand, ty) = self.value(element_term, element.span)?;
                    typed = typed.or(Some(ty));
                    elements.push((Ok((operand, ty)), element.span));
                }
            }
        }
        let Some(ty) = typed else { return self.names_no_field(item_span.to(list_span)) };
        let item = self.as_type(item, ty, item_span)?;
        let list: Vec<Option<Operand>> =
            elements.into_iter().map(|(element, span)| self.as_type(element, ty, span)).collect();
        let list: Vec<Operand> = list.into_iter().collect::<Option<_>>()?;
        let null = may_be_null.then(|| Predicate::IsNull(item.clone()));
        Some(Predicate::or([Predicate::In { item, list }].into_iter().chain(null)))
    }

    /// An operand that must compare with a type, or a literal that takes it.
    fn as_type(
        &mut self,
        operand: Result<(Operand, Type), &'a Literal>,
        ty: Type,
        span: Span,
    ) -> Option<Operand> {
        match operand {
            Ok((operand, own)) => match own.mismatch(ty, self.schema) {
                None => Some(operand),
                Some(mismatch) => self.refuse(Problem::new(Fault::TypeMismatch, span, mismatch)),
            },
            Err(literal) => self.typed_literal(literal, ty, span),
        }
    }

    /// A literal as a value of the type that it meets.
    pub(super) fn typed_literal(
        &mut self,
        literal: &'a Literal,
        ty: Type,
        span: Span,
    ) -> Option<Operand> {
        let text = match literal {
            Literal::Slot(slot, kind) => {
                return if literal::accepts(ty, *kind) {
                    Some(self.slot(*slot, ty))
                } else {
                    self.literal_mismatch(&Term::Literal(literal), ty, span)
                };
            }
            Literal::Bool(value) if ty.scalar == Scalar::Boolean => {
                return Some(Operand::Literal(Value::Bool(*value)));
            }
            Literal::Null | Literal::Bool(_) => {
                return self.literal_mismatch(&Term::Literal(literal), ty, span);
            }
            Literal::Number(text) => LiteralText::Number(text),
            Literal::Text(text) => LiteralText::Text(text, false),
        };
        match literal::value(text, ty, self.schema) {
            Ok(value) => Some(Operand::Literal(value)),
            Err(LiteralFault::Kind) => self.literal_mismatch(&Term::Literal(literal), ty, span),
            Err(LiteralFault::Value { message, help }) => {
                self.refuse(Problem::new(Fault::WrongLiteral, span, message).with_help_opt(help))
            }
        }
    }

    fn literal_mismatch<T>(&mut self, literal: &Term<'a>, ty: Type, span: Span) -> Option<T> {
        let (found, wanted) = (self.describe(literal), ty.describe(self.schema));
        let message = format!("{found} cannot be compared with {wanted}");
        self.refuse(Problem::new(Fault::TypeMismatch, span, message))
    }

    fn names_no_field<T>(&mut self, span: Span) -> Option<T> {
        let message = "a comparison of constants decides nothing";
        self.refuse(Problem::new(Fault::TypeMismatch, span, message).with_help(
            match self.setting {
                Setting::Filter(_) => "one side must name a field",
                Setting::Rule | Setting::UpdateRule | Setting::RowOnly => {
                    "one side must name a field: `row.…`"
                }
            },
        ))
    }

    /// `request.time - duration('24h')`
    pub(super) fn shift(
        &mut self,
        op: BinaryOp,
        left: &'a Expr,
        right: &'a Expr,
        span: Span,
    ) -> Option<Term<'a>> {
        let (left, right) = (self.term(left), self.term(right));
        let (time, micros) = match (op, left?, right?) {
            (_, time, Term::Value(Operand::Literal(Value::Duration(micros)), _)) => (time, micros),
            (BinaryOp::Add, Term::Value(Operand::Literal(Value::Duration(micros)), _), time) => {
                (time, micros)
            }
            _ => {
                return self.refuse(
                    Problem::new(
                        Fault::Unsupported,
                        span,
                        "there is no arithmetic here, but a time may be moved by a duration",
                    )
                    .with_help("for example `row.createdAt > request.time - duration('24h')`"),
                );
            }
        };
        let micros = if op == BinaryOp::Sub { -micros } else { micros };
        match time {
            Term::Value(operand, ty) if ty.scalar == Scalar::DateTime => {
                let ty = Type::plain(Scalar::DateTime);
                Some(Term::Value(Operand::Shifted(Box::new(operand), micros), ty))
            }
            other => {
                let message =
                    format!("only a DateTime can be moved, not {}", self.describe(&other));
                self.refuse(
                    Problem::new(Fault::TypeMismatch, span, message)
                        .with_help("a time in quotes is written `timestamp('…')`"),
                )
            }
        }
    }
}

fn compare_op(op: BinaryOp) -> CompareOp {
    match op {
        BinaryOp::Eq => CompareOp::Eq,
        BinaryOp::Ne => CompareOp::Ne,
        BinaryOp::Lt => CompareOp::Lt,
        BinaryOp::Le => CompareOp::Le,
        BinaryOp::Gt => CompareOp::Gt,
        BinaryOp::Ge => CompareOp::Ge,
        BinaryOp::In | BinaryOp::Add | BinaryOp::Sub => {
            unreachable!("invariant: the caller has told comparisons apart")
        }
    }
}

impl LiteralKind {
    /// The kind of a literal as it stands in a text.
    pub(crate) const fn of(literal: LiteralText<'_>) -> Self {
        match literal {
            LiteralText::Number(_) => Self::Number,
            LiteralText::Text(..) => Self::Text,
        }
    }
}
