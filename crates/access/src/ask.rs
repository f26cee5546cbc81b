//! Questions why: of the worlds of the tests, or of a database.

use std::sync::Arc;

use tokio::runtime::Runtime;
use underpin_base::{Clock, Code, Error};
use underpin_engine::{Context, Engine};
use underpin_plan::{Actor, Document, Folded, Roles, WriteKind};
use underpin_schema::{Locking, Model, ModelId, Scalar, Value, nearest};
use underpin_store::Store;

use crate::door::{Door, inspected, inspector};
use crate::file::{Request, TestFile, Wanted, Which};
use crate::judge::Judge;
use crate::reader::Reader;
use crate::sandbox::{NoWorld, Sandbox, own_fields, write_request};
use crate::scene::Scene;
use crate::source::Fault;
use crate::story::Story;
use crate::suite::Suite;
use crate::world::{Who, World, key_scalar, text_of};
use crate::yaml::{Key, Kind, Node};

/// What somebody would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// `read`, `create`, `update` or `delete`.
    pub operation: &'static str,
    /// `Order/ada-1`, or the model alone for a create.
    pub target: String,
    /// The fields that are read.
    pub fields: Vec<String>,
    /// The fields that are set, with their values as files of tests write them.
    pub set: Vec<(String, String)>,
}

/// Why a question has no answer.
#[derive(Debug)]
pub enum AskError {
    /// It makes no sense.
    Question {
        /// What is wrong, a line for each mistake.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// The rows could not be read.
    Failed(Error),
}

/// A database in use.
#[derive(Clone, Copy)]
pub struct Live<'a> {
    /// The database, at the schema of the suite.
    pub store: &'a Store,
    /// Where its work is done.
    pub runtime: &'a Runtime,
}

impl From<Error> for AskError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn question(message: impl Into<String>, help: Option<String>) -> AskError {
    AskError::Question { message: message.into(), help }
}

impl Suite {
    /// Why `who` may or may not do something in the world of a test file: `ada`, `anonymous`,
    /// `role:staff`, or any of them after the name of a file, `orders.yaml:ada`. Blocks.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn explain(&self, who: &str, asked: &Question) -> Result<Story, AskError> {
        require_row(asked)?;
        let (file, who) = self.place(who, asked)?;
        let who = self.who(&file.world, who)?;
        let (request, _) = self.request(&file.world, asked)?;
        let sandbox = Sandbox::make(&self.catalog.schema, &file.world, &self.limits);
        let sandbox = sandbox.map_err(|error| match error {
            NoWorld::Failed(error) => AskError::Failed(error),
            NoWorld::Rows(_) => question(
                format!("rows of {} cannot be written", file.source.path),
                Some("`underpin test` says why".to_owned()),
            ),
        })?;
        let ctx = sandbox.context(&who)?;
        let asked = (file.world.label(&who), &request, self.declared());
        self.answer(&ctx, (sandbox.inspector(), &file.world), asked)
    }

    /// Why `who` may or may not do something with the rows of a database: `user:` and an identity or
    /// a key, `anonymous`, or `role:staff`. Rows are named by their keys. Blocks.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn explain_live(
        &self,
        live: Live<'_>,
        who: &str,
        asked: &Question,
    ) -> Result<Story, AskError> {
        require_row(asked)?;
        let world = World { is_open: true, ..World::default() };
        let (request, world) = self.request(&world, asked)?;
        let schema = Arc::new(inspected(&self.catalog.schema));
        let starting = inspector(live.store, &schema, &Clock::System);
        let engine = live.runtime.block_on(starting)?;
        let door = Door { engine: &engine, runtime: live.runtime, schema: &schema };
        let actor = self.live_actor(door, who)?;
        let ctx = context(&engine, actor);
        self.answer(&ctx, (door, &world), (who.to_owned(), &request, engine.roles()))
    }

    fn answer(
        &self,
        ctx: &Context,
        (door, world): (Door<'_>, &World),
        (actor, request, roles): (String, &Request, Roles),
    ) -> Result<Story, AskError> {
        let folded = Folded::with_roles(&self.catalog, &roles, &ctx.actor.profile);
        let judge = Judge {
            catalog: &self.catalog,
            scene: Scene::new(door, ctx, folded),
            roles,
            names: Box::new(|model, key| world.name_of(model, key).map(str::to_owned)),
            source: &self.schema,
            actor,
            limits: &self.limits,
        };
        let write = |model: ModelId, kind: WriteKind, document: &Document| {
            let mut request = write_request(model, kind, document.clone());
            if self.catalog.schema.model(model).locking == Locking::Required {
                // Whoever writes sends the version that the row has.
                request.if_version = request.kind.key().map(|_| 0);
            }
            judge.write(&request)
        };
        Ok(match request {
            Request::Read { model, which: Which::Row(key), fields } => {
                judge.read(*model, key, fields)?
            }
            Request::Read { .. } => unreachable!("invariant: a question names its row"),
            Request::Create { model, document } => {
                write(*model, WriteKind::Create { under: None }, document)?
            }
            Request::Update { model, key, document } => {
                write(*model, WriteKind::Merge { key: key.clone() }, document)?
            }
            Request::Delete { model, key } => {
                write(*model, WriteKind::Delete { key: key.clone() }, &Document::default())?
            }
        })
    }

    /// The file whose world is meant, and who in it.
    fn place<'q>(&self, who: &'q str, asked: &Question) -> Result<(&TestFile, &'q str), AskError> {
        if self.files.is_empty() {
            let help = "describe rows in `tests/*.yaml`, or ask of a database: `--database`";
            return Err(question("there are no tests whose rows to ask of", Some(help.to_owned())));
        }
        let named = who.split_once(':').and_then(|(file, who)| {
            let found = self.files.iter().filter(|known| is_named(&known.source.path, file));
            let found: Vec<&TestFile> = found.collect();
            (!found.is_empty()).then_some((found, who))
        });
        let (files, who) = named.unwrap_or_else(|| (self.files.iter().collect(), who));
        let fits = |file: &&&TestFile| {
            self.who(&file.world, who).is_ok() && self.request(&file.world, asked).is_ok()
        };
        let fitting: Vec<&&TestFile> = files.iter().filter(fits).collect();
        match fitting.as_slice() {
            [file] => Ok((**file, who)),
            // What is missing is said of the file that has the actor, or the only one.
            [] => {
                let has_actor = |file: &&&TestFile| self.who(&file.world, who).is_ok();
                let file = files.iter().find(has_actor).or(files.first());
                Ok((*file.expect("invariant: there are files"), who))
            }
            several => {
                let names: Vec<&str> =
                    several.iter().map(|file| file.source.path.as_str()).collect();
                let message = format!("several worlds have them: {}", names.join(", "));
                let help = format!("name one: `--as {}:{who}`", names[0]);
                Err(question(message, Some(help)))
            }
        }
    }

    /// Somebody in a world.
    fn who(&self, world: &World, who: &str) -> Result<Who, AskError> {
        if who == "anonymous" {
            return Ok(Who::Anonymous);
        }
        if let Some(role) = who.strip_prefix("role:") {
            return self.role(role, &self.declared()).map(Who::role);
        }
        let name = who.strip_prefix("user:").unwrap_or(who);
        let account = self.account()?;
        match world.find(&self.catalog.schema, account.id, name) {
            Some(place) => {
                Ok(Who::User(place, world.accounts.get(&place).cloned().unwrap_or_default()))
            }
            None => {
                let fault = crate::reader::unknown_row(world, account, name, &(0..0));
                Err(question(fault.message, fault.help))
            }
        }
    }

    fn declared(&self) -> Roles {
        Roles::declared(&self.catalog.schema)
    }

    fn role(&self, name: &str, roles: &Roles) -> Result<String, AskError> {
        if roles.contains(name) {
            return Ok(name.to_owned());
        }
        let names = || roles.iter().map(|(name, _)| name);
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean `role:{near}`?"),
            None => format!("there are: {}", names().collect::<Vec<_>>().join(", ")),
        };
        Err(question(format!("there is no role `{name}`"), Some(help)))
    }

    fn account(&self) -> Result<&Model, AskError> {
        self.catalog.schema.account_model().ok_or_else(|| {
            let help = "ask as `anonymous` or as `role:NAME`".to_owned();
            question("the schema has no account model, so there are no users", Some(help))
        })
    }

    /// The account with this identity or key.
    fn live_actor(&self, door: Door<'_>, who: &str) -> Result<Actor, AskError> {
        if who == "anonymous" {
            return Ok(Actor::anonymous());
        }
        if let Some(role) = who.strip_prefix("role:") {
            return Ok(Actor::key([self.role(role, &door.engine.roles())?]));
        }
        let Some(name) = who.strip_prefix("user:") else {
            let help = "of a database, ask as `user:EMAIL`, `role:NAME` or `anonymous`".to_owned();
            return Err(question(format!("nobody is called `{who}`"), Some(help)));
        };
        let account = self.account()?;
        let identities = account.account.iter().flat_map(|account| &account.identity);
        let mut keys: Vec<Value> = key_scalar(account).parse_text(name).into_iter().collect();
        for field in identities {
            let path = account.field(*field).name.clone();
            let wanted = Wanted { path, text: Some(name.to_owned()), shown: name.to_owned() };
            match door.keys(account.id, &[wanted]) {
                Ok(found) => keys.extend(found),
                // A text that is no e-mail is nobody's.
                Err(error) if error.code() == Code::InvalidParameter => {}
                Err(error) => return Err(error.into()),
            }
        }
        let scalar = key_scalar(account);
        for key in keys {
            let Some(values) = door.row(account.id, &key)? else { continue };
            let text = text_of(scalar, &key);
            let found = door.runtime.block_on(async {
                let app = door.engine.app().await;
                underpin_accounts::actor_of(door.engine, &app, &text).await
            })?;
            let Some(actor) = found else {
                let message = format!("the account of `{name}` is suspended, so nobody acts as it");
                return Err(question(message, None));
            };
            return Ok(Actor { user: own_fields(&self.catalog.schema, values), ..actor });
        }
        Err(question(
            format!("there is no `{}` with the identity or key `{name}`", account.name),
            None,
        ))
    }

    /// Whether a field of what is asked for takes texts.
    fn is_text(&self, target: &str, field: &str) -> bool {
        let schema = &self.catalog.schema;
        let name = target.split('/').next().unwrap_or_default();
        let model = schema.by_name.get(name).map(|model| schema.model(*model));
        let scalar = model.and_then(|model| model.field_named(field)?.kind.scalar());
        scalar.is_some_and(Scalar::is_text)
    }

    /// What is asked, resolved in a world; and the world with the rows that it named.
    fn request(&self, world: &World, asked: &Question) -> Result<(Request, World), AskError> {
        let text = |text: &str| Node { kind: Kind::Text(text.to_owned()), span: 0..0 };
        let key = |name: &str| Key { text: name.to_owned(), span: 0..0 };
        let mut members = vec![(key(asked.operation), text(&asked.target))];
        if !asked.set.is_empty() {
            let mut set = Vec::new();
            for (name, value) in &asked.set {
                let is_text = self.is_text(&asked.target, name);
                let kind = if is_text { text_kind(value) } else { kind_of(name, value)? };
                set.push((key(name), Node { kind, span: 0..0 }));
            }
            members.push((key("set"), Node { kind: Kind::Map(set), span: 0..0 }));
        }
        if !asked.fields.is_empty() {
            let fields = asked.fields.iter().map(|field| text(field)).collect();
            members.push((key("fields"), Node { kind: Kind::List(fields), span: 0..0 }));
        }
        let node = Node { kind: Kind::Map(members), span: 0..0 };
        let reader = Reader::new(&self.catalog, &self.limits).within(world.clone());
        match reader.read_request_alone(&node) {
            (Some(request), faults, world) if faults.is_empty() => Ok((request, world)),
            (_, faults, _) => Err(told(&faults)),
        }
    }
}

/// A question is about one row, but for creating one.
fn require_row(asked: &Question) -> Result<(), AskError> {
    let Question { operation, target, .. } = asked;
    if *operation == "create" || target.contains('/') {
        return Ok(());
    }
    let help = format!("for example `--{operation} {target}/NAME`");
    Err(question(format!("which `{target}` is meant?"), Some(help)))
}

/// A value as a file of tests would have it.
fn kind_of(name: &str, value: &str) -> Result<Kind, AskError> {
    let (documents, faults) = crate::yaml::parse(value);
    match faults.into_iter().next() {
        Some(fault) => Err(question(format!("`{name}`: {}", fault.message), fault.help)),
        None => Ok(documents.into_iter().next().map_or(Kind::Null, |node| node.kind)),
    }
}

/// A text that a shell has taken the quotes off: it is what it is, were it no YAML.
fn text_kind(value: &str) -> Kind {
    match kind_of("", value) {
        Ok(Kind::Null) if value == "null" => Kind::Null,
        Ok(Kind::Text(text)) if value.starts_with(['\'', '"']) => Kind::Text(text),
        Ok(_) | Err(_) => Kind::Text(value.to_owned()),
    }
}

fn told(faults: &[Fault]) -> AskError {
    let messages: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    let help = match faults {
        [fault] => fault.help.clone(),
        _ => None,
    };
    question(messages.join("; "), help)
}

/// Whether `name` is what a user would call the file: its path, its name, or that without ending.
fn is_named(path: &str, name: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.split_once('.').map_or(file, |(stem, _)| stem);
    [path, file, stem].contains(&name)
}

fn context(engine: &Engine, actor: Actor) -> Context {
    let (ip, standing) = (None, None);
    Context { actor: Arc::new(actor), now: engine.now(), ip, transport: "rest", standing }
}
