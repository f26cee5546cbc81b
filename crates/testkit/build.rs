//! Makes a test of each scenario file, so that one that fails is named and runs alone.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let tests: String = files.iter().map(|file| write_test(&root, file)).collect();
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("scenarios.rs"), tests).expect("OUT_DIR can be written");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder).expect("tests/scenarios is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "scn") {
            files.push(path);
        }
    }
}

/// `#[test] fn access_owner_rules() { … }`
fn write_test(root: &Path, file: &Path) -> String {
    let path = file.strip_prefix(root).expect("the file lies below the root");
    let path = path.to_str().expect("scenario files have plain names").replace('\\', "/");
    let name = path.trim_end_matches(".scn").replace(['/', '-'], "_");
    let full = file.display().to_string();
    format!(
        "#[test]\nfn {name}() {{\n    \
             underpin_testkit::scenario::play(\"tests/scenarios/{path}\", include_str!({full:?}));\n\
         }}\n\n"
    )
}
