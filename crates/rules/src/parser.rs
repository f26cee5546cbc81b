//! Parses an expression: a Pratt parser over the subset of CEL's grammar that rules speak.
//!
//! Bounded in bytes, depth and parts, so that any text is answered in linear time and constant
//! stack. Whatever CEL has and we do not (arithmetic, the ternary, maps) is refused by name with
//! what to write instead. Knows no schema: names are left as they stand.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not one of the tokens wanted is refused, whichever it is"
)]

use crate::lexer::{Lexer, Symbol, Token, TokenKind};
use crate::syntax::{
    BinaryOp, Expr, ExprKind, Literal, LiteralKind, LiteralText, Name, Span, SyntaxError,
};

/// Levels of nesting at most: brackets, `!`, members and calls count one each.
const DEPTH_MAX: usize = 32;

/// Parts of an expression at most: each literal, name, operator and call counts one.
const PARTS_MAX: usize = 2_048;

/// What becomes of a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Literals {
    /// It stays in the expression.
    Keep,
    /// A slot takes its place; its value travels apart. Those of `duration(…)` stay.
    Slots,
}

/// Parses the whole of `text` as one expression; also says how many slots it has.
pub(crate) fn parse(text: &str, literals: Literals) -> Result<(Expr, u16), SyntaxError> {
    let mut lexer = Lexer::new(text)?;
    let token = lexer.next_token()?;
    let mut parser = Parser {
        lexer,
        token,
        previous: Span::default(),
        literals,
        n_slots: 0,
        depth: 0,
        parts: 0,
    };
    let expr = parser.disjunction()?;
    match parser.token.kind {
        TokenKind::End => Ok((expr, parser.n_slots)),
        _ => Err(parser.unexpected_after_operand()),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token<'a>,
    previous: Span,
    literals: Literals,
    n_slots: u16,
    depth: usize,
    parts: usize,
}

impl<'a> Parser<'a> {
    /// `a || b || c`
    fn disjunction(&mut self) -> Result<Expr, SyntaxError> {
        self.enter()?;
        let expr = self.chain(Symbol::Or, Self::conjunction, ExprKind::Or)?;
        self.depth -= 1;
        if self.at(Symbol::Question) {
            let message = "there is no `? :` here: write `(a && b) || (!a && c)`";
            return Err(SyntaxError::unsupported(self.token.span, message));
        }
        Ok(expr)
    }

    /// `a && b && c`
    fn conjunction(&mut self) -> Result<Expr, SyntaxError> {
        self.chain(Symbol::And, Self::relation, ExprKind::And)
    }

    /// Operands joined by one operator, flat, so that long chains are not deep.
    fn chain(
        &mut self,
        operator: Symbol,
        operand: fn(&mut Self) -> Result<Expr, SyntaxError>,
        join: fn(Vec<Expr>) -> ExprKind,
    ) -> Result<Expr, SyntaxError> {
        let first = operand(self)?;
        if !self.at(operator) {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.eat(operator)? {
            self.count()?;
            operands.push(operand(self)?);
        }
        let span = operands[0].span.to(self.previous);
        Ok(Expr { kind: join(operands), span })
    }

    /// `a < b`, `a in b`; does not chain.
    fn relation(&mut self) -> Result<Expr, SyntaxError> {
        let left = self.sum()?;
        let Some(op) = relation_operator(self.token.kind) else { return Ok(left) };
        self.count()?;
        self.advance()?;
        let right = self.sum()?;
        if relation_operator(self.token.kind).is_some() {
            let message = "comparisons do not chain: write `a < b && b < c`";
            return Err(SyntaxError::unsupported(self.token.span, message));
        }
        Ok(binary(op, left, right))
    }

    /// `request.time - duration('24h')`
    fn sum(&mut self) -> Result<Expr, SyntaxError> {
        let mut left = self.unary()?;
        let depth = self.depth;
        loop {
            let op = match self.token.kind {
                TokenKind::Symbol(Symbol::Plus) => BinaryOp::Add,
                TokenKind::Symbol(Symbol::Minus) => BinaryOp::Sub,
                TokenKind::Symbol(Symbol::Star | Symbol::Slash | Symbol::Percent) => {
                    return Err(SyntaxError::unsupported(self.token.span, NO_ARITHMETIC));
                }
                TokenKind::Literal(LiteralText::Number(text)) if text.starts_with('-') => {
                    return Err(SyntaxError::unsupported(self.token.span, NO_ARITHMETIC));
                }
                _ => break,
            };
            self.enter()?;
            self.advance()?;
            left = binary(op, left, self.unary()?);
        }
        self.depth = depth;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.token.span;
        if self.at(Symbol::Minus) {
            let message = "a minus sign stands directly before the digits of a number";
            return Err(SyntaxError::unsupported(start, message));
        }
        if !self.eat(Symbol::Not)? {
            return self.postfix();
        }
        self.enter()?;
        let operand = self.unary()?;
        self.depth -= 1;
        Ok(Expr { span: start.to(operand.span), kind: ExprKind::Not(Box::new(operand)) })
    }

    /// A primary expression with its members, indexes and method calls.
    fn postfix(&mut self) -> Result<Expr, SyntaxError> {
        let mut expr = self.primary()?;
        let depth = self.depth;
        loop {
            let inner = Box::new(expr);
            let start = inner.span;
            let kind = if self.eat(Symbol::Dot)? {
                let name = self.member_name()?;
                if self.at(Symbol::OpenParen) {
                    ExprKind::Method(inner, name, self.arguments()?)
                } else {
                    ExprKind::Member(inner, name)
                }
            } else if self.eat(Symbol::OpenBracket)? {
                let index = self.kept_literal()?;
                self.expect(Symbol::CloseBracket)?;
                ExprKind::Index(inner, Box::new(index))
            } else {
                self.depth = depth;
                return Ok(*inner);
            };
            self.enter()?;
            expr = Expr { kind, span: start.to(self.previous) };
        }
    }

    fn primary(&mut self) -> Result<Expr, SyntaxError> {
        self.count()?;
        let Token { kind, span } = self.token;
        let kind = match kind {
            TokenKind::Name(text) => {
                self.advance()?;
                return self.name_or_call(Name { text: text.into(), span });
            }
            TokenKind::Literal(literal) => {
                let literal = self.literal(literal)?;
                ExprKind::Literal(literal)
            }
            TokenKind::True => ExprKind::Literal(Literal::Bool(true)),
            TokenKind::False => ExprKind::Literal(Literal::Bool(false)),
            TokenKind::Null => ExprKind::Literal(Literal::Null),
            TokenKind::Symbol(Symbol::OpenParen) => {
                self.advance()?;
                let mut inner = self.disjunction()?;
                self.expect(Symbol::CloseParen)?;
                inner.span = span.to(self.previous);
                return Ok(inner);
            }
            TokenKind::Symbol(Symbol::OpenBracket) => {
                self.advance()?;
                let items = self.list(Symbol::CloseBracket)?;
                return Ok(Expr { kind: ExprKind::List(items), span: span.to(self.previous) });
            }
            TokenKind::Symbol(Symbol::OpenBrace) => {
                let message = "there are no maps here";
                return Err(SyntaxError::unsupported(span, message));
            }
            TokenKind::In | TokenKind::Symbol(_) | TokenKind::End => {
                return Err(self.expected("a name, a value or `(`"));
            }
        };
        self.advance()?;
        Ok(Expr { kind, span })
    }

    fn name_or_call(&mut self, name: Name) -> Result<Expr, SyntaxError> {
        let start = name.span;
        if !self.at(Symbol::OpenParen) {
            return Ok(Expr { kind: ExprKind::Name(name.text), span: start });
        }
        let arguments = if &*name.text == "duration" {
            self.advance()?;
            let argument = self.kept_literal()?;
            self.expect(Symbol::CloseParen)?;
            vec![argument]
        } else {
            self.arguments()?
        };
        Ok(Expr { kind: ExprKind::Call(name, arguments), span: start.to(self.previous) })
    }

    /// A text that stays in the expression even where literals become slots.
    fn kept_literal(&mut self) -> Result<Expr, SyntaxError> {
        let Token { kind, span } = self.token;
        let TokenKind::Literal(text @ LiteralText::Text(..)) = kind else {
            return Err(self.expected("a text in quotes"));
        };
        self.count()?;
        self.advance()?;
        Ok(Expr { kind: ExprKind::Literal(Literal::Text(text.resolve().into())), span })
    }

    fn literal(&mut self, literal: LiteralText<'a>) -> Result<Literal, SyntaxError> {
        let kind = match literal {
            LiteralText::Number(_) => LiteralKind::Number,
            LiteralText::Text(..) => LiteralKind::Text,
        };
        match (self.literals, kind) {
            (Literals::Keep, LiteralKind::Number) => Ok(Literal::Number(literal.resolve().into())),
            (Literals::Keep, LiteralKind::Text) => Ok(Literal::Text(literal.resolve().into())),
            (Literals::Slots, kind) => {
                // At most one slot for each part, and the parts are bounded far below 2^16.
                let slot = self.n_slots;
                self.n_slots += 1;
                Ok(Literal::Slot(slot, kind))
            }
        }
    }

    fn member_name(&mut self) -> Result<Name, SyntaxError> {
        let Token { kind: TokenKind::Name(text), span } = self.token else {
            return Err(self.expected("a name after the dot"));
        };
        self.count()?;
        self.advance()?;
        Ok(Name { text: text.into(), span })
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, SyntaxError> {
        self.expect(Symbol::OpenParen)?;
        self.list(Symbol::CloseParen)
    }

    /// Expressions between commas, up to and with the closing bracket.
    fn list(&mut self, close: Symbol) -> Result<Vec<Expr>, SyntaxError> {
        let mut items = Vec::new();
        while !self.eat(close)? {
            if !items.is_empty() {
                if !self.at(Symbol::Comma) {
                    return Err(self.expected(&format!("`,` or `{}`", close.text())));
                }
                self.advance()?;
            }
            items.push(self.disjunction()?);
        }
        Ok(items)
    }

    fn at(&self, symbol: Symbol) -> bool {
        self.token.kind == TokenKind::Symbol(symbol)
    }

    fn eat(&mut self, symbol: Symbol) -> Result<bool, SyntaxError> {
        let found = self.at(symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, symbol: Symbol) -> Result<(), SyntaxError> {
        if self.eat(symbol)? { Ok(()) } else { Err(self.expected(&format!("`{}`", symbol.text()))) }
    }

    fn advance(&mut self) -> Result<(), SyntaxError> {
        self.previous = self.token.span;
        self.token = self.lexer.next_token()?;
        Ok(())
    }

    fn enter(&mut self) -> Result<(), SyntaxError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let message = format!("an expression nests at most {DEPTH_MAX} levels");
            return Err(SyntaxError::too_complex(self.token.span, message));
        }
        self.count()
    }

    fn count(&mut self) -> Result<(), SyntaxError> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            let message = format!("an expression has at most {PARTS_MAX} parts");
            return Err(SyntaxError::too_complex(self.token.span, message));
        }
        Ok(())
    }

    fn expected(&self, what: &str) -> SyntaxError {
        let message = format!("expected {what}, found {}", describe(self.token.kind));
        SyntaxError::at(self.token.span, message)
    }

    fn unexpected_after_operand(&self) -> SyntaxError {
        let TokenKind::Name(name) = self.token.kind else {
            return self.expected("an operator or the end");
        };
        let operator = match name.to_ascii_lowercase().as_str() {
            "and" => "&&",
            "or" => "||",
            "is" | "eq" => "==",
            _ => return self.expected("an operator or the end"),
        };
        let message = format!("`{name}` is not an operator: write `{operator}`");
        SyntaxError::at(self.token.span, message)
    }
}

const NO_ARITHMETIC: &str = "there is no arithmetic here, but for times: \
     `request.time - duration('24h')`";

fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    let span = left.span.to(right.span);
    Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), span }
}

fn relation_operator(token: TokenKind<'_>) -> Option<BinaryOp> {
    let symbol = match token {
        TokenKind::In => return Some(BinaryOp::In),
        TokenKind::Symbol(symbol) => symbol,
        _ => return None,
    };
    match symbol {
        Symbol::Eq => Some(BinaryOp::Eq),
        Symbol::Ne => Some(BinaryOp::Ne),
        Symbol::Lt => Some(BinaryOp::Lt),
        Symbol::Le => Some(BinaryOp::Le),
        Symbol::Gt => Some(BinaryOp::Gt),
        Symbol::Ge => Some(BinaryOp::Ge),
        _ => None,
    }
}

fn describe(token: TokenKind<'_>) -> String {
    match token {
        TokenKind::Name(text) => format!("`{text}`"),
        TokenKind::Literal(LiteralText::Number(text)) => format!("the number `{text}`"),
        TokenKind::Literal(LiteralText::Text(..)) => "a text".to_owned(),
        TokenKind::True => "`true`".to_owned(),
        TokenKind::False => "`false`".to_owned(),
        TokenKind::Null => "`null`".to_owned(),
        TokenKind::In => "`in`".to_owned(),
        TokenKind::Symbol(symbol) => format!("`{}`", symbol.text()),
        TokenKind::End => "the end".to_owned(),
    }
}

#[cfg(test)]
mod tests;
