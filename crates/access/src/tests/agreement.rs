//! Stories are true: the judge decides every request as the engine does.

use underpin_engine::Context;
use underpin_plan::{Document, Folded, Roles, WriteKind};
use underpin_schema::Value;

use super::*;
use crate::file::{Request, TestFile, Which};
use crate::judge::Judge;
use crate::sandbox::{Sandbox, write_request};
use crate::scene::Scene;
use crate::world::{AccountFacts, KeyFacts, Owner, Who};

const FILES: [(&str, &str, &str); 2] = [
    (
        include_str!("../../../../examples/shop/schema.graphql"),
        "orders.yaml",
        include_str!("../../../../examples/shop/tests/orders.yaml"),
    ),
    (WIDE, "wide.yaml", WIDE_TESTS),
];

/// Rules of every form.
const WIDE: &str = r#"
extend schema @role(name: "editor", can: ["notes:update", "notes:secret"])
type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id || row.open") {
  email: Email! @unique
  open: Boolean!
  token: String @hidden
  team: Team
  notes: [Note!]! @relation(field: "owner")
}
type Team @model @access(read: "row.members.exists(m, m.id == auth.id)") {
  name: String!
  members: [User!]! @relation(field: "team")
}
type Note @model
  @access(
    read: "row.owner == auth.id || (row.team.members.exists(m, m.id == auth.id) && !row.locked)"
    create: "row.owner == auth.id && row.rank < 5"
    update: "row.owner == auth.id && (next.rank <= row.rank || auth.verified) && next.owner == row.owner"
    delete: "row.owner == auth.id && row.team.members.all(m, m.open)"
  )
  @check(rule: "row.rank >= 0", message: "rank must not be negative") {
  owner: User!
  team: Team
  rank: Int! @default(value: 1)
  locked: Boolean! @default(value: false) @access(write: "row.rank > 2 || auth.is('editor')")
  secret: String @access(read: "auth.can('notes:secret') || row.rank == 3", write: "auth.can('notes:secret')")
  tagged: [User!]! @relation
  limited: String @access(read: "row.owner.token == 'let me in'")
}
"#;

const WIDE_TESTS: &str = "
rows:
  Team: { red: { name: Red }, blue: { name: Blue } }
  User:
    ada: { email: a@x.org, open: true, team: red, token: let me in }
    bob: { email: b@x.org, open: false, team: red }
    cat: { email: c@x.org, open: true, team: blue }
  Note:
    ada-1: { owner: ada, team: red }
    ada-3: { owner: ada, team: blue, rank: 3, secret: s }
    bob-1: { owner: bob, team: red, locked: true }
    bob-4: { owner: bob, rank: 4 }
    cat-2: { owner: cat, team: blue, rank: 2, limited: l }
";

/// Documents that are tried on every row of the model, and as new rows.
const DOCUMENTS: [(&str, &str); 16] = [
    ("Order", "{ note: hello }"),
    ("Order", "{ status: PAID }"),
    ("Order", "{ customer: bob }"),
    ("OrderItem", "{ quantity: 3 }"),
    ("OrderItem", "{ unitPrice: 1.00 }"),
    ("OrderItem", "{ order: ada-open, product: filter, quantity: 1 }"),
    ("Note", "{ owner: ada, rank: 4 }"),
    ("Note", "{ owner: bob }"),
    ("Note", "{ rank: 3, locked: true }"),
    ("Note", "{ rank: 9 }"),
    ("Note", "{ rank: -1, owner: ada }"),
    ("Note", "{ team: blue, owner: ada }"),
    ("Note", "{ secret: x }"),
    ("Note", "{ owner: ada, tagged: [cat, ada] }"),
    ("Note", "{ tagged: [bob] }"),
    ("Note", "{ tagged: [] }"),
];

/// What a run has seen, so that it cannot pass by seeing nothing.
#[derive(Default)]
struct Tally {
    n_allowed: usize,
    n_denied: usize,
}

struct Bench<'a> {
    suite: &'a Suite,
    file: &'a TestFile,
    who: Who,
}

impl Bench<'_> {
    fn judge<'s>(&'s self, sandbox: &'s Sandbox<'_>, ctx: &'s Context) -> Judge<'s> {
        Judge {
            catalog: &self.suite.catalog,
            scene: Scene::new(
                sandbox.inspector(),
                ctx,
                Folded::new(&self.suite.catalog, &ctx.actor.profile),
            ),
            roles: Roles::declared(&self.suite.catalog.schema),
            names: Box::new(|model, key| self.file.world.name_of(model, key).map(str::to_owned)),
            source: &self.suite.schema,
            actor: self.file.world.label(&self.who),
            limits: &self.suite.limits,
        }
    }

    fn check(&self, sandbox: &Sandbox<'_>, request: &Request, tally: &mut Tally) {
        let ctx = sandbox.context(&self.who).unwrap();
        let (story, code) = match request {
            Request::Read { model, which: Which::Row(key), .. } => {
                self.check_fields(sandbox, &ctx, (*model, key));
                let story = self.judge(sandbox, &ctx).read(*model, key, &[]).unwrap();
                let read = sandbox.reader().item(&ctx, (*model, key), None);
                (story, read.err().map(|error| error.code()))
            }
            Request::Read { .. } => return,
            Request::Create { model, document } => {
                let kind = WriteKind::Create { under: None };
                self.written(sandbox, &ctx, (*model, kind, document))
            }
            Request::Update { model, key, document } => {
                let kind = WriteKind::Merge { key: key.clone() };
                self.written(sandbox, &ctx, (*model, kind, document))
            }
            Request::Delete { model, key } => {
                let kind = WriteKind::Delete { key: key.clone() };
                self.written(sandbox, &ctx, (*model, kind, &Document::default()))
            }
        };
        assert_eq!(story.code, code.map(underpin_base::Code::name), "{}", outline(&story));
        assert_eq!(story.allowed, code.is_none());
        // What a document may not say at all is no rule's doing.
        let is_invalid = story.code == Some("VALIDATION_ERROR");
        let decides = story.findings.iter().any(|finding| finding.decides);
        assert!(decides || is_invalid, "{}", outline(&story));
        if story.allowed { tally.n_allowed += 1 } else { tally.n_denied += 1 }
    }

    fn written(
        &self,
        sandbox: &Sandbox<'_>,
        ctx: &Context,
        (model, kind, document): (underpin_schema::ModelId, WriteKind, &Document),
    ) -> (Story, Option<underpin_base::Code>) {
        let request = write_request(model, kind, document.clone());
        let story = self.judge(sandbox, ctx).write(&request).unwrap();
        let written = sandbox.attempt(ctx, &request).unwrap();
        (story, written.err().map(|error| error.code()))
    }

    /// Every field is there exactly when the story says so.
    fn check_fields(
        &self,
        sandbox: &Sandbox<'_>,
        ctx: &Context,
        (model, key): (underpin_schema::ModelId, &Value),
    ) {
        let Ok(members) = sandbox.reader().item(ctx, (model, key), None) else { return };
        let fields = &self.suite.catalog.schema.model(model).fields;
        for field in fields.iter().filter(|field| field.has_column()) {
            let story = self.judge(sandbox, ctx).read(model, key, &[field.id]).unwrap();
            let is_there = members.contains_key(&field.name);
            assert_eq!(story.allowed, is_there, "{}", outline(&story));
        }
    }
}

#[test]
fn stories_decide_as_the_engine_does() {
    let mut tally = Tally::default();
    for (schema, path, text) in FILES {
        let stage = Stage::of(schema);
        let (suite, problems) = stage.read(&[(path, text)]);
        assert!(problems.is_empty(), "{}", mistakes(&problems));
        let file = &suite.files[0];
        let sandbox = Sandbox::make(&suite.catalog.schema, &file.world, &suite.limits).unwrap();
        let requests = requests(&suite, file);
        for who in everybody(&suite, file) {
            let bench = Bench { suite: &suite, file, who };
            for request in &requests {
                bench.check(&sandbox, request, &mut tally);
            }
        }
    }
    assert!(tally.n_allowed > 60, "only {} were allowed", tally.n_allowed);
    assert!(tally.n_denied > 200, "only {} were denied", tally.n_denied);
}

fn everybody(suite: &Suite, file: &TestFile) -> Vec<Who> {
    let schema = &suite.catalog.schema;
    let account = schema.account_model().unwrap().id;
    let mut everybody = vec![Who::Anonymous];
    everybody.extend(schema.roles.iter().map(|role| Who::role(role.name.clone())));
    for (place, _) in file.world.rows.iter().enumerate().filter(|(_, row)| row.model == account) {
        let facts = AccountFacts { verified: place % 2 == 0, ..AccountFacts::default() };
        everybody.push(Who::User(place, facts.clone()));
        let roles = vec![schema.roles[0].name.clone()];
        let facts = AccountFacts { roles, ..facts };
        let scopes = ["orders:read", "notes:*", "users:read", "teams:read"].map(str::to_owned);
        let owner = Owner::User(place, facts.clone());
        everybody.push(Who::User(place, facts));
        everybody.push(Who::Key(Box::new(KeyFacts { owner, scopes: Some(scopes.to_vec()) })));
    }
    everybody
}

/// Reads, deletes and updates of every row, and creates.
fn requests(suite: &Suite, file: &TestFile) -> Vec<Request> {
    let schema = &suite.catalog.schema;
    let mut requests = Vec::new();
    for row in &file.world.rows {
        let key = row.key.clone();
        let which = Which::Row(key.clone());
        requests.push(Request::Read { model: row.model, which, fields: Vec::new() });
        // Whether rows are still referred to is no question of access.
        if matches!(&*schema.model(row.model).name, "Order" | "OrderItem" | "Note") {
            requests.push(Request::Delete { model: row.model, key });
        }
    }
    for (model, set) in DOCUMENTS {
        if !schema.by_name.contains_key(model) {
            continue;
        }
        let rows = file.world.rows.iter().filter(|row| schema.model(row.model).name == model);
        let tests: String = rows
            .map(|row| format!("  - {{ update: {model}/{}, set: {set} }}\n", row.name))
            .chain([format!("  - {{ create: {model}, set: {set} }}\n")])
            .collect();
        let text = format!("{}\n---\nas: anonymous\ncan:\n{tests}", world_of(&file.source.text));
        let source = Source { path: "made.yaml".to_owned(), text };
        let (made, problems) = TestFile::read(&suite.catalog, Arc::new(source), &suite.limits);
        assert!(problems.is_empty(), "{}", mistakes(&problems));
        requests.extend(made.blocks.into_iter().flat_map(|block| block.tests).map(|t| t.request));
    }
    requests
}

/// A file without its tests.
fn world_of(text: &str) -> &str {
    text.split("\ntests:").next().unwrap_or(text)
}
