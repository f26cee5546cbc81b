//! Every case of `tests/golden/sql`: the plan, its statements and their binds.

use std::fs;
use std::path::{Path, PathBuf};

use underpin_sql::{Dialect, read, write};

use crate::case::{Case, Planned, folder};
use crate::{ddl, render};

fn cases() -> Vec<PathBuf> {
    let mut cases = Vec::new();
    for topic in fs::read_dir(folder()).expect("the folder of golden files") {
        let topic = topic.expect("a topic").path();
        if !topic.is_dir() {
            continue;
        }
        for file in fs::read_dir(&topic).expect("a topic's folder") {
            let file = file.expect("a case").path();
            if file.extension().is_some_and(|extension| extension == "case") {
                cases.push(file);
            }
        }
    }
    cases.sort();
    cases
}

/// What a case compiles to. Every statement is one that SQLite takes.
fn compiled(text: &str) -> String {
    let case = Case::parse(text);
    let catalog = case.catalog();
    let database = ddl::database(&catalog.schema);
    let (text, statements) = match case.plan(&catalog) {
        Err(error) => return render::error(&error),
        Ok(Planned::Read(plan)) => {
            let program = read(&catalog, &plan, Dialect::Sqlite);
            let statements = render::statements_of_read(&program).into_iter().cloned().collect();
            (render::read(&catalog, &plan, &program), statements)
        }
        Ok(Planned::Write(plan)) => {
            let program = write(&catalog, &plan, Dialect::Sqlite);
            let statements = render::statements_of_write(&program).into_iter().cloned().collect();
            (render::write(&catalog, &plan, &program), statements)
        }
    };
    let statements: Vec<underpin_sql::Statement> = statements;
    for statement in &statements {
        let prepared = database
            .prepare(&statement.text)
            .unwrap_or_else(|error| panic!("{error}\n{}", statement.text));
        assert_eq!(prepared.parameter_count(), statement.binds.len(), "{}", statement.text);
    }
    text
}

fn snapshot(file: &Path) {
    let input = fs::read_to_string(file).expect("a case");
    let output = compiled(&input);
    let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
    insta::with_settings!({
        snapshot_path => file.parent().expect("a topic"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
        description => input,
    }, {
        insta::assert_snapshot!(name, output);
    });
}

#[test]
fn every_case_compiles_to_its_golden_statements() {
    let cases = cases();
    assert!(cases.len() >= 40, "cases are missing: {} found", cases.len());
    for case in cases {
        snapshot(&case);
    }
}
