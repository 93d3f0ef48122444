//! The walls between the crates, held by what cargo says of their dependencies; and the sections that the code cites.
//!
//! **In** `cargo tree`, sources, `docs/protocol.md`. **Out** a failure that names what came in where it must not, or is not
//! there. **Never** the network.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates that `package` is made of when it is built for use, itself included.
fn tree(package: &str) -> Vec<String> {
    let cargo = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", package, "--edges", "normal"])
        .args(["--prefix", "none", "--format", "{lib}", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .output()
        .expect("cargo runs where its tests run");
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let mut crates: Vec<String> =
        String::from_utf8_lossy(&cargo.stdout).split_whitespace().map(str::to_owned).collect();
    crates.sort_unstable();
    crates.dedup();
    crates
}

fn check(package: &str, has: &str, never: &[&str]) {
    let crates = tree(package);
    assert!(crates.iter().any(|name| name == has), "{package} lacks {has}: is it read rightly? {crates:?}");
    for name in never {
        assert!(!crates.iter().any(|known| known == name), "{package} must not depend on {name}");
    }
}

#[test]
fn the_protocol_has_no_way_to_the_machine() {
    check("chatter-protocol", "snow", &["tokio", "tonic", "nix", "socket2", "getrandom", "tracing", "mio"]);
}

#[test]
fn the_client_cannot_call_the_admin_api() {
    check("chatter-client", "chatter_protocol", &["tonic", "nix", "chatterd", "hyper"]);
}

#[test]
fn chatterctl_cannot_see_chat() {
    check("chatterctl", "tonic", &["chatter_protocol", "chatter_client", "chatterd", "snow"]);
}

#[test]
fn the_daemon_is_no_client() {
    check("chatterd", "chatter_protocol", &["chatter_client", "chatterctl"]);
}

/// Every section that the code cites stands in the protocol's document.
#[test]
fn cited_sections_exist() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document =
        std::fs::read_to_string(workspace.join("docs/protocol.md")).expect("the document is there");
    let stands = |section: &str| {
        document.lines().any(|line| {
            line.starts_with(&format!("## {section}. ")) || line.starts_with(&format!("{section}. "))
        })
    };
    let mut cited = 0;
    for folder in ["chatter-protocol/src", "chatterd/src", "chatter-client/src"] {
        for file in sources(&workspace.join(folder)) {
            let text = std::fs::read_to_string(&file).expect("sources are text");
            for (at, mark) in text.match_indices('§') {
                let (before, section) = (&text[..at], &text[at + mark.len()..]);
                let end = section.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(section.len());
                let section = section[..end].trim_end_matches('.');
                let another =
                    before.trim_end().trim_end_matches(|c: char| c.is_ascii_digit()).ends_with("RFC ");
                if !another {
                    assert!(stands(section), "{} cites §{section}, which is not there", file.display());
                    cited += 1;
                }
            }
        }
    }
    assert!(cited > 20, "only {cited} citations were found: are they read rightly?");
}

/// Every test that the threat model names is there, in that file.
#[test]
fn cited_tests_exist() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document =
        std::fs::read_to_string(workspace.join("docs/threat-model.md")).expect("the document is there");
    let cited = document.split('`').skip(1).step_by(2).filter_map(|quoted| quoted.split_once(".rs: "));
    let mut found = 0;
    for (file, name) in cited {
        let text = std::fs::read_to_string(workspace.join(format!("{file}.rs")));
        let text = text.unwrap_or_else(|error| panic!("the threat model names {file}.rs: {error}"));
        let (before, _) = text
            .split_once(&format!("fn {name}("))
            .unwrap_or_else(|| panic!("the threat model names {name}, which is not in {file}.rs"));
        // Between a test's mark and its name stand other marks alone.
        let (above, _) = before.rsplit_once('\n').unwrap_or_default();
        let marks: Vec<_> =
            above.lines().rev().take_while(|line| line.trim_start().starts_with("#[")).collect();
        assert!(
            marks.iter().any(|line| line.contains("test]") || line.contains("::test(")),
            "{name} in {file}.rs is no test"
        );
        found += 1;
    }
    assert!(found > 80, "only {found} tests are named: are they read rightly?");
}

/// Every name under which something is derived stands among the document's derivations.
#[test]
fn derivations_are_written_down() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document =
        std::fs::read_to_string(workspace.join("docs/protocol.md")).expect("the document is there");
    let (_, listed) = document.split_once("\n## Derivations\n").expect("the document lists derivations");
    let mut names = std::collections::BTreeSet::new();
    for file in sources(&workspace.join("chatter-protocol/src")) {
        let text = std::fs::read_to_string(&file).expect("sources are text");
        // What tests derive for themselves comes last in a file.
        let text = text.split("\nmod tests {").next().unwrap_or_default();
        for (at, start) in text.match_indices("\"chatter v1 ") {
            let name = text[at + 1..].split('"').next().unwrap_or_default();
            assert!(name.len() > start.len() - 1, "{} has a name without an end", file.display());
            names.insert(name.to_owned());
        }
    }
    assert!(names.len() > 15, "only {} names were found: are they read rightly?", names.len());
    for name in names.iter().filter(|name| !OWN_AFFAIRS.contains(&name.as_str())) {
        assert!(listed.contains(&format!("`{name}`")), "docs/protocol.md does not list {name}");
    }
}

/// What nobody else ever sees the outcome of.
const OWN_AFFAIRS: [&str; 1] = ["chatter v1 stir"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
