//! Enum values that get another name or go.

use crate::quote;
use crate::snapshot::EnumValueShape;

use super::{Conversion, one_of};

/// The values that change their name: those the new enum renames and the old one still has.
fn renames<'a>(old: &'a [EnumValueShape], new: &'a [EnumValueShape]) -> Vec<(&'a str, &'a str)> {
    let had = |name: &str| old.iter().any(|value| value.name == name);
    let has = |name: &str| new.iter().any(|value| value.name == name);
    let renamed = new.iter().filter_map(|value| {
        let former = value.renamed_from.as_deref()?;
        (had(former) && !has(former) && !had(&value.name)).then_some((former, value.name.as_str()))
    });
    renamed.collect()
}

/// The values the old enum had that the new one knows, under either name.
fn survivors<'a>(
    old: &'a [EnumValueShape],
    new: &'a [EnumValueShape],
    renamed: &[(&str, &str)],
) -> Option<Vec<&'a str>> {
    let survives = |name: &str| {
        new.iter().any(|value| value.name == name) || renamed.iter().any(|(from, _)| *from == name)
    };
    let kept: Vec<&str> = old.iter().map(|v| v.name.as_str()).filter(|n| survives(n)).collect();
    (kept.len() < old.len()).then_some(kept)
}

const GONE: &str = "holds a value that the enum no longer has";

pub(super) fn between_enums(old: &[EnumValueShape], new: &[EnumValueShape]) -> Conversion {
    let renamed = renames(old, new);
    let value = (!renamed.is_empty()).then(|| renaming("{v}", &renamed));
    let fits = survivors(old, new, &renamed).map(|kept| one_of("{v}", kept.into_iter()));
    Conversion { value, fits, complaint: GONE }
}

pub(super) fn between_enum_lists(old: &[EnumValueShape], new: &[EnumValueShape]) -> Conversion {
    let renamed = renames(old, new);
    let value = (!renamed.is_empty()).then(|| {
        let item = renaming("value", &renamed);
        format!("(SELECT json_group_array({item} ORDER BY key) FROM json_each({{v}}))")
    });
    let fits = survivors(old, new, &renamed).map(|kept| {
        let known = one_of("value", kept.into_iter());
        format!("NOT EXISTS (SELECT 1 FROM json_each({{v}}) WHERE NOT {known})")
    });
    Conversion { value, fits, complaint: GONE }
}

fn renaming(value: &str, renamed: &[(&str, &str)]) -> String {
    let whens: String = renamed
        .iter()
        .map(|(from, to)| format!(" WHEN {} THEN {}", quote::text(from), quote::text(to)))
        .collect();
    format!("CASE {value}{whens} ELSE {value} END")
}
