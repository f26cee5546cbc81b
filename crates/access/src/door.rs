//! Reads rows through an engine, whether as a client does or to see whatever is there.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use tokio::runtime::Runtime;
use underpin_base::{Clock, Code, Error, Ids, Limits, Result};
use underpin_engine::{Context, Engine, Options, ReadCall};
use underpin_plan::{Condition, Operator, PageRequest, Paging, RawText, ReadRequest, Target};
use underpin_schema::{Field, FieldId, FieldKind, Model, ModelId, Schema, Value};
use underpin_store::Store;

use crate::file::Wanted;
use crate::sandbox::service;
use crate::world::{key_scalar, text_of};

/// Rows of one relation or list that are looked at.
const ROWS_MAX: usize = 10_000;

/// Rows read at once.
const PAGE_ROWS: u32 = 1_000;

/// Columns of a row with their values, each as JSON.
pub(crate) type Members = HashMap<String, Box<RawValue>>;

/// A way to rows.
#[derive(Clone, Copy)]
pub(crate) struct Door<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) runtime: &'a Runtime,
    pub(crate) schema: &'a Schema,
}

/// The schema with every field to be seen. What is explained may depend on hidden fields; whoever
/// tells of them does not tell their values.
pub(crate) fn inspected(schema: &Schema) -> Schema {
    let mut inspected = schema.clone();
    for field in inspected.models.iter_mut().flat_map(|model| &mut model.fields) {
        field.hidden = false;
    }
    inspected
}

/// An engine on the rows of `store` that hides nothing from the server itself.
pub(crate) async fn inspector(
    store: &Store,
    inspected: &Arc<Schema>,
    clock: &Clock,
) -> Result<Engine> {
    let limits = Limits { page_rows_max: PAGE_ROWS, ..Limits::default() };
    let options = Options { limits, clock: clock.clone(), ids: Ids::Random };
    Engine::start(store.clone(), Arc::clone(inspected), options).await
}

impl Door<'_> {
    /// The values of a row's columns by their fields, null for relations without one. `None` when
    /// there is no such row.
    pub(crate) fn row(&self, model: ModelId, key: &Value) -> Result<Option<Vec<Value>>> {
        let model = self.schema.model(model);
        let mut request = request(Target::Item(model.id));
        request.fields = Some(columns(model));
        let key = text_of(key_scalar(model), key);
        match self.read::<Members>(&service(self.engine), &request, &[RawText::Key(&key)], None) {
            Ok((row, _)) => self.values(model, &row).map(Some),
            Err(error) if error.code() == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The keys of the rows with these values, in the order in which they were made.
    pub(crate) fn keys(&self, model: ModelId, wanted: &[Wanted]) -> Result<Vec<Value>> {
        let model = self.schema.model(model);
        let mut request = request(Target::List(model.id));
        request.fields = Some(vec![model.key_field().name.clone()]);
        let mut values = Vec::new();
        for one in wanted {
            let operator = if one.text.is_some() { Operator::Eq } else { Operator::IsNull };
            request.conditions.push(Condition { path: one.path.clone(), operator, n_values: 1 });
            let text = one.text.as_deref().unwrap_or("true");
            values.push(RawText::Query { text, parameter: &one.path });
        }
        let rows = self.pages(&request, &values)?;
        rows.iter().map(|row| self.key(model, row)).collect()
    }

    /// The rows of a to-many or many-to-many field, with their keys.
    pub(crate) fn related(
        &self,
        (model, key): (ModelId, &Value),
        field: FieldId,
    ) -> Result<Vec<(Value, Vec<Value>)>> {
        let own = self.schema.model(model);
        let text = text_of(key_scalar(own), key);
        let (target, rows) = match &own.field(field).kind {
            FieldKind::ToMany(to_many) => {
                let target = self.schema.model(to_many.target);
                let mut request = request(Target::List(target.id));
                request.fields = Some(columns(target));
                let path = target.field(to_many.field).name.clone();
                let value = [RawText::Query { text: &text, parameter: &path }];
                let condition =
                    Condition { path: path.clone(), operator: Operator::Eq, n_values: 1 };
                request.conditions.push(condition);
                (target, self.pages(&request, &value)?)
            }
            FieldKind::ManyToMany(join) => {
                let target = self.schema.model(join.target);
                let mut request = request(Target::Related(model, field));
                request.fields = Some(columns(target));
                (target, self.pages(&request, &[RawText::Key(&text)])?)
            }
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_) => return Ok(Vec::new()),
        };
        rows.iter().map(|row| Ok((self.key(target, row)?, self.values(target, row)?))).collect()
    }

    /// One row as somebody gets it.
    ///
    /// # Errors
    /// What they are answered in its place.
    pub(crate) fn item(
        &self,
        ctx: &Context,
        (model, key): (ModelId, &Value),
        member: Option<&Field>,
    ) -> Result<Members> {
        let model = self.schema.model(model);
        let mut request = request(Target::Item(model.id));
        if let Some(field) = member {
            // Relations to many are never sent unasked.
            if field.has_column() {
                request.fields = Some(vec![field.name.clone()]);
            } else {
                request.include.push(field.name.clone());
            }
        }
        let key = text_of(key_scalar(model), key);
        let (row, _) = self.read::<Members>(ctx, &request, &[RawText::Key(&key)], None)?;
        Ok(row)
    }

    fn pages(&self, request: &ReadRequest, values: &[RawText<'_>]) -> Result<Vec<Members>> {
        let mut request = request.clone();
        let mut rows: Vec<Members> = Vec::new();
        let mut cursor = None;
        loop {
            let ctx = service(self.engine);
            let (page, next) =
                self.read::<Vec<Members>>(&ctx, &request, values, cursor.as_deref())?;
            rows.extend(page);
            if rows.len() > ROWS_MAX {
                let message = format!("there are more than {ROWS_MAX} rows to look at");
                return Err(Error::new(Code::QueryTooComplex, message));
            }
            let Some(next) = next else { return Ok(rows) };
            cursor = Some(next);
            request.page.paging = Paging::After;
        }
    }

    fn read<T: serde::de::DeserializeOwned>(
        &self,
        ctx: &Context,
        request: &ReadRequest,
        values: &[RawText<'_>],
        cursor: Option<&str>,
    ) -> Result<(T, Option<String>)> {
        let shape = format!("{request:?}");
        let build = || Ok(request.clone());
        let is_page = !matches!(request.target, Target::Item(_));
        let is_inspection = ctx.transport == "service";
        let call = ReadCall {
            shape: shape.as_bytes(),
            build: &build,
            values,
            limit: (is_page && is_inspection).then_some(PAGE_ROWS),
            page: None,
            cursor,
        };
        let mut rows = Vec::new();
        let reply = self.runtime.block_on(async {
            let app = self.engine.app().await;
            self.engine.read(&app, ctx, call, &mut rows).await
        })?;
        let parsed = serde_json::from_slice(&rows).map_err(Error::internal)?;
        Ok((parsed, reply.page.and_then(|page| page.next_cursor)))
    }

    fn key(&self, model: &Model, row: &Members) -> Result<Value> {
        self.value(model.key_field(), row)
    }

    fn values(&self, model: &Model, row: &Members) -> Result<Vec<Value>> {
        model.fields.iter().map(|field| self.value(field, row)).collect()
    }

    /// A value as it is stored. It may break constraints that the schema got since.
    fn value(&self, field: &Field, row: &Members) -> Result<Value> {
        let Some(raw) = row.get(&field.name).filter(|_| field.has_column()) else {
            return Ok(Value::Null);
        };
        let Some(scalar) = self.schema.scalar_of(field) else { return Ok(Value::Null) };
        let parse = |raw: &RawValue| {
            scalar.parse_json(raw.get()).map_err(|error| {
                Error::internal(format!("`{}` of a row {}", field.name, error.message))
            })
        };
        if !field.is_list() || raw.get() == "null" {
            return parse(raw);
        }
        let items: Vec<Box<RawValue>> = serde_json::from_str(raw.get()).map_err(Error::internal)?;
        items.iter().map(|item| parse(item)).collect::<Result<_>>().map(Value::List)
    }
}

fn columns(model: &Model) -> Vec<String> {
    let columns = model.fields.iter().filter(|field| field.has_column());
    columns.map(|field| field.name.clone()).collect()
}

fn request(target: Target) -> ReadRequest {
    ReadRequest {
        target,
        fields: None,
        include: Vec::new(),
        conditions: Vec::new(),
        filter: None,
        sort: Vec::new(),
        page: PageRequest { paging: Paging::First, count: false },
    }
}
