//! Reads settings from the file, the environment and the flags, and collects what is wrong.
//!
//! Each source becomes assignments of a text to a key. Later sources replace earlier ones, but
//! every source is checked in full: a wrong value in the file is reported even when the
//! environment overrides it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use underpin_base::Limits;
use underpin_schema::nearest;

use super::section::{Key, Section};
use super::value::{Kind, expects};
use super::{
    Auth, Config, ConfigError, Database, ENV_PREFIX, Log, Mail, Oauth, Place, Problem, Server,
    Tiers,
};

/// A setting given by a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The flag, as in messages: `--address`.
    pub flag: &'static str,
    /// The section.
    pub section: &'static str,
    /// The key.
    pub key: &'static str,
    /// The value.
    pub text: String,
}

/// The variables of this process whose names and values are Unicode. Others cannot be ours.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Sets a key of a table below a section's; both are named, the table first.
type SetEach = fn(&mut Config, (&str, &str), &str, &Place) -> Result<(), String>;

/// A section as the reader knows it: its name, its keys, and how one is set.
pub(super) struct SectionEntry {
    pub(super) name: &'static str,
    pub(super) doc: &'static str,
    pub(super) keys: Vec<Key>,
    /// What keys of other names mean, where the section takes them.
    pub(super) other: Option<Key>,
    /// What stands for the names of tables, where the section is made of such.
    pub(super) each: Option<&'static str>,
    set: fn(&mut Config, &str, &str) -> Result<(), String>,
    set_other: fn(&mut Config, &str, &str, &Place) -> Result<(), String>,
    set_each: SetEach,
}

impl SectionEntry {
    /// What stands between the brackets.
    pub(super) fn title(&self) -> String {
        match self.each {
            None => self.name.to_owned(),
            Some(each) => format!("{}.{each}", self.name),
        }
    }
}

/// A key as a source names it.
struct Named {
    section: usize,
    key: Key,
    name: String,
    /// Where the name stands, when it is none that the section knows beforehand.
    other: Option<Place>,
    /// The table below the section's that it stands in, with its place.
    each: Option<(String, Place)>,
}

/// Every section, in the order of the reference.
pub(super) fn sections() -> Vec<SectionEntry> {
    fn entry<S: Section>(set: fn(&mut Config, &str, &str) -> Result<(), String>) -> SectionEntry {
        let set_other = |_: &mut Config, _: &str, _: &str, _: &Place| Ok(());
        SectionEntry {
            name: S::NAME,
            doc: S::DOC,
            keys: S::keys(),
            other: S::OTHER,
            each: S::EACH,
            set,
            set_other,
            set_each: |_: &mut Config, _, _: &str, _: &Place| Ok(()),
        }
    }
    let oauth = entry::<Oauth>(|config, key, text| Section::set(&mut config.oauth, key, text));
    let tiers = entry::<Tiers>(|config, key, text| Section::set(&mut config.tiers, key, text));
    vec![
        entry::<Server>(|config, key, text| Section::set(&mut config.server, key, text)),
        entry::<Database>(|config, key, text| {
            config.database_chosen |= key == "url";
            Section::set(&mut config.database, key, text)
        }),
        entry::<Auth>(|config, key, text| Section::set(&mut config.auth, key, text)),
        SectionEntry {
            set_each: |config, names, text, place| {
                Section::set_each(&mut config.oauth, names, text, place)
            },
            ..oauth
        },
        entry::<Limits>(|config, key, text| Section::set(&mut config.limits, key, text)),
        SectionEntry {
            set_other: |config, key, text, place| {
                Section::set_other(&mut config.tiers, key, text, place)
            },
            ..tiers
        },
        entry::<Mail>(|config, key, text| Section::set(&mut config.mail, key, text)),
        entry::<Log>(|config, key, text| Section::set(&mut config.log, key, text)),
    ]
}

/// The names of keys whose values nobody is shown.
pub(super) fn secrets() -> Vec<&'static str> {
    let keys = sections().into_iter().flat_map(|section| section.keys);
    keys.filter(|key| key.kind == Kind::Secret).map(|key| key.name).collect()
}

/// The variable that sets a key.
pub(super) fn variable(section: &str, key: &str) -> String {
    format!("{ENV_PREFIX}{}__{}", section.to_uppercase(), key.to_uppercase())
}

/// A reading in progress.
pub(super) struct Reading {
    sections: Vec<SectionEntry>,
    config: Config,
    problems: Vec<Problem>,
    page_rows_place: Option<Place>,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            sections: sections(),
            config: Config::default(),
            problems: Vec::new(),
            page_rows_place: None,
        }
    }
}

impl Reading {
    /// Reads the text of `underpin.toml`.
    pub(super) fn file(&mut self, text: &str) {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let label = error.message().to_owned();
            self.problem(Place::File(span), "the file is not valid TOML".to_owned(), label, None);
        }
        // What follows a syntax error is guesswork, so only a whole file is looked into further.
        if self.problems.is_empty() {
            for (name, value) in table.get_ref() {
                self.file_section(name.get_ref(), name.span(), value);
            }
        }
    }

    fn file_section(&mut self, name: &str, span: Range<usize>, value: &Spanned<DeValue<'_>>) {
        let Some(index) = self.sections.iter().position(|section| section.name == name) else {
            let names = self.sections.iter().map(|section| section.name);
            let help = did_you_mean(name, names, "the sections are");
            let message = format!("there is no section `{name}`");
            return self.problem(Place::File(span), message, "unknown section".to_owned(), help);
        };
        let DeValue::Table(keys) = value.get_ref() else {
            let message = format!("`{name}` is a section");
            let label = format!("expects a table, found {}", describe(value.get_ref()));
            let help = Some(format!("write `[{name}]` and its keys below"));
            return self.problem(Place::File(value.span()), message, label, help);
        };
        for (key, value) in keys {
            match self.sections[index].each {
                None => self.file_key(index, None, key, value),
                Some(_) => self.file_table(index, key, value),
            }
        }
    }

    /// A table below the section's, as `[oauth.google]`.
    fn file_table(
        &mut self,
        section: usize,
        name: &Spanned<toml::de::DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let place = Place::File(name.span());
        let above = self.sections[section].name;
        let DeValue::Table(keys) = value.get_ref() else {
            let message = format!("`[{above}]` has tables of its own and no keys");
            let label = format!("expects a table, found {}", describe(value.get_ref()));
            let help = Some(format!("write `[{above}.{}]` and its keys below", name.get_ref()));
            return self.problem(place, message, label, help);
        };
        if !is_table_name(name.get_ref()) {
            let message =
                format!("`{}` cannot be the name of a table of `[{above}]`", name.get_ref());
            let label = "expects small letters, digits, `-` and `_`".to_owned();
            return self.problem(place, message, label, None);
        }
        let each = (name.get_ref().to_string(), place);
        for (key, value) in keys {
            self.file_key(section, Some(&each), key, value);
        }
    }

    fn file_key(
        &mut self,
        section: usize,
        each: Option<&(String, Place)>,
        name: &Spanned<toml::de::DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let place = Place::File(name.span());
        let named = self.named(section, name.get_ref(), place.clone());
        let Some(named) = named.map(|named| Named { each: each.cloned(), ..named }) else {
            let entry = &self.sections[section];
            let table = each.map_or(String::new(), |(each, _)| format!(".{each}"));
            let message = format!("`[{}{table}]` has no key `{}`", entry.name, name.get_ref());
            let help =
                did_you_mean(name.get_ref(), entry.keys.iter().map(|key| key.name), "its keys are");
            return self.problem(place, message, "unknown key".to_owned(), help);
        };
        let text = match (value.get_ref(), named.key.kind) {
            (DeValue::String(text), Kind::Text { .. } | Kind::Choice(_) | Kind::Secret) => {
                text.to_string()
            }
            (DeValue::Integer(integer), Kind::Integer) => decimal(integer),
            (DeValue::Boolean(boolean), Kind::Boolean) => boolean.to_string(),
            (other, _) => {
                let label = format!("{}, found {}", expects(named.key.kind), describe(other));
                let message = self.wrong_value(&named);
                return self.problem(Place::File(value.span()), message, label, None);
            }
        };
        self.assign(&named, &text, Place::File(value.span()));
    }

    /// Reads the environment.
    pub(super) fn environment(&mut self, environment: &[(String, String)]) {
        let mut ours: Vec<&(String, String)> =
            environment.iter().filter(|(name, _)| name.starts_with(ENV_PREFIX)).collect();
        ours.sort_unstable();
        for (name, text) in ours {
            let place = Place::Environment(name.clone());
            match self.named_by_variable(name) {
                Some(named) => self.assign(&named, text, place),
                None => {
                    let help = self.nearest_variable(name);
                    let message = "no setting has this name".to_owned();
                    self.problem(place, message, String::new(), Some(help));
                }
            }
        }
    }

    /// Reads the flags.
    pub(super) fn flags(&mut self, flags: &[Override]) {
        for flag in flags {
            let section = self.sections.iter().position(|section| section.name == flag.section);
            let section = section.expect("invariant: flags are declared for known sections");
            let place = Place::Flag(flag.flag);
            let named = self.named(section, flag.key, place.clone());
            let named = named.expect("invariant: and for known keys");
            self.assign(&named, &flag.text, place);
        }
    }

    /// The configuration, or everything that is wrong.
    pub(super) fn finish(mut self, path: &str, text: &str) -> Result<Config, ConfigError> {
        let limits = &self.config.limits;
        if let Some(place) = self.page_rows_place.take()
            && limits.page_rows_default > limits.page_rows_max
        {
            let message = format!(
                "`page_rows_default` is {}, more than `page_rows_max`, which is {}",
                limits.page_rows_default, limits.page_rows_max
            );
            let help = Some("a page cannot hold more rows by default than at most".to_owned());
            self.problem(place, message, "set here".to_owned(), help);
        }
        self.problems.extend(self.config.oauth.problems());
        if self.problems.is_empty() {
            return Ok(self.config);
        }
        Err(ConfigError::new(path, text, self.problems))
    }

    fn assign(&mut self, named: &Named, text: &str, place: Place) {
        if let Err(expected) = self.check_and_set(named, text) {
            let message = self.wrong_value(named);
            // In the file the value is in sight; elsewhere the message has to name it.
            let (label, message) = match place {
                Place::File(_) => (expected, message),
                _ if named.key.kind == Kind::Secret => {
                    (String::new(), format!("{message}: {expected}"))
                }
                Place::Environment(_) | Place::Flag(_) => {
                    (String::new(), format!("{message}: {expected}, found `{text}`"))
                }
            };
            self.problem(place, message, label, None);
        } else if matches!(named.key.name, "page_rows_default" | "page_rows_max") {
            self.page_rows_place = Some(place);
        }
    }

    fn check_and_set(&mut self, named: &Named, text: &str) -> Result<(), String> {
        let (key, section) = (&named.key, &self.sections[named.section]);
        if let Some((min, max)) = key.bounds {
            let value: i128 = text.parse().map_err(|_| expects(key.kind))?;
            if !(i128::from(min)..=i128::from(max)).contains(&value) {
                return Err(format!("expects a whole number from {min} to {max}"));
            }
        }
        match (&named.each, &named.other) {
            (Some((each, place)), _) => {
                (section.set_each)(&mut self.config, (each, key.name), text, place)
            }
            (None, None) => (section.set)(&mut self.config, key.name, text),
            (None, Some(place)) => (section.set_other)(&mut self.config, &named.name, text, place),
        }
    }

    fn wrong_value(&self, named: &Named) -> String {
        let section = self.sections[named.section].name;
        let table = named.each.as_ref().map_or(String::new(), |(each, _)| format!(".{each}"));
        format!("`{section}{table}.{}` cannot have this value", named.name)
    }

    /// The key that `name`, which stands at `place`, names in a section.
    fn named(&self, section: usize, name: &str, place: Place) -> Option<Named> {
        let entry = &self.sections[section];
        let known = entry.keys.iter().find(|key| key.name == name);
        let other = entry.other.as_ref().filter(|_| known.is_none() && is_name(name));
        let key = *known.or(other)?;
        let other = other.map(|_| place);
        Some(Named { section, key, name: name.to_owned(), other, each: None })
    }

    fn named_by_variable(&self, variable_name: &str) -> Option<Named> {
        self.sections.iter().enumerate().find_map(|(section, entry)| {
            let name = variable_name.strip_prefix(&variable(entry.name, ""))?;
            let name = name.bytes().all(|byte| !byte.is_ascii_lowercase()).then_some(name)?;
            let place = Place::Environment(variable_name.to_owned());
            let name = name.to_ascii_lowercase();
            if entry.each.is_none() {
                return self.named(section, &name, place);
            }
            let (each, name) = name.split_once("__").filter(|(each, _)| is_table_name(each))?;
            let named = self.named(section, name, place.clone())?;
            Some(Named { each: Some((each.to_owned(), place)), ..named })
        })
    }

    /// What a variable may have been meant to be. Compared without what all of them share, which
    /// would make any two look alike.
    fn nearest_variable(&self, name: &str) -> String {
        let wrong = name[ENV_PREFIX.len()..].to_lowercase();
        let keys = |section: &SectionEntry| {
            let of = |key: &Key| (format!("{}__{}", section.name, key.name), section.name, *key);
            section.keys.iter().map(of).collect::<Vec<_>>()
        };
        let known: Vec<_> = self.sections.iter().flat_map(keys).collect();
        let (section, key) = wrong.split_once("__").unwrap_or((&wrong, ""));
        let near = match self.sections.iter().find(|entry| entry.name == section) {
            Some(entry) => {
                let table = entry.each.and_then(|_| key.split_once("__"));
                let (table, key) = table.map_or(("", key), |(table, key)| (table, key));
                let between = if table.is_empty() { "" } else { "__" };
                nearest(key, entry.keys.iter().map(|key| key.name))
                    .map(|key| variable(entry.name, &format!("{table}{between}{key}")))
            }
            None => nearest(&wrong, known.iter().map(|(joined, ..)| joined.as_str()))
                .and_then(|near| known.iter().find(|(joined, ..)| joined == near))
                .map(|(_, section, key)| variable(section, key.name)),
        };
        near.map_or_else(
            || {
                "a variable is named UNDERPIN_SECTION__KEY, as docs/configuration.md lists them"
                    .into()
            },
            |near| format!("did you mean `{near}`?"),
        )
    }

    fn problem(&mut self, place: Place, message: String, label: String, help: Option<String>) {
        self.problems.push(Problem { place, message, label, help });
    }
}

/// Whether a key that the section does not know beforehand may be called so.
fn is_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.bytes().all(is_part)
}

/// Whether a table below a section's may be called so: its name stands in URLs.
fn is_table_name(name: &str) -> bool {
    is_name(name) && !name.contains("__") && !name.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// "did you mean `x`?" where a name is near; else all names, where they are few.
fn did_you_mean<'a>(
    wrong: &str,
    names: impl Iterator<Item = &'a str> + Clone,
    otherwise: &str,
) -> Option<String> {
    if let Some(near) = nearest(wrong, names.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    (quoted.len() <= 8).then(|| format!("{otherwise} {}", quoted.join(", ")))
}

/// An integer of TOML in decimal digits; one that is not 64 bits is out of every bound.
fn decimal(integer: &toml::de::DeInteger<'_>) -> String {
    let value = i128::from_str_radix(integer.as_str(), integer.radix());
    value.map_or_else(|_| i128::MAX.to_string(), |value| value.to_string())
}

/// What a TOML value is, in words.
fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
