//! A random schema and its rows, in a form of its own: nothing here knows how Underpin holds them.

use super::chance::Chance;
use super::rule::{Expr, Wording, Writer};
use super::value::{Key, Kind, Val};

/// A schema with rules, and rows.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) roles: Vec<Role>,
    pub(super) models: Vec<Model>,
    /// By model.
    pub(super) rows: Vec<Vec<Row>>,
    /// By table of pairs: keys of the first side's row and of the second's.
    pub(super) pairs: Vec<Vec<(usize, usize)>>,
}

/// A role as the schema declares it.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) name: &'static str,
    pub(super) can: Vec<&'static str>,
    pub(super) inherits: Vec<&'static str>,
}

#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) plural: &'static str,
    pub(super) key: Key,
    /// The field that holds the version, where rows have one.
    pub(super) version: Option<usize>,
    pub(super) fields: Vec<Field>,
    pub(super) read: Option<Expr>,
}

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) holds: Holds,
    pub(super) nullable: bool,
    pub(super) unique: bool,
    pub(super) hidden: bool,
    pub(super) read: Option<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Holds {
    /// One value; of kind `Key`, the row's own key.
    One(Kind),
    /// A list of texts.
    Texts,
    /// The key of a row of this model.
    Reference(usize),
    /// The rows of `model` whose `field` refers to this one; one of them at most when `single`.
    Inverse { model: usize, field: usize, single: bool },
    /// Rows of `model`, paired in a table of which this is one side.
    Pairs { model: usize, field: usize, table: usize, first: bool },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) key: usize,
    /// By field; null where the field has no column.
    pub(super) cells: Vec<Val>,
}

/// A row by its model and place.
pub(super) type At = (usize, usize);

const MODELS: [(&str, &str); 4] =
    [("User", "users"), ("Alpha", "alphas"), ("Beta", "betas"), ("Gamma", "gammas")];

/// What a rule may ask for and a role grant.
pub(super) const PERMISSIONS: [&str; 4] =
    ["alphas:read", "users:read", "things:count", "things:see"];

impl Field {
    pub(super) fn has_column(&self) -> bool {
        matches!(self.holds, Holds::One(_) | Holds::Texts | Holds::Reference(_))
    }

    /// The model that a relation leads to.
    pub(super) fn target(&self) -> Option<usize> {
        match self.holds {
            Holds::One(_) | Holds::Texts => None,
            Holds::Reference(model) | Holds::Inverse { model, .. } | Holds::Pairs { model, .. } => {
                Some(model)
            }
        }
    }

    /// The model and field on the other side of a relation to many.
    pub(super) fn other_side(&self) -> Option<(usize, usize)> {
        match self.holds {
            Holds::One(_) | Holds::Texts | Holds::Reference(_) => None,
            Holds::Inverse { model, field, .. } | Holds::Pairs { model, field, .. } => {
                Some((model, field))
            }
        }
    }

    /// Whether a relation leads to a list of rows.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.holds, Holds::Inverse { single: false, .. } | Holds::Pairs { .. })
    }
}

impl World {
    /// A world with rules.
    pub(super) fn make(chance: &mut Chance) -> Self {
        let mut world =
            Self { roles: roles(chance), models: Vec::new(), rows: Vec::new(), pairs: Vec::new() };
        let n_models = 2 + chance.below(3);
        for own in 0..n_models {
            world.models.push(model(own, n_models, chance));
        }
        world.add_inverses(chance);
        world.add_pairs(chance);
        world.write_rules(chance);
        world.fill(chance);
        world
    }

    pub(super) fn field(&self, (model, field): (usize, usize)) -> &Field {
        &self.models[model].fields[field]
    }

    pub(super) fn row(&self, (model, row): At) -> &Row {
        &self.rows[model][row]
    }

    pub(super) fn find(&self, model: usize, key: usize) -> Option<At> {
        self.rows[model].iter().position(|row| row.key == key).map(|row| (model, row))
    }

    pub(super) fn places(&self, model: usize) -> impl Iterator<Item = At> + use<> {
        (0..self.rows[model].len()).map(move |row| (model, row))
    }

    /// The type of a field's value, or of an item of its list.
    pub(super) fn kind(&self, at: (usize, usize)) -> Option<Kind> {
        match self.field(at).holds {
            Holds::One(kind) => Some(kind),
            Holds::Texts => Some(Kind::Text { caseless: false }),
            Holds::Reference(model) => Some(Kind::Key(model, self.models[model].key)),
            Holds::Inverse { .. } | Holds::Pairs { .. } => None,
        }
    }

    /// The rows that a relation leads to from a row, whoever may see them, in the order of keys.
    pub(super) fn related(&self, at: At, field: usize) -> Vec<At> {
        let key = self.row(at).key;
        let mut found: Vec<At> = match self.field((at.0, field)).holds {
            Holds::One(_) | Holds::Texts => Vec::new(),
            Holds::Reference(model) => match self.row(at).cells[field] {
                Val::Key(key) => self.find(model, key).into_iter().collect(),
                _ => Vec::new(),
            },
            Holds::Inverse { model, field, .. } => self
                .places(model)
                .filter(|row| self.row(*row).cells[field] == Val::Key(key))
                .collect(),
            Holds::Pairs { model, table, first, .. } => self.pairs[table]
                .iter()
                .map(|(one, other)| if first { (*one, *other) } else { (*other, *one) })
                .filter(|(own, _)| *own == key)
                .filter_map(|(_, other)| self.find(model, other))
                .collect(),
        };
        found.sort_by_key(|row| self.row(*row).key);
        found
    }

    fn add_inverses(&mut self, chance: &mut Chance) {
        for own in 0..self.models.len() {
            for field in 0..self.models[own].fields.len() {
                let Holds::Reference(target) = self.field((own, field)).holds else { continue };
                if chance.once_in(6) {
                    continue;
                }
                let single = self.field((own, field)).unique && !chance.once_in(3);
                let name = format!("of{own}{}", self.field((own, field)).name);
                let holds = Holds::Inverse { model: own, field, single };
                self.models[target].fields.push(Field::of(name, holds, single));
            }
        }
    }

    fn add_pairs(&mut self, chance: &mut Chance) {
        if chance.once_in(4) {
            return;
        }
        let (one, other) = (1, if self.models.len() > 2 { 2 } else { 0 });
        let fields = [self.models[one].fields.len(), self.models[other].fields.len()];
        for (own, target, first) in [(one, other, true), (other, one, false)] {
            let field = fields[usize::from(first)];
            let holds = Holds::Pairs { model: target, field, table: 0, first };
            self.models[own].fields.push(Field::of("mates".to_owned(), holds, false));
        }
        self.pairs.push(Vec::new());
    }

    fn write_rules(&mut self, chance: &mut Chance) {
        for model in 0..self.models.len() {
            self.models[model].read = match chance.below(8) {
                0 => None,
                1..=3 => Some(Expr::All(Vec::new())),
                _ => Some(Writer::new(self, model, Wording::Rule, chance).condition()),
            };
            for field in 0..self.models[model].fields.len() {
                // Of a row whose key may not be read little can be told apart.
                let rare = if field == 0 { 12 } else { 4 };
                let ruled = !self.field((model, field)).hidden && chance.once_in(rare);
                if ruled && self.models[model].version != Some(field) {
                    let rule = Writer::new(self, model, Wording::Rule, chance).condition();
                    self.models[model].fields[field].read = Some(rule);
                }
            }
        }
    }

    fn fill(&mut self, chance: &mut Chance) {
        // Every key there will be, so that rows can refer to later ones.
        for model in &self.models {
            let rows = (1..=3 + chance.below(4))
                .map(|key| Row { key, cells: vec![Val::Null; model.fields.len()] });
            self.rows.push(rows.collect());
        }
        for model in 0..self.models.len() {
            for row in 0..self.rows[model].len() {
                for field in 0..self.models[model].fields.len() {
                    let cell = self.new_cell((model, row), field, chance);
                    self.rows[model][row].cells[field] = cell;
                }
            }
        }
        for table in 0..self.pairs.len() {
            self.pairs[table] = self.possible_pairs(table);
            self.pairs[table].retain(|_| chance.once_in(2));
        }
    }

    /// Every pair that the table could hold.
    pub(super) fn possible_pairs(&self, table: usize) -> Vec<(usize, usize)> {
        let [one, other] = self.pair_models(table).map(|model| &self.rows[model]);
        let pairs = one.iter().flat_map(|one| other.iter().map(|other| (one.key, other.key)));
        pairs.collect()
    }

    /// The models of both sides of a table of pairs.
    pub(super) fn pair_models(&self, table: usize) -> [usize; 2] {
        let sides = self.models.iter().enumerate().flat_map(|(own, model)| {
            model.fields.iter().filter_map(move |field| match field.holds {
                Holds::Pairs { model, table: of, first: true, .. } if of == table => {
                    Some([own, model])
                }
                _ => None,
            })
        });
        sides.last().expect("invariant: every table of pairs has a first side")
    }

    /// A value that a field of a row could have.
    pub(super) fn new_cell(&self, (own, row): At, place: usize, chance: &mut Chance) -> Val {
        let at = (own, place);
        let field = self.field(at);
        let key = self.rows[own][row].key;
        if field.nullable && field.has_column() && chance.once_in(4) {
            return Val::Null;
        }
        let value = match field.holds {
            Holds::One(Kind::Key(..)) => Val::Key(key),
            Holds::One(Kind::Text { .. }) if field.unique => Val::Text(format!("u{key}")),
            Holds::One(_) if self.models[at.0].version == Some(at.1) => {
                Val::Int(1 + i64::from(chance.once_in(2)))
            }
            Holds::One(kind) => kind.value(chance),
            Holds::Texts => {
                let n_items = chance.below(3);
                let text = Kind::Text { caseless: false };
                Val::Texts((0..n_items).map(|_| text.value(chance).text().to_owned()).collect())
            }
            Holds::Reference(model) => Val::Key(chance.pick(&self.rows[model]).key),
            Holds::Inverse { .. } | Holds::Pairs { .. } => Val::Null,
        };
        // A reference that is unique may be null, and is where its row is taken.
        let mut others = self.rows[own].iter().filter(|other| other.key != key);
        let taken = field.unique && others.any(|other| other.cells[place] == value);
        if taken { Val::Null } else { value }
    }
}

impl Field {
    fn of(name: String, holds: Holds, nullable: bool) -> Self {
        Self { name, holds, nullable, unique: false, hidden: false, read: None }
    }
}

fn roles(chance: &mut Chance) -> Vec<Role> {
    let grants = ["alphas:*", "betas:read", "things:count", "users:read", "things:see", "things:*"];
    let mut granted = || (0..chance.below(4)).map(|_| *chance.pick(&grants)).collect();
    let (staff, clerk, guest) = (granted(), granted(), granted());
    vec![
        Role { name: "staff", can: staff, inherits: Vec::new() },
        Role { name: "clerk", can: clerk, inherits: vec!["staff"] },
        Role { name: "guest", can: guest, inherits: Vec::new() },
        // Grants nothing, so that it must change nothing but what rules ask of it by name.
        Role { name: "idle", can: Vec::new(), inherits: Vec::new() },
    ]
}

fn model(own: usize, n_models: usize, chance: &mut Chance) -> Model {
    let (name, plural) = MODELS[own];
    let key = if own == 0 { Key::Uuid } else { *chance.pick(&[Key::Uuid, Key::Int, Key::Text]) };
    let key_field = Field::of("id".to_owned(), Holds::One(Kind::Key(own, key)), false);
    let mut fields = vec![key_field];
    if own == 0 {
        let login = Holds::One(Kind::Text { caseless: false });
        fields.push(Field { unique: true, ..Field::of("login".to_owned(), login, false) });
    }
    for n in 0..2 + chance.below(3) {
        let holds = match chance.below(9) {
            0 | 1 => Holds::One(Kind::Text { caseless: false }),
            2 => Holds::One(Kind::Text { caseless: true }),
            3 | 4 => Holds::One(Kind::Int),
            5 => Holds::One(Kind::Bool),
            6 => Holds::One(Kind::Colour),
            7 => Holds::One(Kind::Money),
            _ => Holds::Texts,
        };
        let hidden = chance.once_in(12);
        // Nobody sets a hidden field, so it cannot be required.
        let nullable = hidden || chance.once_in(2);
        fields.push(Field { hidden, ..Field::of(format!("f{n}"), holds, nullable) });
    }
    for n in 0..chance.below(3) {
        let target = chance.below(n_models);
        let unique = chance.once_in(4);
        // A reference that is required leads to a model made before, and so never in a circle.
        let nullable = unique || target >= own || chance.once_in(2);
        let reference = Field::of(format!("to{n}"), Holds::Reference(target), nullable);
        fields.push(Field { unique, ..reference });
    }
    let version = chance.once_in(2).then(|| {
        fields.push(Field::of("version".to_owned(), Holds::One(Kind::Int), false));
        fields.len() - 1
    });
    Model { name, plural, key, version, fields, read: None }
}
