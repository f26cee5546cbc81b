//! Names of models and fields from names of tables and columns.

use underpin_schema::naming;

/// Names that cannot be given to a type.
const TYPES: [&str; 22] = [
    "BigInt",
    "Boolean",
    "Date",
    "DateTime",
    "Decimal",
    "Duration",
    "Email",
    "File",
    "Float",
    "ID",
    "Int",
    "JSON",
    "Json",
    "Mutation",
    "PageInfo",
    "Query",
    "String",
    "Subscription",
    "Time",
    "URL",
    "UUID",
    "Url",
];

/// Names that a field cannot have, for the rule language means something else by them; and `id`,
/// which is the key's.
const FIELDS: [&str; 5] = ["false", "id", "in", "null", "true"];

/// First segments of the API's own paths.
const ROUTES: [&str; 3] = ["auth", "batch", "realtime"];

/// Names given already, so that none is given twice.
#[derive(Debug, Default)]
pub(super) struct Taken(Vec<String>);

impl Taken {
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|taken| taken == name)
    }

    /// Gives the first of the candidates that is free, or the last with a number.
    pub(super) fn give(&mut self, candidates: &[String]) -> String {
        let free = candidates.iter().find(|name| !self.has(name)).cloned();
        let name = free.unwrap_or_else(|| {
            let last = candidates.last().map_or("name", String::as_str);
            (2_u32..).map(|n| format!("{last}{n}")).find(|name| !self.has(name)).unwrap_or_default()
        });
        self.0.push(name.clone());
        name
    }
}

/// `order_items` as `OrderItem`, `Album` as `Album`.
pub(super) fn model(table: &str) -> String {
    let mut words = words(table);
    if let Some(last) = words.last_mut() {
        *last = singular(last);
    }
    let name = pascal(&words);
    let name = match name.chars().next() {
        None => "Model".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("M{name}"),
        Some(_) => name,
    };
    if TYPES.contains(&name.as_str()) { format!("{name}Row") } else { name }
}

/// `UnitPrice`, `unit_price` and `unit price` as `unitPrice`.
pub(super) fn field(column: &str) -> String {
    let name = camel(&words(column));
    let name = match name.chars().next() {
        None => "field".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{name}"),
        Some(_) => name,
    };
    if FIELDS.contains(&name.as_str()) { format!("{name}Value") } else { name }
}

/// The relation that a column holds: `ArtistId` as `artist`, `ReportsTo` as `reportsTo`.
pub(super) fn relation(column: &str, target: &str) -> String {
    let mut words = words(column);
    if words.last().is_some_and(|last| matches!(last.as_str(), "id" | "fk" | "uuid" | "key")) {
        words.pop();
    }
    if words.is_empty() { first_lower(target) } else { field(&words.join("_")) }
}

/// The name of one row of a model as a field.
pub(super) fn first_lower(model: &str) -> String {
    field(model)
}

/// `supportRep` as `SupportRep`.
pub(super) fn first_upper(field: &str) -> String {
    let mut letters = field.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// The path segment of a model, and whether the schema must say it because it does not follow from
/// the model's name.
pub(super) fn plural(model: &str, table: &str) -> (String, bool) {
    let regular = naming::plural(&naming::camel_case(model));
    let mut words = words(table);
    let is_plural = words.last().is_some_and(|last| singular(last) != *last);
    let own = if is_plural { camel(&std::mem::take(&mut words)) } else { regular.clone() };
    let starts_well = own.starts_with(|first: char| first.is_ascii_lowercase());
    let name = if starts_well { own } else { regular.clone() };
    let name = if ROUTES.contains(&name.as_str()) { format!("{name}Rows") } else { name };
    let is_said = name != regular;
    (name, is_said)
}

/// The column that the schema language gives a field.
pub(super) fn snake(field: &str) -> String {
    words(field).join("_")
}

/// The words of a name in lower case, ASCII letters and digits only.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).map(|at| letters[at]);
        let next_is_lower = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let starts_word = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && next_is_lower)
            });
        if starts_word {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn pascal(words: &[String]) -> String {
    words.iter().map(|word| first_upper(word)).collect()
}

fn camel(words: &[String]) -> String {
    let mut rest = words.iter();
    let first = rest.next().cloned().unwrap_or_default();
    first + &rest.map(|word| first_upper(word)).collect::<String>()
}

fn singular(word: &str) -> String {
    const SAME: [&str; 6] = ["news", "series", "species", "sms", "gps", "dns"];
    const KNOWN: [(&str, &str); 12] = [
        ("people", "person"),
        ("children", "child"),
        ("men", "man"),
        ("women", "woman"),
        ("mice", "mouse"),
        ("movies", "movie"),
        ("cookies", "cookie"),
        ("indices", "index"),
        ("matrices", "matrix"),
        ("vertices", "vertex"),
        ("quizzes", "quiz"),
        ("caches", "cache"),
    ];
    if SAME.contains(&word) {
        return word.to_owned();
    }
    if let Some((_, singular)) = KNOWN.iter().find(|(plural, _)| *plural == word) {
        return (*singular).to_owned();
    }
    let without = |n: usize| word[..word.len() - n].to_owned();
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    if word.len() < 4 || ends(&["ss", "us", "is", "as"]) {
        word.to_owned()
    } else if ends(&["ies"]) {
        format!("{}y", without(3))
    } else if ends(&["sses", "shes", "ches", "xes", "zzes"])
        || (ends(&["uses"]) && !ends(&["ouses", "auses"]))
    {
        without(2)
    } else if ends(&["s"]) {
        without(1)
    } else {
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_singular_and_fields_camel_case() {
        for (table, name) in [
            ("Album", "Album"),
            ("order_items", "OrderItem"),
            ("MediaType", "MediaType"),
            ("people", "Person"),
            ("categories", "Category"),
            ("statuses", "Status"),
            ("houses", "House"),
            ("address", "Address"),
            ("2fa codes", "M2faCode"),
            ("query", "QueryRow"),
            ("été", "T"),
            ("日本", "Model"),
        ] {
            assert_eq!(model(table), name, "{table}");
        }
        for (column, name) in [
            ("UnitPrice", "unitPrice"),
            ("unit price", "unitPrice"),
            ("HTTPStatus", "httpStatus"),
            ("2fa", "n2fa"),
            ("ID", "idValue"),
            ("in", "inValue"),
            ("_x", "x"),
            ("€", "field"),
        ] {
            assert_eq!(field(column), name, "{column}");
        }
        assert_eq!(relation("SupportRepId", "Employee"), "supportRep");
        assert_eq!(relation("ReportsTo", "Employee"), "reportsTo");
        assert_eq!(relation("id", "Employee"), "employee");
    }

    #[test]
    fn a_plural_is_said_where_it_does_not_follow() {
        assert_eq!(plural("Album", "Album"), ("albums".to_owned(), false));
        assert_eq!(plural("Category", "categories"), ("categories".to_owned(), false));
        assert_eq!(plural("Person", "people"), ("people".to_owned(), true));
        assert_eq!(plural("Movie", "movies"), ("movies".to_owned(), false));
    }

    #[test]
    fn no_name_is_given_twice() {
        let mut taken = Taken::default();
        let give = |taken: &mut Taken| taken.give(&["a".to_owned(), "b".to_owned()]);
        assert_eq!(
            [give(&mut taken), give(&mut taken), give(&mut taken), give(&mut taken)],
            ["a", "b", "b2", "b3"]
        );
    }
}
