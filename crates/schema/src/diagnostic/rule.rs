//! S0101 to S0113: mistakes in rules. The `rules` room finds them; their pages stand here so that
//! there is one table of codes.

use super::Page;

pub(super) const SYNTAX: Page = Page {
    title: "a rule is not a well-formed expression",
    meaning: r#"
A rule is an expression of the Common Expression Language (CEL): comparisons joined by `&&`, `||`
and `!`, with text in quotes. The caret points at the first character that cannot continue the
expression. `=` alone is not a comparison (write `==`), and `and`, `or`, `not` are not operators."#,
    bad: r#"
type Note @model @access(read: "row.title = 'open'") {
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "row.title == 'open'") {
  title: String!
}"#,
};

pub(super) const UNKNOWN_NAME: Page = Page {
    title: "a rule uses a name that does not exist",
    meaning: r#"
A rule may speak of `auth` (who asks), `row` (the stored row), `next` (the row as an update leaves
it) and `request`. After `row.` and `next.` come fields of the model, and after a to-one relation
the fields of the model it leads to. The help names the nearest name that would have been right."#,
    bad: r#"
type Note @model @access(read: "row.titel == 'open'") {
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "row.title == 'open'") {
  title: String!
}"#,
};

pub(super) const TYPE_MISMATCH: Page = Page {
    title: "a rule compares values of different types",
    meaning: r#"
Both sides of a comparison must have the same type; nothing is converted silently, because the two
databases would convert differently. A number or a text in quotes takes the type of the field it
meets. The whole rule, and both sides of `&&` and `||`, must be true or false."#,
    bad: r#"
type Note @model @access(read: "row.stars == 'many'") {
  stars: Int!
}"#,
    good: r#"
type Note @model @access(read: "row.stars >= 100") {
  stars: Int!
}"#,
};

pub(super) const UNSUPPORTED: Page = Page {
    title: "a rule uses something outside the rule language",
    meaning: r#"
Rules run inside the database as well as in memory, and both must decide alike on every row, so the
language is a part of CEL: comparisons, `in`, `&&`, `||`, `!`, `exists`, `all`, `size`,
`startsWith`, `endsWith`, `contains`, `has`, `timestamp`, `duration`. There is no arithmetic except
`request.time` plus or minus a duration, and no `? :`. Store what would have to be computed, or
write the comparison the other way round."#,
    bad: r#"
type Note @model @access(read: "row.stars * 2 > 10") {
  stars: Int!
}"#,
    good: r#"
type Note @model @access(read: "row.stars > 5") {
  stars: Int!
}"#,
};

pub(super) const TOO_COMPLEX: Page = Page {
    title: "a rule is too complex",
    meaning: r#"
A rule is evaluated for every row that a request touches, so its cost is bounded when the schema is
loaded: its length, the depth of its nesting, the number of its conditions, and the relations it
follows. Split the condition: store what many rows share on the row they all refer to, or grant a
permission and ask for it with `auth.can('…')`."#,
    bad: r#"
type Folder @model
  @access(read: "row.parent.parent.parent.parent.parent.parent.parent.name == 'public'") {
  name: String!
  parent: Folder
}"#,
    good: r#"
type Folder @model @access(read: "row.visibility == 'public'") {
  name: String!
  visibility: String!
  parent: Folder
}"#,
};

pub(super) const NEXT_OUTSIDE_UPDATE: Page = Page {
    title: "`next` stands in a rule that is not about an update",
    meaning: r#"
`next` is the row as an update will leave it. On create there is only the proposed row, which is
`row`; on read and delete nothing changes. A rule for `update` that does not name `next` must hold
for the row before and after the change, so most rules need no `next` at all."#,
    bad: r#"
type Note @model @access(create: "next.title != ''", read: "true") {
  title: String!
}"#,
    good: r#"
type Note @model @access(create: "row.title != ''", read: "true") {
  title: String!
}"#,
};

pub(super) const RELATION_AS_VALUE: Page = Page {
    title: "a to-many relation stands where a value is needed",
    meaning: r#"
A to-one relation stands for the key it holds, so `row.owner == auth.id` compares keys. A to-many
relation stands for rows: ask of them with `row.members.exists(m, …)` or `row.members.all(m, …)`."#,
    bad: r#"
type Team @model @access(read: "row.members == auth.id") {
  name: String!
  members: [User!]! @relation
}

type User @model @account(identity: ["email"]) @access(read: "true") {
  email: Email! @unique
}"#,
    good: r#"
type Team @model @access(read: "row.members.exists(m, m.id == auth.id)") {
  name: String!
  members: [User!]! @relation
}

type User @model @account(identity: ["email"]) @access(read: "true") {
  email: Email! @unique
}"#,
};

pub(super) const WRONG_LITERAL: Page = Page {
    title: "a literal in a rule is not a value of the type it meets",
    meaning: r#"
A text or number in a rule takes the type of the field it is compared with and must be a value of
it: a value of the enum, a timestamp with an offset, a UUID, a number within range. A comparison
that can never be true is a mistake, not a condition."#,
    bad: r#"
type Task @model @access(read: "row.status == 'DOEN'") {
  status: Status!
}

enum Status { OPEN DONE }"#,
    good: r#"
type Task @model @access(read: "row.status == 'DONE'") {
  status: Status!
}

enum Status { OPEN DONE }"#,
};

pub(super) const UNKNOWN_PERMISSION: Page = Page {
    title: "a rule asks for a role or permission that nobody can have",
    meaning: r#"
`auth.is('…')` names a role that no `@role` declares, or `auth.can('…')` a permission that no role
grants. The condition is then false for everybody who has not been given it at run time. Roles can
be made at run time, so this is a warning."#,
    bad: r#"
type Note @model @access(read: "auth.is('editr')") {
  title: String!
}

extend schema @role(name: "editor", can: ["notes:update"])"#,
    good: r#"
type Note @model @access(read: "auth.is('editor')") {
  title: String!
}

extend schema @role(name: "editor", can: ["notes:update"])"#,
};

pub(super) const BEYOND_THE_ROW: Page = Page {
    title: "a check or a partial index looks beyond its row",
    meaning: r#"
`@check(rule:)` and `@index(where:)` become part of the table itself, so they may use the columns of
the row and constants, and nothing else: no relation's fields, no `auth`, no `request`. What depends
on who asks, or on other rows, belongs into `@access`."#,
    bad: r#"
type Note @model @access(read: "true")
  @check(rule: "row.owner.name != ''", message: "the owner needs a name") {
  owner: User!
}

type User @model @access(read: "true") {
  name: String!
}"#,
    good: r#"
type Note @model @access(read: "true")
  @check(rule: "row.title != ''", message: "a note needs a title") {
  title: String!
  owner: User!
}

type User @model @access(read: "true") {
  name: String!
}"#,
};

pub(super) const NULL_OWNER: Page = Page {
    title: "a rule gives anonymous callers what nobody owns",
    meaning: r#"
`auth.id` is null for everybody who is not logged in, and null equals null. Where the field compared
with it may be null, the rule therefore holds for anonymous callers and API keys on every row whose
field is null. Ask for a user first, or make the field required."#,
    bad: r#"
type Note @model @access(read: "row.owner == auth.id") {
  title: String!
  owner: User
}

type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
  email: Email! @unique
}"#,
    good: r#"
type Note @model @access(read: "auth.kind == 'user' && row.owner == auth.id") {
  title: String!
  owner: User
}

type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
  email: Email! @unique
}"#,
};

pub(super) const PAIRS_WRITTEN: Page = Page {
    title: "a rule for writes asks for pairs that the write may set",
    meaning: r#"
The list of a many-to-many field is written after its row. Rules for `create`, for `update` and for
writing a field are judged before, on the pairs as they were: one that asks for the rows of such a
field of `row` or `next` would not see the list that is being written, and a write could leave a
row that its own rule forbids. Say on the field who sets its pairs, with `@access(write:)`: then
rules for `update` may ask for the pairs that are there. Or make the pairs a model of their own,
which has rules of its own. Rules for `read` and `delete` may always ask for pairs."#,
    bad: r#"
type Project @model
  @access(read: "true", update: "row.members.exists(m, m.id == auth.id)") {
  title: String!
  members: [User!]! @relation
}

type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
  email: Email! @unique
}"#,
    good: r#"
type Project @model
  @access(read: "true", update: "row.members.exists(m, m.id == auth.id)") {
  title: String!
  members: [User!]! @relation @access(write: "auth.can('projects:members')")
}

type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
  email: Email! @unique
}"#,
};

pub(super) const PAIRS_OPEN: Page = Page {
    title: "pairs that one side protects can be set from the other side",
    meaning: r#"
Both sides of a many-to-many relation set the same pairs: who may not write `Team.people` could
join a team by writing `Person.teams`. Where one side says who writes it (`@access(write:)`), or
that nobody does (`@readonly`, `@immutable`, `@hidden`), the other side must say so too."#,
    bad: r#"
type Team @model @access(read: "true") {
  name: String!
  people: [Person!]! @relation(field: "teams") @access(write: "auth.can('teams:update')")
}

type Person @model @access(read: "true") {
  name: String!
  teams: [Team!]! @relation(field: "people")
}"#,
    good: r#"
type Team @model @access(read: "true") {
  name: String!
  people: [Person!]! @relation(field: "teams") @access(write: "auth.can('teams:update')")
}

type Person @model @access(read: "true") {
  name: String!
  teams: [Team!]! @relation(field: "people") @readonly
}"#,
};
