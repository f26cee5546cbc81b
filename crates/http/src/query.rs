//! The query string of a read: conditions, sort, selection and paging, and the shape they have.
//!
//! Nothing is resolved here: names stay as the client wrote them until the engine meets a shape it
//! does not know and asks for the request. Text is copied only where it has escapes.

pub(crate) mod pairs;

use std::borrow::Cow;

use smallvec::SmallVec;
use underpin_base::{Code, Error, Limits, Result};
use underpin_plan::{
    Condition, Operator, PageRequest, Paging, RawText, ReadRequest, SortKey, Target,
};
use underpin_rules::{FilterError, parse_filter, scan_filter};

/// A parsed query string.
#[derive(Debug, Default)]
pub(crate) struct Query<'a> {
    terms: SmallVec<[Term<'a>; 4]>,
    filter: Option<Cow<'a, str>>,
    sort: Option<Cow<'a, str>>,
    fields: Option<Cow<'a, str>>,
    include: Option<Cow<'a, str>>,
    /// Rows wanted.
    pub limit: Option<u32>,
    /// The page wanted, from 1.
    pub page: Option<u32>,
    /// Where to go on.
    pub cursor: Option<Cow<'a, str>>,
    count: bool,
}

/// `price[gte]=10`
#[derive(Debug)]
struct Term<'a> {
    /// As the client wrote it: `price[gte]`.
    parameter: Cow<'a, str>,
    /// How much of `parameter` is the path.
    path_bytes: usize,
    operator: Operator,
    text: Cow<'a, str>,
}

/// Which parameters a path takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Everything a list can be asked.
    List,
    /// `fields` and `include`.
    Selection,
    /// None.
    Nothing,
}

/// What each kind of path takes besides conditions.
const LIST_PARAMETERS: &[&str] =
    &["filter", "sort", "fields", "include", "limit", "cursor", "page", "count"];
const SELECTION_PARAMETERS: &[&str] = &["fields", "include"];

impl<'a> Query<'a> {
    /// Reads `query`, the part of a target after its question mark.
    ///
    /// # Errors
    /// `UNKNOWN_PARAMETER`, `INVALID_PARAMETER`, `INVALID_CURSOR` and `QUERY_TOO_COMPLEX`.
    pub(crate) fn parse(query: Option<&'a str>, takes: Takes, limits: &Limits) -> Result<Self> {
        let mut parsed = Self::default();
        for pair in pairs::split(query.unwrap_or_default()) {
            let (name, text) = pair?;
            parsed.parameter(name, text, takes, limits)?;
        }
        parsed.check_paging(limits)?;
        Ok(parsed)
    }

    fn parameter(
        &mut self,
        name: Cow<'a, str>,
        text: Cow<'a, str>,
        takes: Takes,
        limits: &Limits,
    ) -> Result<()> {
        let is_reserved = LIST_PARAMETERS.contains(&name.as_ref());
        match takes {
            Takes::List if !is_reserved => return self.term(name, text, limits),
            Takes::List => {}
            Takes::Selection if SELECTION_PARAMETERS.contains(&name.as_ref()) => {}
            Takes::Selection => return Err(unknown(&name, SELECTION_PARAMETERS)),
            Takes::Nothing => return Err(unknown(&name, &[])),
        }
        match name.as_ref() {
            "filter" => set(&mut self.filter, &name, listed(&name, text)?),
            "sort" => set(&mut self.sort, &name, listed(&name, text)?),
            "fields" => set(&mut self.fields, &name, listed(&name, text)?),
            "include" => set(&mut self.include, &name, listed(&name, text)?),
            "limit" => set(&mut self.limit, &name, number(&name, &text, limits.page_rows_max)?),
            "page" => set(&mut self.page, &name, page_number(&name, &text)?),
            "cursor" => set(&mut self.cursor, &name, text),
            "count" if self.count => Err(twice(&name)),
            "count" if text == "exact" => {
                self.count = true;
                Ok(())
            }
            "count" => Err(invalid(&name, "`count` is `exact` or absent")
                .with_allowed(vec!["exact".to_owned()])),
            _ => Err(unknown(&name, LIST_PARAMETERS)),
        }
    }

    fn term(&mut self, name: Cow<'a, str>, text: Cow<'a, str>, limits: &Limits) -> Result<()> {
        let (path_bytes, operator) = match name.find('[') {
            None => (name.len(), Operator::Eq),
            Some(at) => (at, operator(&name, at)?),
        };
        if !is_path(&name[..path_bytes]) {
            return Err(unknown(&name, LIST_PARAMETERS));
        }
        let same =
            |term: &Term<'_>| term.operator == operator && term.path() == &name[..path_bytes];
        if self.terms.iter().any(same) {
            return Err(twice(&name));
        }
        if self.terms.len() >= limits.filter_nodes_max {
            let max = limits.filter_nodes_max;
            return Err(too_complex(&name, format!("a query has at most {max} conditions")));
        }
        let term = Term { parameter: name, path_bytes, operator, text };
        if term.n_values() > limits.in_values_max {
            let max = limits.in_values_max;
            return Err(too_complex(&term.parameter, format!("a list has at most {max} values")));
        }
        self.terms.push(term);
        Ok(())
    }

    fn check_paging(&self, limits: &Limits) -> Result<()> {
        if let Some(cursor) = &self.cursor {
            if self.page.is_some() {
                return Err(invalid("page", "`page` and `cursor` exclude each other"));
            }
            if !cursor.starts_with(['n', 'p']) {
                return Err(Error::new(
                    Code::InvalidCursor,
                    "the cursor is not one of this server",
                )
                .with_parameter("cursor"));
            }
        }
        if let Some(page) = self.page {
            let rows = u64::from(self.limit.unwrap_or(limits.page_rows_default));
            let max = limits.offset_rows_max;
            if u64::from(page - 1) * rows > u64::from(max) {
                let last = u64::from(max) / rows + 1;
                let message = format!("`page` is at most {last} with {rows} rows a page");
                return Err(invalid("page", &message)
                    .with_hint("go on with `meta.nextCursor`, which has no such bound"));
            }
        }
        Ok(())
    }

    /// Adds to a field that is not there the parameter that was likely meant: `limt=5` reads like
    /// a condition.
    pub(crate) fn advised(error: Error) -> Error {
        let meant = error
            .details()
            .parameter
            .as_deref()
            .filter(|_| error.code() == Code::UnknownField && error.hint().is_none())
            .and_then(|name| LIST_PARAMETERS.iter().find(|known| differ_by_one(known, name)));
        match meant {
            Some(meant) => error.with_hint(format!("did you mean the parameter `{meant}`?")),
            None => error,
        }
    }

    /// Whether related rows are wanted with each row.
    pub(crate) fn includes_rows(&self) -> bool {
        self.include.is_some()
    }

    fn paging(&self) -> Paging {
        match (&self.cursor, self.page) {
            (Some(cursor), _) if cursor.starts_with('p') => Paging::Before,
            (Some(_), _) => Paging::After,
            (None, Some(_)) => Paging::Offset,
            (None, None) => Paging::First,
        }
    }

    /// Appends to `shape` what distinguishes this query from all that differ in more than values,
    /// and to `values` the values in the order of their slots. In the shape, lengths stand before
    /// texts, so that no text can pass for the end of another.
    ///
    /// # Errors
    /// `INVALID_FILTER` and `QUERY_TOO_COMPLEX` for a filter that cannot be taken apart.
    pub(crate) fn split<'q>(
        &'q self,
        shape: &mut Vec<u8>,
        values: &mut SmallVec<[RawText<'q>; 8]>,
    ) -> Result<()> {
        let paging = match self.paging() {
            Paging::First => b'f',
            Paging::After => b'a',
            Paging::Before => b'b',
            Paging::Offset => b'o',
        };
        shape.extend_from_slice(&[paging, u8::from(self.count)]);
        for (tag, text) in [(b's', &self.sort), (b'p', &self.fields), (b'i', &self.include)] {
            if let Some(text) = text {
                push_text(shape, tag, text);
            }
        }
        for term in &self.terms {
            push_text(shape, b'c', term.path());
            shape.push(term.operator as u8);
            // At most `in_values_max`, far below 2^32.
            let n_values = u32::try_from(term.n_values()).unwrap_or(u32::MAX);
            shape.extend_from_slice(&n_values.to_le_bytes());
            term.push_values(values);
        }
        if let Some(filter) = &self.filter {
            shape.push(b'w');
            let mut literals = Vec::new();
            scan_filter(filter, shape, &mut literals).map_err(not_a_filter)?;
            values.extend(literals.into_iter().map(RawText::Literal));
        }
        Ok(())
    }

    /// The request of this query's shape.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for a list of names that holds something else; `INVALID_FILTER` and
    /// `QUERY_TOO_COMPLEX` for a filter that does not parse.
    pub(crate) fn request(&self, target: Target, limits: &Limits) -> Result<ReadRequest> {
        let conditions = self
            .terms
            .iter()
            .map(|term| Condition {
                path: term.path().to_owned(),
                operator: term.operator,
                n_values: term.n_values(),
            })
            .collect();
        Ok(ReadRequest {
            target,
            fields: self.fields()?,
            include: self.include()?,
            conditions,
            filter: self
                .filter
                .as_deref()
                .map(|text| parse_filter(text, limits).map_err(not_a_filter))
                .transpose()?,
            sort: self.sort_keys()?,
            page: PageRequest { paging: self.paging(), count: self.count || self.page.is_some() },
        })
    }

    /// `fields=id,name`
    pub(crate) fn fields(&self) -> Result<Option<Vec<String>>> {
        self.fields.as_deref().map(|text| names("fields", text)).transpose()
    }

    /// `include=customer,items.product`
    pub(crate) fn include(&self) -> Result<Vec<String>> {
        self.include.as_deref().map_or(Ok(Vec::new()), |text| names("include", text))
    }

    fn sort_keys(&self) -> Result<Vec<SortKey>> {
        let Some(text) = &self.sort else { return Ok(Vec::new()) };
        let mut keys: Vec<SortKey> = Vec::new();
        for term in text.split(',') {
            let path = term.strip_prefix('-').unwrap_or(term);
            if !is_path(path) {
                return Err(invalid("sort", "`sort` lists fields, each with `-` before it or not"));
            }
            if keys.iter().any(|key| key.path == path) {
                return Err(invalid("sort", "`sort` names a field twice"));
            }
            keys.push(SortKey { path: path.to_owned(), descending: term.starts_with('-') });
        }
        Ok(keys)
    }
}

impl Term<'_> {
    fn push_values<'v>(&'v self, out: &mut SmallVec<[RawText<'v>; 8]>) {
        let parameter = self.parameter.as_ref();
        if takes_list(self.operator) {
            out.extend(self.text.split(',').map(|text| RawText::Query { text, parameter }));
        } else {
            out.push(RawText::Query { text: self.text.as_ref(), parameter });
        }
    }

    fn path(&self) -> &str {
        &self.parameter[..self.path_bytes]
    }

    fn n_values(&self) -> usize {
        if takes_list(self.operator) {
            memchr::memchr_iter(b',', self.text.as_bytes()).count() + 1
        } else {
            1
        }
    }
}

/// Whether an operator takes values joined by commas. A value that holds a comma itself is for
/// `filter`.
fn takes_list(operator: Operator) -> bool {
    match operator {
        Operator::In | Operator::Nin => true,
        Operator::Eq
        | Operator::Ne
        | Operator::Gt
        | Operator::Gte
        | Operator::Lt
        | Operator::Lte
        | Operator::Contains
        | Operator::StartsWith
        | Operator::EndsWith
        | Operator::IsNull => false,
    }
}

/// The operator in the brackets of `name`, which open at `at`.
fn operator(name: &str, at: usize) -> Result<Operator> {
    let inside = name[at + 1..].strip_suffix(']');
    let found = Operator::ALL.iter().find(|(known, _)| Some(*known) == inside);
    found.map(|(_, operator)| *operator).ok_or_else(|| {
        let known = Operator::ALL.iter().map(|(known, _)| (*known).to_owned()).collect();
        Error::new(Code::UnknownParameter, format!("`{name}` has no operator that there is"))
            .with_parameter(name)
            .with_allowed(known)
    })
}

/// Names joined by dots. Whether they exist is for the plan to say.
fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text.split('.').all(|name| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
}

fn names(parameter: &str, text: &str) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for name in text.split(',') {
        if !is_path(name) {
            return Err(invalid(parameter, &format!("`{parameter}` lists names with commas")));
        }
        if names.iter().any(|known| known == name) {
            return Err(invalid(parameter, &format!("`{parameter}` lists a name twice")));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

fn set<T>(place: &mut Option<T>, name: &str, value: T) -> Result<()> {
    if place.is_some() {
        return Err(twice(name));
    }
    *place = Some(value);
    Ok(())
}

fn listed<'a>(name: &str, text: Cow<'a, str>) -> Result<Cow<'a, str>> {
    if text.is_empty() {
        return Err(invalid(name, &format!("`{name}` is empty")));
    }
    Ok(text)
}

fn number(name: &str, text: &str, max: u32) -> Result<u32> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 10;
    let number = is_digits.then(|| text.parse().ok()).flatten();
    number
        .filter(|number| (1..=max).contains(number))
        .ok_or_else(|| invalid(name, &format!("`{name}` is a whole number from 1 to {max}")))
}

/// The number of a page. One that no number here can hold is beyond the bound in any case, which
/// depends on the rows of a page.
fn page_number(name: &str, text: &str) -> Result<u32> {
    let is_number =
        text.bytes().all(|byte| byte.is_ascii_digit()) && text.bytes().any(|byte| byte != b'0');
    if !is_number {
        return Err(invalid(name, "`page` is a whole number from 1"));
    }
    Ok(text.parse().unwrap_or(u32::MAX))
}

fn push_text(out: &mut Vec<u8>, tag: u8, text: &str) {
    // A target is far shorter than 2^32 bytes.
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    out.push(tag);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn invalid(parameter: &str, message: &str) -> Error {
    Error::new(Code::InvalidParameter, message).with_parameter(parameter)
}

fn twice(parameter: &str) -> Error {
    invalid(parameter, &format!("the parameter `{parameter}` stands twice"))
}

fn unknown(parameter: &str, allowed: &[&str]) -> Error {
    Error::new(Code::UnknownParameter, format!("there is no parameter `{parameter}`"))
        .with_parameter(parameter)
        .with_allowed(allowed.iter().map(|name| (*name).to_owned()).collect())
}

/// Whether one character added, left out or changed makes one name of the other.
fn differ_by_one(left: &str, right: &str) -> bool {
    let same = |pair: &(u8, u8)| pair.0 == pair.1;
    let head = left.bytes().zip(right.bytes()).take_while(same).count();
    let (left, right) = (&left.as_bytes()[head..], &right.as_bytes()[head..]);
    let (back, forth) = (left.iter().rev().copied(), right.iter().rev().copied());
    let tail = back.zip(forth).take_while(same).count();
    left.len() - tail <= 1 && right.len() - tail <= 1
}

fn not_a_filter(error: FilterError) -> Error {
    Error::new(error.code, error.message).with_offset(error.offset).with_parameter("filter")
}

fn too_complex(parameter: &str, message: String) -> Error {
    Error::new(Code::QueryTooComplex, message).with_parameter(parameter)
}

#[cfg(test)]
mod tests;
