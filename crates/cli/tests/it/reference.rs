//! The committed reference pages say what the code does.

use std::path::Path;

#[test]
fn the_committed_reference_pages_are_those_the_code_makes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (path, text) in underpin::reference::pages() {
        let committed = std::fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(
            committed == text,
            "{path} is out of date; run `cargo run -p underpin -- reference`"
        );
    }
}
