//! S0060 to S0069: relations that do not meet.

use super::{Diagnostic, DiagnosticCode, Page};
use crate::applied::Text;
use crate::{Field, Model, Span};

pub(super) const NO_OWNER: Page = Page {
    title: "a list of rows has no relation that leads back",
    meaning: r#"
`[Order!]!` on one side needs a field on the other that holds the key, `customer: User!`: that is
the owning side, with the column. Add it; or, if each may have many of the other, write `@relation`
here and get a table of pairs."#,
    bad: r#"
type User @model @access(read: "true") {
  name: String!
  orders: [Order!]!
}

type Order @model @access(read: "true") {
  total: Decimal!
}"#,
    good: r#"
type User @model @access(read: "true") {
  name: String!
  orders: [Order!]!
}

type Order @model @access(read: "true") {
  total: Decimal!
  customer: User!
}"#,
};

pub(super) const AMBIGUOUS: Page = Page {
    title: "a relation could lead back in several ways",
    meaning: r#"
The other model refers to this one by several fields, so which of them this field is the other side
of must be said: `@relation(field:)` names it."#,
    bad: r#"
type User @model @access(read: "true") {
  name: String!
  orders: [Order!]!
}

type Order @model @access(read: "true") {
  customer: User!
  seller: User!
}"#,
    good: r#"
type User @model @access(read: "true") {
  name: String!
  orders: [Order!]! @relation(field: "customer")
}

type Order @model @access(read: "true") {
  customer: User!
  seller: User!
}"#,
};

pub(super) const NOT_BACK: Page = Page {
    title: "@relation(field:) names a field that does not lead back",
    meaning: r#"
`field` names the field of the other model that this one is the other side of: a reference to this
model, or for many-to-many a list of it."#,
    bad: r#"
type User @model @access(read: "true") {
  name: String!
  orders: [Order!]! @relation(field: "total")
}

type Order @model @access(read: "true") {
  total: Decimal!
  customer: User!
}"#,
    good: r#"
type User @model @access(read: "true") {
  name: String!
  orders: [Order!]! @relation(field: "customer")
}

type Order @model @access(read: "true") {
  total: Decimal!
  customer: User!
}"#,
};

pub(super) const SET_NULL: Page = Page {
    title: "SET_NULL on a reference that is never null",
    meaning: r#"
`SET_NULL` makes the reference null when its target goes, so it must be nullable. Otherwise choose
`RESTRICT` (the target cannot go) or `CASCADE` (this row goes too)."#,
    bad: r#"
type Note @model @access(read: "true") {
  owner: User! @relation(onDelete: SET_NULL)
}

type User @model @access(read: "true") {
  name: String!
}"#,
    good: r#"
type Note @model @access(read: "true") {
  owner: User @relation(onDelete: SET_NULL)
}

type User @model @access(read: "true") {
  name: String!
}"#,
};

pub(super) const SECOND_INVERSE: Page = Page {
    title: "a reference has two other sides",
    meaning: r#"
Two fields claim to be the other side of one reference; they would always hold the same rows. Remove
one, or name another reference with `@relation(field:)`."#,
    bad: r#"
type User @model @access(read: "true") {
  name: String!
  orders: [Order!]! @relation(field: "customer")
  purchases: [Order!]! @relation(field: "customer")
}

type Order @model @access(read: "true") {
  customer: User!
}"#,
    good: r#"
type User @model @access(read: "true") {
  name: String!
  orders: [Order!]! @relation(field: "customer")
}

type Order @model @access(read: "true") {
  customer: User!
}"#,
};

pub(super) const SIDES_DISAGREE: Page = Page {
    title: "the two sides of a many-to-many relation disagree",
    meaning: r#"
Both sides speak of one table of pairs. What they say of it must agree: the same `table`, and `from`
on one side is `to` on the other; and if one names the other with `field`, so must the other name
it. It is enough to say it on one side."#,
    bad: r#"
type Post @model @access(read: "true") {
  tags: [Tag!]! @relation(table: "post_tags")
}

type Tag @model @access(read: "true") {
  posts: [Post!]! @relation(table: "tag_posts")
}"#,
    good: r#"
type Post @model @access(read: "true") {
  tags: [Tag!]! @relation(table: "post_tags")
}

type Tag @model @access(read: "true") {
  posts: [Post!]! @relation
}"#,
};

pub(super) const ARGUMENT: Page = Page {
    title: "an argument of @relation belongs to another side",
    meaning: r#"
`onDelete` and `onUpdate` stand where the column is, on the owning side. `table`, `from` and `to`
describe the table of pairs of a many-to-many relation, whose pairs always go with either row."#,
    bad: r#"
type User @model @access(read: "true") {
  orders: [Order!]! @relation(field: "customer", onDelete: CASCADE)
}

type Order @model @access(read: "true") {
  customer: User!
}"#,
    good: r#"
type User @model @access(read: "true") {
  orders: [Order!]! @relation(field: "customer")
}

type Order @model @access(read: "true") {
  customer: User! @relation(onDelete: CASCADE)
}"#,
};

pub(super) const REQUIRED_CYCLE: Page = Page {
    title: "rows need each other before they exist",
    meaning: r#"
Each of these rows needs the key of another one, around to the first, so the first of them can never
be created. Make one of the references nullable."#,
    bad: r#"
type Team @model @access(read: "true") {
  lead: Person!
}

type Person @model @access(read: "true") {
  team: Team!
}"#,
    good: r#"
type Team @model @access(read: "true") {
  lead: Person
}

type Person @model @access(read: "true") {
  team: Team!
}"#,
};

pub(super) const SINGLE: Page = Page {
    title: "a single row on the other side cannot be promised",
    meaning: r#"
The side without the column holds at most one row only if no two rows refer to the same one, which
`@unique` on the owning field makes sure of; and it may hold none, so it is nullable."#,
    bad: r#"
type User @model @access(read: "true") {
  profile: Profile @relation(field: "user")
}

type Profile @model @access(read: "true") {
  user: User!
}"#,
    good: r#"
type User @model @access(read: "true") {
  profile: Profile @relation(field: "user")
}

type Profile @model @access(read: "true") {
  user: User! @unique
}"#,
};

pub(super) const PAIR_COLUMNS: Page = Page {
    title: "both columns of a table of pairs have one name",
    meaning: r#"
A table of pairs has one column for this side's key (`from`) and one for the other's (`to`)."#,
    bad: r#"
type Post @model @access(read: "true") {
  tags: [Tag!]! @relation(from: "key", to: "key")
}

type Tag @model @access(read: "true") {
  name: String!
}"#,
    good: r#"
type Post @model @access(read: "true") {
  tags: [Tag!]! @relation(from: "post", to: "tag")
}

type Tag @model @access(read: "true") {
  name: String!
}"#,
};

pub(super) const PAIR_MODEL: Page = Page {
    title: "the model that links two others does not refer to both",
    meaning: r#"
`@relation(table:)` may name the table of a model, whose rows then are the pairs. That model needs a
reference to either side, held in the columns that the relation reads: those that `from` and `to`
name, or else those of its only reference to each. Where it has several, say which by `from` and
`to`; where it has none, the relation wants a table of its own."#,
    bad: r#"
type User @model @access(read: "true") {
  teams: [Team!]! @relation(table: "membership")
}

type Team @model @access(read: "true") {
  name: String!
}

type Membership @model @access(read: "true") {
  user: User!
  teamName: String!
}"#,
    good: r#"
type User @model @access(read: "true") {
  teams: [Team!]! @relation(table: "membership")
}

type Team @model @access(read: "true") {
  name: String!
}

type Membership @model @access(read: "true") {
  user: User!
  team: Team!
}"#,
};

pub(crate) fn no_owner(target: &str, owner: &str, span: Span, target_span: Span) -> Diagnostic {
    let message = format!("`{target}` has no field that refers to `{owner}`");
    let name = crate::naming::camel_case(owner);
    Diagnostic::new(DiagnosticCode::RelationNoOwner, message, span, "nothing leads back")
        .with_label(target_span, format!("add `{name}: {owner}!` here"))
        .with_help("or write `@relation` on this field, if each may have many of the other")
}

pub(crate) fn ambiguous(candidates: &[(String, Span)], span: Span) -> Diagnostic {
    let message = format!("this relation leads back in {} ways", candidates.len());
    let first = candidates.first().map_or("", |(name, _)| name);
    let diagnostic =
        Diagnostic::new(DiagnosticCode::RelationAmbiguous, message, span, "by which field?")
            .with_help(format!("say which: `@relation(field: \"{first}\")`"));
    candidates.iter().fold(diagnostic, |diagnostic, (name, span)| {
        diagnostic.with_label(*span, format!("`{name}` would do"))
    })
}

pub(crate) fn not_a_way_back(name: Text<'_>, other: &Field, model: &Model) -> Diagnostic {
    let message = format!("`{}` does not refer to `{}`", name.text, model.name);
    Diagnostic::new(DiagnosticCode::RelationNotBack, message, name.span, "does not lead back")
        .with_label(other.span, "declared here")
}

pub(crate) fn set_null(argument: &str, span: Span, type_span: Span) -> Diagnostic {
    let message = format!("`{argument}: SET_NULL` needs a reference that may be null");
    Diagnostic::new(DiagnosticCode::RelationSetNull, message, span, "would make it null")
        .with_label(type_span, "never null")
        .with_help("remove the `!`, or choose RESTRICT or CASCADE")
}

pub(crate) fn second_inverse(owner: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("`{owner}` has another side already");
    Diagnostic::new(
        DiagnosticCode::RelationSecondInverse,
        message,
        span,
        "would hold the same rows",
    )
    .with_label(first, "as this one")
}

pub(crate) fn sides_disagree(span: Span, other: Span) -> Diagnostic {
    let message = "the two sides of the relation disagree";
    Diagnostic::new(DiagnosticCode::RelationSidesDisagree, message, span, "one says this")
        .with_label(other, "the other this")
        .with_help("say it on one side only")
}

pub(crate) fn misplaced_argument(argument: &str, place: &str, span: Span) -> Diagnostic {
    let message = format!("`{argument}` belongs to {place}");
    Diagnostic::new(DiagnosticCode::RelationArgument, message, span, "means nothing here")
}

pub(crate) fn required_cycle(members: &[(String, Span)]) -> Diagnostic {
    let (first, others) = members.split_first().expect("invariant: a cycle has a member");
    let message = match others {
        [] => format!("`{}` needs a row of its own model before there is one", first.0),
        others => {
            let others: Vec<String> = others.iter().map(|(name, _)| format!("`{name}`")).collect();
            format!(
                "`{}` and {} need each other's rows before there is one",
                first.0,
                others.join(", ")
            )
        }
    };
    let diagnostic =
        Diagnostic::new(DiagnosticCode::RequiredCycle, message, first.1, "needs a row")
            .with_help("make one of them nullable");
    others
        .iter()
        .fold(diagnostic, |diagnostic, (_, span)| diagnostic.with_label(*span, "needs a row"))
}

pub(crate) fn single_of_many(owner: &str, span: Span, owner_span: Span) -> Diagnostic {
    let message = format!("several rows may refer to one by `{owner}`");
    Diagnostic::new(DiagnosticCode::SingleInverse, message, span, "holds one row")
        .with_label(owner_span, "is not `@unique`")
        .with_help(format!("make `{owner}` `@unique`, or make this a list"))
}

pub(crate) fn required_inverse(span: Span) -> Diagnostic {
    let message = "no row may refer to this one, so this side may be null";
    Diagnostic::new(DiagnosticCode::SingleInverse, message, span, "cannot be promised")
        .with_help("remove the `!`")
}

pub(crate) fn same_columns(column: &str, span: Span) -> Diagnostic {
    let message = format!("both columns of the table of pairs are named `{column}`");
    Diagnostic::new(DiagnosticCode::PairColumns, message, span, "in the table of this relation")
        .with_help("name them with `from` and `to`")
}

pub(crate) fn no_pair_column(
    linking: &Model,
    column: &str,
    target: &str,
    span: Span,
) -> Diagnostic {
    let message = format!("`{}` does not refer to `{target}` by `{column}`", linking.name);
    let diagnostic =
        Diagnostic::new(DiagnosticCode::PairModel, message, span, "reads its pairs there")
            .with_label(linking.span, format!("has the table `{}`", linking.table));
    diagnostic
        .with_help("name the columns of its references with `from` and `to`, or another table")
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn a_model_that_links_two_others_refers_to_both() {
        check_diagnostic(
            r#"
type User @model @access(read: "true") {
  teams: [Team!]! @relation(table: "membership")
# ^^^^^ S0059: `Membership` does not refer to `Team` by `team_id`
  clubs: [Team!]! @relation(table: "visit", from: "user_id", to: "name")
# ^^^^^ S0059: `Visit` does not refer to `Team` by `name`
  fine: [Team!]! @relation(table: "link", from: "user_id", to: "b_id")
  several: [Team!]! @relation(table: "other", from: "user_id")
# ^^^^^^^ S0059: `Other` does not refer to `Team` by `team_id`
}
type Team @model @access(read: "true") { name: String! }
type Membership @model @access(read: "true") { user: User! }
#    ^^^^^^^^^^ label: has the table `membership`
type Visit @model @access(read: "true") { user: User! team: Team! name: String! }
#    ^^^^^ label: has the table `visit`
type Link @model @access(read: "true") { user: User! a: Team! b: Team! }
type Other @model @access(read: "true") { user: User! a: Team! b: Team! }
#    ^^^^^ label: has the table `other`"#,
        );
    }

    #[test]
    fn a_list_needs_a_way_back_and_only_one() {
        check_diagnostic(
            r#"
type User @model @access(read: "true") {
  notes: [Note!]!
#         ^^^^ S0060: `Note` has no field that refers to `User`
  orders: [Order!]!
# ^^^^^^ S0061: this relation leads back in 2 ways
#         help: say which: `@relation(field: "customer")`
  sold: [Order!]! @relation(field: "total")
#                                  ^^^^^^^ S0062: `total` does not refer to `User`
  seen: [Order!]! @relation(field: "seler")
#                                  ^^^^^^^ S0023: model `Order` has no field `seler`
}
type Order @model @access(read: "true") {
  customer: User!
# ^^^^^^^^ label: `customer` would do
  seller: User!
# ^^^^^^ label: `seller` would do
  total: Int
# ^^^^^ label: declared here
}
type Note @model @access(read: "true") { title: String! }
#    ^^^^ label: add `user: User!` here"#,
        );
    }

    #[test]
    fn a_reference_has_one_other_side() {
        check_diagnostic(
            r#"
type User @model @access(read: "true") {
  orders: [Order!]! @relation(field: "customer")
# ^^^^^^ label: as this one
  bought: [Order!]!
# ^^^^^^ S0064: `customer` has another side already
}
type Order @model @access(read: "true") { customer: User! }"#,
        );
    }

    #[test]
    fn what_happens_on_delete_must_be_possible_and_stand_with_the_column() {
        check_diagnostic(
            r#"
type User @model @access(read: "true") {
  orders: [Order!]! @relation(field: "customer", onDelete: CASCADE)
#                                                          ^^^^^^^ S0066: `onDelete` belongs to the owning side
  tags: [Tag!]! @relation(onDelete: CASCADE)
#                                   ^^^^^^^ S0066: `onDelete` belongs to the owning side
}
type Order @model @access(read: "true") {
  customer: User! @relation(onDelete: SET_NULL, table: "x")
#           ^^^^ label: never null
#                                     ^^^^^^^^ S0063: `onDelete: SET_NULL` needs a reference that may be null
#                                                      ^^^ S0066: `table` belongs to a many-to-many relation
}
type Tag @model @access(read: "true") { name: String! }"#,
        );
    }

    #[test]
    fn a_single_other_side_needs_a_unique_owner_and_may_be_null() {
        check_diagnostic(
            r#"
type User @model @access(read: "true") {
  profile: Profile @relation(field: "user")
#          ^^^^^^^ S0068: several rows may refer to one by `user`
  card: Card! @relation(field: "user")
#       ^^^^ S0068: no row may refer to this one, so this side may be null
}
type Profile @model @access(read: "true") { user: User! }
#                                           ^^^^ label: is not `@unique`
type Card @model @access(read: "true") { user: User! @unique }"#,
        );
    }

    #[test]
    fn rows_that_need_each_other_are_found_once() {
        check_diagnostic(
            r#"
type A @model @access(read: "true") { b: B! }
#                                     ^ S0067: `A.b` and `B.c`, `C.a` need each other's rows before there is one
type B @model @access(read: "true") { c: C! }
#                                     ^ label: needs a row
type C @model @access(read: "true") { a: A! d: D }
#                                     ^ label: needs a row
type D @model @access(read: "true") { d: D! a: A! }
#                                     ^ S0067: `D.d` needs a row of its own model before there is one"#,
        );
    }

    #[test]
    fn the_sides_of_a_table_of_pairs_agree() {
        check_diagnostic(
            r#"
type Post @model @access(read: "true") {
  tags: [Tag!]! @relation(table: "post_tags", from: "post")
#                                ^^^^^^^^^^^ label: the other this
#                                                   ^^^^^^ label: the other this
  likes: [Tag!]! @relation(field: "likedBy")
#                                 ^^^^^^^^^ label: the other this
  pairs: [Other!]! @relation(from: "KEY", to: "key")
# ^^^^^ S0069: both columns of the table of pairs are named `KEY`
}
type Tag @model @access(read: "true") {
  posts: [Post!]! @relation(table: "tag_posts", to: "posting")
#                                  ^^^^^^^^^^^ S0065: the two sides of the relation disagree
#                                                   ^^^^^^^^^ S0065: the two sides of the relation disagree
  likedBy: [Post!]! @relation(field: "tags")
#                                    ^^^^^^ S0065: the two sides of the relation disagree
}
type Other @model @access(read: "true") { name: String! }"#,
        );
    }

    #[test]
    fn several_lists_that_could_pair_must_say_with_whom() {
        check_diagnostic(
            r#"
type Post @model @access(read: "true") {
  tags: [Tag!]! @relation(table: "a")
# ^^^^ S0061: this relation leads back in 2 ways
# ^^^^ label: and by this
}
type Tag @model @access(read: "true") {
  posts: [Post!]! @relation(table: "a")
# ^^^^^ label: `posts` would do
# ^^^^^ S0016: table `a` is used twice
  drafts: [Post!]! @relation(table: "a")
# ^^^^^^ label: `drafts` would do
}"#,
        );
    }
}
