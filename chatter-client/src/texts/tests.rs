//! That texts and their uses fit; that nothing is said past them; that arguments are harmless.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser;

use super::*;

thread_local! {
    static OTHER: RefCell<Option<Language>> = const { RefCell::new(None) };
}

/// What this thread speaks instead, while a test has it so.
pub(super) fn in_another_language(id: &str, arguments: &FluentArgs<'_>) -> Option<String> {
    OTHER.with_borrow(|language| language.as_ref().and_then(|language| language.get(id, arguments)))
}

/// Runs `deed` where all that comes from the catalogue stands between ⟦ and ⟧.
pub(crate) fn marked<T>(deed: impl FnOnce() -> T) -> T {
    struct Back;
    impl Drop for Back {
        fn drop(&mut self) {
            OTHER.set(None);
        }
    }
    OTHER.set(Some(Language::new(ENGLISH, &pseudo(LANGUAGES[0].1))));
    let _back = Back;
    deed()
}

/// Whether all letters of `text` come from the catalogue, where [`marked`] said it.
pub(crate) fn is_all_marked(text: &str) -> bool {
    let mut depth = 0;
    text.chars().all(|c| {
        match c {
            '⟦' => depth += 1,
            '⟧' => depth -= 1,
            _ => return depth > 0 || !c.is_alphabetic(),
        }
        depth >= 0
    }) && depth == 0
}

/// The catalogue with a mark at both ends of each text.
fn pseudo(source: &str) -> String {
    let resource = parser::parse(source).expect("it can be read");
    let mut marked = resource.clone();
    for entry in &mut marked.body {
        if let Entry::Message(message) = entry
            && let Some(pattern) = &mut message.value
        {
            pattern.elements.insert(0, PatternElement::TextElement { value: "⟦" });
            pattern.elements.push(PatternElement::TextElement { value: "⟧" });
        }
    }
    fluent_syntax::serializer::serialize(&marked)
}

/// Every text of a language and the arguments that it names.
fn texts(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let resource = parser::parse(source).unwrap_or_else(|(_, errors)| panic!("it can't be read: {errors:?}"));
    let mut found = BTreeMap::new();
    for entry in resource.body {
        match entry {
            Entry::Message(message) => {
                assert!(
                    message.attributes.is_empty(),
                    "{} has attributes, which nobody asks for",
                    message.id.name
                );
                let mut names = BTreeSet::new();
                let value = message.value.unwrap_or_else(|| panic!("{} says nothing", message.id.name));
                arguments(&value, &mut names);
                let again = found.insert(message.id.name.to_owned(), names);
                assert!(again.is_none(), "{} is there twice", message.id.name);
            }
            Entry::Term(_) | Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
            Entry::Junk { content } => panic!("it can't be read: {content}"),
        }
    }
    found
}

fn arguments(pattern: &Pattern<&str>, names: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        of_expression(expression, names);
    }
}

fn of_expression(expression: &Expression<&str>, names: &mut BTreeSet<String>) {
    match expression {
        Expression::Select { selector, variants } => {
            of_inline(selector, names);
            variants.iter().for_each(|variant| arguments(&variant.value, names));
        }
        Expression::Inline(inline) => of_inline(inline, names),
    }
}

fn of_inline(inline: &InlineExpression<&str>, names: &mut BTreeSet<String>) {
    let of_call = |call: &CallArguments<&str>, names: &mut BTreeSet<String>| {
        call.positional.iter().for_each(|each| of_inline(each, names));
    };
    match inline {
        InlineExpression::VariableReference { id } => {
            names.insert(id.name.to_owned());
        }
        InlineExpression::FunctionReference { arguments, .. } => of_call(arguments, names),
        InlineExpression::Placeable { expression } => of_expression(expression, names),
        InlineExpression::MessageReference { id, .. } => panic!("{} stands in another text", id.name),
        InlineExpression::StringLiteral { .. }
        | InlineExpression::NumberLiteral { .. }
        | InlineExpression::TermReference { .. } => {}
    }
}

/// The places in the sources where a text is said: its name, the names of its arguments, the file.
fn uses() -> Vec<(String, BTreeSet<String>, PathBuf)> {
    let mut found = Vec::new();
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let source = fs::read_to_string(&file).expect("sources are text");
        let source: String = source
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| [line, "\n"])
            .collect();
        for (at, mark) in source.match_indices("text!(") {
            let before = source[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let inside = balanced(&source[at + mark.len()..]);
            let id = inside.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'));
            let (id, rest) = id.unwrap_or_else(|| panic!("{}: text!({inside})", file.display()));
            let names = top_level(rest)
                .into_iter()
                .filter_map(|part| Some(part.split_once('=')?.0.trim().to_owned()));
            found.push((id.to_owned(), names.collect(), file.clone()));
        }
    }
    found
}

/// `source` up to where the bracket before it is closed.
fn balanced(source: &str) -> &str {
    let mut depth = 1;
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in source.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &source[..at];
        }
    }
    panic!("it is never closed: {source:.60}");
}

/// The parts between commas that stand in no brackets.
fn top_level(source: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0, false);
    for (at, c) in source.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(&source[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&source[start..]);
    parts
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("texts/tests.rs")
        {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_text_is_there_and_said_with_its_arguments() {
    let texts = texts(LANGUAGES[0].1);
    let uses = uses();
    for (id, names, file) in &uses {
        let wanted =
            texts.get(id).unwrap_or_else(|| panic!("{} says {id}, which is not there", file.display()));
        assert_eq!(names, wanted, "{id} in {}: what it is given, and what it names", file.display());
    }
    let said: BTreeSet<&String> = uses.iter().map(|(id, ..)| id).collect();
    let unsaid: Vec<_> = texts.keys().filter(|id| !said.contains(id)).collect();
    assert!(unsaid.is_empty(), "nobody says {unsaid:?}");
    assert!(uses.len() > 40, "only {} uses were found: are they read rightly?", uses.len());
}

#[test]
fn every_language_has_every_text() {
    let english = texts(LANGUAGES[0].1);
    for (tag, source) in LANGUAGES {
        assert!(tag.parse::<LanguageIdentifier>().is_ok(), "{tag}");
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("texts/{tag}.ftl")).is_file(), "{tag}");
        assert_eq!(texts(source), english, "texts and their arguments in {tag}");
    }
}

#[test]
fn arguments_are_harmless() {
    let said = text!("tcp-refused", host = "a\u{1b}]0;x\u{7}\u{202e}b\n", port = 8000_u16);
    assert!(!said.chars().any(char::is_control) && !said.contains('\u{202e}'), "{said:?}");
    assert!(said.contains("port 8000 "), "no thousands are set off: {said}");
    // What looks like Fluent's own stays as it is.
    assert!(text!("way-by-you", proxy = "{ $host } { -x }").contains("{ $host } { -x }"));
}

#[test]
fn the_language_is_the_one_asked_for_or_that_of_the_locale() {
    const KNOWN: &[(&str, &str)] = &[("en", ""), ("de", ""), ("pt-BR", ""), ("pt", "")];
    for (locale, tag) in [
        ("de", Some("de")),
        ("de_AT.UTF-8@euro", Some("de")),
        ("pt_BR.UTF-8", Some("pt-BR")),
        ("pt_PT", Some("pt")),
        ("EN", Some("en")),
        ("C.UTF-8", None),
        ("", None),
        ("deu", None),
    ] {
        assert_eq!(find(locale, KNOWN).map(|(tag, _)| tag), tag, "{locale}");
    }
    let environment = |set: &'static [(&str, &str)]| {
        of_environment(|name| {
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    };
    assert_eq!(environment(&[("LANG", "de"), ("LC_ALL", "C")]).as_deref(), Some("C"));
    assert_eq!(environment(&[("LANG", "de"), ("LC_MESSAGES", "")]).as_deref(), Some("de"));
    assert_eq!(environment(&[("LC_CTYPE", "de")]), None);
}

#[test]
fn what_a_translation_lacks_is_said_in_english() {
    let broken = Language::new("de", "tcp-refused = { $nobody }\nway-by-you = Junk {\n");
    let arguments = FluentArgs::new();
    assert_eq!(broken.get("tcp-refused", &arguments), None);
    assert_eq!(broken.get("way-by-you", &arguments), None);
    assert_eq!(get("no-such-text", &[]), "no-such-text");
}

#[test]
fn marks_show_what_comes_from_elsewhere() {
    let said = marked(|| text!("proxy-trouble", proxy = "p", trouble = text!("proxy-silent")));
    assert!(is_all_marked(&said), "{said}");
    assert!(!is_all_marked(&format!("x{said}")) && !is_all_marked(&format!("{said} and more")));
    assert!(!text!("proxy-silent").contains('⟦'));
}

/// No file holds a sentence that people are told.
#[test]
fn nothing_is_said_past_the_catalogue() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut amiss = Vec::new();
    let is_converted = |file: &Path| !UNCONVERTED.iter().any(|name| file.starts_with(root.join(name)));
    for file in sources(&root).iter().filter(|file| is_converted(file) && !is_of_tests(file)) {
        let source = fs::read_to_string(file).expect("sources are text");
        let source = source.split("\n#[cfg(test)]").next().unwrap_or_default();
        let found = sentences(source).into_iter();
        amiss.extend(found.map(|(line, literal)| format!("{}, line {line}: {literal:?}", file.display())));
    }
    assert!(amiss.is_empty(), "in no catalogue: {amiss:#?}");
}

fn is_of_tests(file: &Path) -> bool {
    file.ends_with("tests.rs") || file.parent().is_some_and(|folder| folder.ends_with("tests"))
}

/// The literals of several words, each with its line, but for those that nobody is told.
fn sentences(source: &str) -> Vec<(usize, String)> {
    let words = |literal: &str| {
        literal.split([' ', '\n', ':', '(', ')', ',', '.']).filter(|word| is_word(word)).count()
    };
    let all = literals(source).into_iter();
    let told = all.filter(|(_, before, _)| !EXEMPT.iter().any(|exempt| before.ends_with(exempt)));
    let is_format = |literal: &str| FORMATS.iter().any(|start| literal.starts_with(start));
    // Without blanks it is a file's name, a key.
    let is_said = |literal: &str| words(literal) > 1 && literal.contains(char::is_whitespace);
    let sentences = told.filter(|(_, _, literal)| is_said(literal) && !is_format(literal));
    sentences.map(|(line, _, literal)| (line, literal)).collect()
}

/// The string literals outside of comments: the line of each, what stands before it, what is in it.
fn literals(source: &str) -> Vec<(usize, String, String)> {
    let chars: Vec<char> = source.chars().collect();
    let (mut found, mut code, mut at) = (Vec::new(), String::new(), 0);
    let mut line = 1;
    while let Some(c) = chars.get(at) {
        match (c, chars.get(at + 1), chars.get(at + 2)) {
            ('/', Some('/'), _) => {
                at += chars[at..].iter().take_while(|c| **c != '\n').count();
                continue;
            }
            // A character, not a lifetime.
            ('\'', Some('\\'), _) => at += 3,
            ('\'', _, Some('\'')) => at += 2,
            ('"', ..) => {
                let (start, mut literal) = (line, String::new());
                at += 1;
                while let Some(c) = chars.get(at).filter(|c| **c != '"') {
                    line += usize::from(*c == '\n');
                    if *c == '\\' {
                        at += 1;
                        line += usize::from(chars.get(at) == Some(&'\n'));
                        literal.push(' ');
                    } else {
                        literal.push(*c);
                    }
                    at += 1;
                }
                found.push((start, code.trim_end().to_owned(), literal));
            }
            (c, ..) => {
                line += usize::from(*c == '\n');
                code.push(*c);
            }
        }
        at += 1;
    }
    found
}

#[test]
fn sentences_are_found_wherever_they_stand() {
    let source = "let a = '\"'; // \"not this one\"\nlet b = f(\n    \"but \\\"this\\\" one\",\n);\nlet c = \"\\\nover some\nlines\";\n\
                  x.expect(\"nor this\"); let d: &'static str = \"{name} of-it 'x'\"; let e = \"that one\";";
    let found = sentences(source);
    let lines: Vec<usize> = found.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 5, 8], "{found:?}");
}

/// What files and servers are told, and no people.
const FORMATS: [&str; 3] =
    ["# Identities that chatter-client has met: ", "GET {path} HTTP/1.1", "text/html,"];

/// Before literals that are for programmers, or for `--help`.
const EXEMPT: &[&str] = &["expect(", "reason =", "_HELP: &str ="];

fn is_word(text: &str) -> bool {
    text.len() > 1 && text.chars().all(|c| c.is_ascii_lowercase() || c == '\'')
}

/// Files and folders whose sentences are for `--help`, and tests that stand in files of other names.
const UNCONVERTED: &[&str] = &["args.rs", "args", "json/documented.rs", "request/first_packet.rs"];
