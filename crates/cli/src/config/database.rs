//! `[database]`

use super::section::section;
use super::value::DatabaseUrl;

section! {
    /// Where data lives.
    "database" => Database {
        /// The database. `sqlite:` and a path, relative to the project's folder; the file is made
        /// when it is not there. `underpin dev` uses `sqlite:data/dev.db` when nobody sets this key.
        url: DatabaseUrl = "sqlite:data/app.db";
        /// MiB of pages the database keeps in memory, for all connections together. Enough is what
        /// holds the rows that are read often; more is never harmful while the machine has it.
        cache_mib: u32 = "64", 2..=1_048_576;
    }
}
