//! `underpin new`

use insta::assert_snapshot;

use crate::run::Sandbox;

#[test]
fn a_project_has_everything_it_needs_to_run() {
    let sandbox = Sandbox::empty();
    assert_snapshot!("new", sandbox.run(&["new", "shop"]));
    for file in ["schema.graphql", "underpin.toml", ".gitignore", "README.md", "seed/tasks.csv"] {
        assert!(sandbox.path().join("shop").join(file).is_file(), "{file}");
    }
    assert_snapshot!("new_json", Sandbox::empty().run(&["new", "deep/shop", "--json"]));
}

#[test]
fn nothing_that_exists_is_overwritten() {
    let sandbox = Sandbox::empty();
    sandbox.write("shop/notes.txt", "mine");
    assert_snapshot!("new_occupied", sandbox.run(&["new", "shop"]));
    sandbox.write("file", "");
    assert_snapshot!("new_file", sandbox.run(&["new", "file"]));
}

#[test]
fn a_name_with_a_space_is_quoted_in_what_is_printed_to_be_copied() {
    let shown = Sandbox::empty().run(&["new", "my shop"]);
    assert!(shown.contains("cd 'my shop'"), "{shown}");
}
