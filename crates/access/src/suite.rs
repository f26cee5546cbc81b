//! A project's tests, read against its schema.

use std::sync::Arc;

use underpin_base::{Limits, Result};
use underpin_plan::Catalog;
use underpin_rules::Rules;
use underpin_schema::Schema;

use crate::file::TestFile;
use crate::matrix::Matrix;
use crate::run::{Report, run_file};
use crate::source::{Problem, Source};

/// The tests of a project.
#[derive(Debug, Clone)]
pub struct Suite {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) schema: Arc<Source>,
    pub(crate) limits: Limits,
    pub(crate) files: Vec<TestFile>,
}

impl Suite {
    /// Reads files of tests against a schema, whose file is `source`. Every mistake in them is found.
    ///
    /// `None` when the rules of the schema have mistakes: whoever loads a schema checks it first.
    #[must_use]
    pub fn read(
        schema: &Arc<Schema>,
        source: Source,
        files: Vec<Source>,
        limits: &Limits,
    ) -> Option<(Self, Vec<Problem>)> {
        let rules = Rules::compile(schema).0?;
        let catalog = Arc::new(Catalog { schema: Arc::clone(schema), rules });
        let mut problems = Vec::new();
        let files = files
            .into_iter()
            .map(|file| {
                let (file, found) = TestFile::read(&catalog, Arc::new(file), limits);
                problems.extend(found);
                file
            })
            .collect();
        let suite = Self { catalog, schema: Arc::new(source), limits: limits.clone(), files };
        Some((suite, problems))
    }

    /// How many tests there are.
    #[must_use]
    pub fn n_tests(&self) -> usize {
        self.files.iter().map(TestFile::n_tests).sum()
    }

    /// Who may do what: the actors of the tests and the roles of the schema.
    #[must_use]
    pub fn matrix(&self) -> Matrix {
        Matrix::of(&self.catalog, &self.files)
    }

    /// Runs every test. Blocks, and must not be called on a thread of an asynchronous runtime.
    ///
    /// # Errors
    /// When a temporary database cannot be made or used.
    pub fn run(&self) -> Result<Report> {
        let mut report = Report { matrix: self.matrix(), ..Report::default() };
        for file in &self.files {
            run_file(self, file, &mut report)?;
        }
        Ok(report)
    }
}
