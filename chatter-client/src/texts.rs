//! What is said to people, in the language they read.
//!
//! **In** the name of a text and its arguments; what a user and his environment say of languages. **Out** the text. **Never**
//! an argument that moves a cursor, hides, or turns the direction of writing; nor a failure for a translation that is
//! amiss: English stands in.
//!
//! The texts stand in `texts/*.ftl` in Project Fluent's format (projectfluent.org); docs/translating.md says how to add one.

use std::borrow::Cow;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::plain::harmless;

/// The text of this name, with these arguments: `text!("tcp-refused", host = host, port = port)`.
#[macro_export]
macro_rules! text {
    ($id:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::texts::get($id, &[$((stringify!($name), $crate::texts::Argument::argument(&$value))),*])
    };
}
pub use text;

/// Languages, as `--lang` takes them, and their texts; the first is what stands in.
pub const LANGUAGES: &[(&str, &str)] = &[("en", include_str!("../texts/en.ftl"))];

/// Something that can stand in a text.
pub trait Argument {
    /// As Fluent takes it.
    fn argument(&self) -> FluentValue<'_>;
}

impl Argument for str {
    fn argument(&self) -> FluentValue<'_> {
        FluentValue::String(Cow::Owned(harmless(self)))
    }
}

impl Argument for String {
    fn argument(&self) -> FluentValue<'_> {
        self.as_str().argument()
    }
}

impl<T: Argument + ?Sized> Argument for &T {
    fn argument(&self) -> FluentValue<'_> {
        (**self).argument()
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Argument for $number {
            fn argument(&self) -> FluentValue<'_> {
                FluentValue::from(*self)
            }
        })*
    };
}
numbers!(u8, u16, u32, u64, usize);

/// The texts of one language.
struct Language(FluentBundle<FluentResource>);

impl Language {
    /// Whatever of `source` can be read. The tests see to it that all of what is shipped can.
    fn new(tag: &str, source: &str) -> Self {
        let language: LanguageIdentifier = tag.parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // Marks of direction around arguments: they are harmless already, and terminals show the marks.
        bundle.set_use_isolating(false);
        let resource = match FluentResource::try_new(source.to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        // What is there twice counts as it was first.
        let _ = bundle.add_resource(resource);
        Self(bundle)
    }

    fn get(&self, id: &str, arguments: &FluentArgs<'_>) -> Option<String> {
        let pattern = self.0.get_message(id)?.value()?;
        let mut errors = Vec::new();
        let text = self.0.format_pattern(pattern, Some(arguments), &mut errors).into_owned();
        errors.is_empty().then_some(text)
    }
}

/// The text called `id`; see [`text!`].
pub fn get(id: &str, arguments: &[(&'static str, FluentValue<'_>)]) -> String {
    let arguments: FluentArgs<'_> = arguments.iter().cloned().collect();
    #[cfg(test)]
    if let Some(text) = tests::in_another_language(id, &arguments) {
        return text;
    }
    let chosen = CHOSEN.get().and_then(Option::as_ref).and_then(|language| language.get(id, &arguments));
    chosen.or_else(|| english().get(id, &arguments)).unwrap_or_else(|| id.to_owned())
}

/// Speaks the language that is asked for from now on, or that of the environment, or English. Once; later calls change
/// nothing.
///
/// `variable` tells what the environment says.
pub fn choose(wanted: Option<&str>, variable: impl Fn(&str) -> Option<String>) {
    let tag = wanted.map(str::to_owned).or_else(|| of_environment(variable));
    let known = tag.and_then(|tag| find(&tag, LANGUAGES));
    let language = known.filter(|(tag, _)| *tag != ENGLISH).map(|(tag, source)| Language::new(tag, source));
    // Fails where it is chosen already.
    let _ = CHOSEN.set(language);
}

/// The first of the variables that says anything decides alone, as the C library has it.
fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty())
}

/// The language that a locale such as `pt_BR.UTF-8@x` names: the same with its region, or else without.
fn find(
    locale: &str,
    languages: &'static [(&'static str, &'static str)],
) -> Option<(&'static str, &'static str)> {
    let name = locale.split(['.', '@']).next().unwrap_or_default().replace('_', "-");
    let short = name.split('-').next().unwrap_or_default();
    let same = |wanted: &str| languages.iter().copied().find(|(tag, _)| tag.eq_ignore_ascii_case(wanted));
    same(&name).or_else(|| same(short))
}

fn english() -> &'static Language {
    static LANGUAGE: OnceLock<Language> = OnceLock::new();
    LANGUAGE.get_or_init(|| {
        let (tag, source) = LANGUAGES.first().copied().unwrap_or_default();
        Language::new(tag, source)
    })
}

const ENGLISH: &str = "en";
/// None: English.
static CHOSEN: OnceLock<Option<Language>> = OnceLock::new();

#[cfg(test)]
pub(crate) mod tests;
