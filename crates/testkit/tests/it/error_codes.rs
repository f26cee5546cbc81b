//! The ledger of error codes: each is provoked by a test that a client could have written.

use std::path::Path;

use underpin_base::Code;

/// Codes that need a failing disk, a full queue or a stopping server, or accounts with a past, and
/// whose tests provoke them instead.
const ELSEWHERE: &[(Code, &str)] = &[
    (Code::Overloaded, "crates/store/src/tests"),
    (Code::QueryTimeout, "crates/store/src/tests"),
    (Code::StorageUnavailable, "crates/store/src/tests"),
    (Code::ShuttingDown, "crates/store/src/tests"),
    (Code::MfaRequired, "crates/accounts/tests/it"),
    (Code::EmailUnverified, "crates/accounts/tests/it"),
    (Code::ReauthenticationRequired, "crates/accounts/tests/it"),
    (Code::LastAdministrator, "crates/accounts/tests/it"),
    (Code::LimitReached, "crates/accounts/tests/it"),
];

#[test]
fn every_code_is_provoked_by_a_scenario_or_a_test_over_the_wire() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut texts = String::new();
    collect(&root.join("tests/scenarios"), ".scn", &mut texts);
    collect(&root.join("crates/testkit/tests/it"), ".rs", &mut texts);
    collect(&root.join("crates/http/tests/it"), ".rs", &mut texts);
    for code in Code::ALL.iter().filter(|code| !ELSEWHERE.iter().any(|(other, _)| other == *code)) {
        let name = code.name();
        let is_provoked = [format!("{name}\""), format!("{name}\n")];
        let is_provoked = is_provoked.iter().any(|text| texts.contains(text.as_str()));
        assert!(is_provoked, "no scenario provokes {name}: write one");
    }
    for (code, folder) in ELSEWHERE {
        let mut texts = String::new();
        collect(&root.join(folder), ".rs", &mut texts);
        let variant = format!("Code::{code:?}");
        assert!(texts.contains(&variant), "no test in {folder} expects {variant}");
    }
}

/// Appends every file below `folder` whose name ends so.
fn collect(folder: &Path, ending: &str, texts: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, ending, texts);
        } else if path.to_string_lossy().ends_with(ending) {
            texts.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
