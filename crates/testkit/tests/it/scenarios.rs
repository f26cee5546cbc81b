//! A test for each file below `tests/scenarios`, on SQLite.

mod sqlite {
    include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));
}
