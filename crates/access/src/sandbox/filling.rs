//! Writes the rows of a world: each after those that it refers to, those that can at the same time.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::LocalSet;
use underpin_base::{Error, Result};
use underpin_engine::Engine;
use underpin_plan::{Document, WriteKind};
use underpin_schema::{FieldId, FieldKind, Schema, Value};

use super::{NoWorld, service, write_request};
use crate::world::World;

/// Rows written at the same time, so that they share commits.
const ROWS_AT_ONCE: usize = 64;

/// Writes every row of the world, each after those that it refers to.
pub(super) async fn fill(engine: &Arc<Engine>, world: &World) -> Result<(), NoWorld> {
    let app = engine.app().await;
    let order = order(app.schema(), world);
    drop(app);
    let mut refused = Vec::new();
    for level in &order.levels {
        for rows in level.chunks(ROWS_AT_ONCE) {
            let documents = rows.iter().map(|place| {
                let row = &world.rows[*place];
                let mut document = row.document.clone();
                document.entries.retain(|(field, _)| !order.later.contains(&(*place, *field)));
                (*place, WriteKind::Create { under: None }, document)
            });
            refused.extend(write_all(engine, world, documents.collect()).await);
        }
    }
    let later = order.later.iter().map(|(place, field)| {
        let row = &world.rows[*place];
        let entries = row.document.entries.iter().filter(|(set, _)| set == field);
        let document = Document { entries: entries.cloned().collect(), errors: Vec::new() };
        (*place, WriteKind::Merge { key: row.key.clone() }, document)
    });
    if refused.is_empty() {
        for write in later {
            refused.extend(write_all(engine, world, vec![write]).await);
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(NoWorld::Rows(refused)) }
}

async fn write_all(
    engine: &Arc<Engine>,
    world: &World,
    writes: Vec<(usize, WriteKind, Document)>,
) -> Vec<(usize, Error)> {
    let tasks = LocalSet::new();
    let running: Vec<_> = writes
        .into_iter()
        .map(|(place, kind, document)| {
            let engine = Arc::clone(engine);
            let request = write_request(world.rows[place].model, kind, document);
            let task = tasks.spawn_local(async move {
                let app = engine.app().await;
                engine.write(&app, &service(&engine), request).await
            });
            (place, task)
        })
        .collect();
    tasks.await;
    let mut refused = Vec::new();
    for (place, task) in running {
        let written = task.await.expect("invariant: writing a row does not panic");
        refused.extend(written.err().map(|error| (place, error)));
    }
    refused
}

/// In which order rows are written.
struct Order {
    /// Rows of one level refer to rows of earlier levels alone.
    levels: Vec<Vec<usize>>,
    /// References that are set once all rows are there, because they lead in a circle.
    later: Vec<(usize, FieldId)>,
}

fn order(schema: &Schema, world: &World) -> Order {
    let mut sorting = Sorting { schema, world, later: Vec::new(), found: HashMap::new() };
    let mut levels: Vec<Vec<usize>> = Vec::new();
    for place in 0..world.rows.len() {
        let level = sorting.level(place);
        levels.resize_with(levels.len().max(level + 1), Vec::new);
        levels[level].push(place);
    }
    Order { levels, later: sorting.later }
}

struct Sorting<'a> {
    schema: &'a Schema,
    world: &'a World,
    later: Vec<(usize, FieldId)>,
    /// The levels of rows; `None` for one that is being looked at.
    found: HashMap<usize, Option<usize>>,
}

impl Sorting<'_> {
    /// The level of a row: 0 when it refers to none. Follows references as deep as they lead, by a
    /// stack of its own.
    fn level(&mut self, start: usize) -> usize {
        let mut stack = vec![start];
        while let Some(&place) = stack.last() {
            if matches!(self.found.get(&place), Some(Some(_))) {
                stack.pop();
                continue;
            }
            self.found.insert(place, None);
            let references = self.references(place);
            let mut level = 0;
            let mut waits = false;
            for (field, target) in references {
                match self.found.get(&target).copied() {
                    Some(Some(found)) => level = level.max(found + 1),
                    // It is further down the stack: the circle is cut here.
                    Some(None) => self.cut(place, field),
                    None => {
                        stack.push(target);
                        waits = true;
                        break;
                    }
                }
            }
            if !waits {
                self.found.insert(place, Some(level));
                stack.pop();
            }
        }
        self.found.get(&start).copied().flatten().unwrap_or_default()
    }

    fn cut(&mut self, place: usize, field: FieldId) {
        if !self.later.contains(&(place, field)) {
            self.later.push((place, field));
        }
    }

    /// The rows that a row refers to, by the fields that do.
    fn references(&self, place: usize) -> Vec<(FieldId, usize)> {
        let row = &self.world.rows[place];
        let model = self.schema.model(row.model);
        let mut references = Vec::new();
        for (field, value) in &row.document.entries {
            if self.later.contains(&(place, *field)) {
                continue;
            }
            let (target, keys) = match (&model.field(*field).kind, value) {
                (FieldKind::ToOne(to_one), key) => (to_one.target, std::slice::from_ref(key)),
                (FieldKind::ManyToMany(join), Value::List(keys)) => (join.target, keys.as_slice()),
                _ => continue,
            };
            let found = keys.iter().filter_map(|key| self.world.with_key(target, key));
            references.extend(found.map(|target| (*field, target)));
        }
        references
    }
}
