//! A schema with accounts on a database of its own.

use std::sync::Arc;

use tempfile::TempDir;
use underpin_accounts::{Accounts, Identity, Options};
use underpin_base::{Clock, Ids, Limits, Result, Timestamp};
use underpin_engine::{Engine, migrations};
use underpin_migrate::Consent;
use underpin_store::{Options as StoreOptions, Store};

pub(crate) const START: Timestamp = Timestamp(1_700_000_000_000_000);

pub(crate) struct World {
    pub(crate) accounts: Accounts,
    pub(crate) clock: Clock,
    pub(crate) directory: TempDir,
}

impl World {
    pub(crate) async fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&StoreOptions::new(directory.path().join("app.db"))).unwrap();
        let parsed = underpin_schema::parse(text, "schema.graphql");
        let schema = Arc::new(parsed.schema.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics)));
        migrations::apply(&store, &schema, Consent::KeepData, START).await.unwrap();
        let clock = Clock::manual(START);
        let options = underpin_engine::Options {
            limits: Limits::default(),
            clock: clock.clone(),
            ids: Ids::sequence(),
        };
        let engine = Arc::new(Engine::start(store, schema, options).await.unwrap());
        let accounts = Accounts::start(engine, Options::default()).await.unwrap();
        Self { accounts, clock, directory }
    }

    pub(crate) async fn authenticate(&self, token: &str) -> Result<Arc<Identity>> {
        let app = self.accounts.engine().app().await;
        self.accounts.authenticate(&app, token).await
    }
}
