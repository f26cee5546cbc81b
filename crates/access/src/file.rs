//! A file of access tests, read and resolved against a schema.

use std::ops::Range;
use std::sync::Arc;

use underpin_base::Limits;
use underpin_plan::{Catalog, Document};
use underpin_schema::{FieldId, ModelId, Value};

use crate::reader::Reader;
use crate::source::{Problem, Source};
use crate::world::{Who, World};

/// A file of access tests without mistakes, or what could be read of one that has some.
#[derive(Debug, Clone, PartialEq)]
pub struct TestFile {
    pub(crate) source: Arc<Source>,
    pub(crate) world: World,
    pub(crate) blocks: Vec<Block>,
}

/// The tests of one actor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    pub(crate) who: Who,
    pub(crate) tests: Vec<Test>,
}

/// One test.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Test {
    pub(crate) expect: Expect,
    pub(crate) request: Request,
    pub(crate) span: Range<usize>,
}

/// What the actor is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    Can,
    Cannot,
}

/// What the actor tries.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    /// To read rows, or these fields of them.
    Read {
        model: ModelId,
        which: Which,
        fields: Vec<FieldId>,
    },
    Create {
        model: ModelId,
        document: Document,
    },
    /// To change the row with this key.
    Update {
        model: ModelId,
        key: Value,
        document: Document,
    },
    Delete {
        model: ModelId,
        key: Value,
    },
}

/// Which rows are read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Which {
    /// Those with these values; all where there are none.
    Matching(Vec<Wanted>),
    /// The one with this key.
    Row(Value),
}

/// A value that rows must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The field, over to-one relations by dots.
    pub(crate) path: String,
    /// The value as text; `None` for null.
    pub(crate) text: Option<String>,
    /// The value as the file writes it.
    pub(crate) shown: String,
}

impl TestFile {
    /// Reads a file and resolves every name in it. All mistakes are found at once.
    #[must_use]
    pub fn read(catalog: &Catalog, source: Arc<Source>, limits: &Limits) -> (Self, Vec<Problem>) {
        let (documents, faults) = crate::yaml::parse(&source.text);
        let (world, blocks, found) = Reader::new(catalog, limits).read(&documents);
        let mut faults: Vec<_> = faults.into_iter().chain(found).collect();
        faults.sort_by_key(|fault| (fault.span.start, fault.span.end));
        // What follows from a mistake is found at the same place, after it.
        faults.dedup_by(|later, first| later.span == first.span);
        let problems = faults.into_iter().map(|fault| fault.in_file(&source)).collect();
        (Self { source, world, blocks }, problems)
    }

    /// The file.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// How many tests it has.
    #[must_use]
    pub fn n_tests(&self) -> usize {
        self.blocks.iter().map(|block| block.tests.len()).sum()
    }
}
