//! Random schemas, without rules.

use std::fmt::Write;

use super::chance::Chance;

const MODELS: [&str; 4] = ["User", "Alpha", "Beta", "Gamma"];

const TYPES: [&str; 15] = [
    "String", "String", "Int", "BigInt", "Float", "Boolean", "Decimal", "DateTime", "Date", "Time",
    "Duration", "JSON", "UUID", "Email", "URL",
];

const LIST_TYPES: [&str; 14] = [
    "String", "Int", "BigInt", "Float", "Boolean", "Colour", "Decimal", "DateTime", "Date", "Time",
    "Duration", "UUID", "Email", "URL",
];

/// Four models with relations among them, without rules.
pub(super) fn write(chance: &mut Chance) -> String {
    let mut source = String::from(
        "extend schema\n  @role(name: \"staff\", can: [\"alphas:*\", \"betas:read\"])\n  \
         @role(name: \"clerk\", can: [\"gammas:read\", \"things:count\"])\n\n\
         enum Colour { RED GREEN BLUE }\n\n",
    );
    let mut inverses = vec![String::new(); MODELS.len()];
    let mut bodies = Vec::new();
    for (own, model) in MODELS.iter().enumerate() {
        let mut body = String::new();
        match chance.below(4) {
            0 => body.push_str("  id: ID! @id(kind: INT)\n"),
            1 => body.push_str("  id: ID! @id(kind: STRING)\n"),
            _ => {}
        }
        if own == 0 {
            body.push_str("  login: Email! @unique\n");
        }
        write_scalars(&mut body, chance);
        for n in 0..=chance.below(3) {
            let target = chance.below(MODELS.len());
            // References that are required may not go in circles: no row could be the first.
            let bang = if target < own && chance.once_in(2) { "!" } else { "" };
            writeln!(body, "  to{n}: {}{bang}", MODELS[target]).unwrap();
            writeln!(inverses[target], "  of{own}{n}: [{model}!]! @relation(field: \"to{n}\")")
                .unwrap();
        }
        bodies.push(body);
    }
    bodies[1].push_str("  betas: [Beta!]! @relation\n");
    bodies[2].push_str("  alphas: [Alpha!]! @relation\n");
    for (own, (body, inverse)) in bodies.iter().zip(&inverses).enumerate() {
        let account = if own == 0 { " @account(identity: [\"login\"])" } else { "" };
        writeln!(
            source,
            "type {} @model(timestamps: false, version: false){account} {{\n{body}{inverse}}}\n",
            MODELS[own]
        )
        .unwrap();
    }
    source
}

fn write_scalars(body: &mut String, chance: &mut Chance) {
    for n in 0..3 + chance.below(4) {
        let name = chance.pick(&TYPES);
        let bang = if chance.once_in(2) { "!" } else { "" };
        let caseless =
            if *name == "String" && chance.once_in(2) { " @text(compare: CASELESS)" } else { "" };
        writeln!(body, "  f{n}: {name}{bang}{caseless}").unwrap();
    }
    body.push_str("  colour: Colour!\n  other: Colour\n");
    for n in 0..=chance.below(2) {
        let item = chance.pick(&LIST_TYPES);
        let bang = if chance.once_in(2) { "!" } else { "" };
        writeln!(body, "  list{n}: [{item}!]{bang}").unwrap();
    }
}
