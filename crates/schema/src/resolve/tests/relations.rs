//! Relations of every kind.

use super::{indexes, model, schema};
use crate::{Encoding, Field, FieldKind, Join, Schema, ToMany, ToOne};

fn field<'a>(schema: &'a Schema, model: &str, field: &str) -> &'a Field {
    super::model(schema, model).field_named(field).unwrap()
}

fn to_one(schema: &Schema, model: &str, name: &str) -> ToOne {
    let FieldKind::ToOne(to_one) = field(schema, model, name).kind else { panic!("{name}") };
    to_one
}

fn to_many(schema: &Schema, model: &str, name: &str) -> ToMany {
    let FieldKind::ToMany(to_many) = field(schema, model, name).kind else { panic!("{name}") };
    to_many
}

fn join<'a>(schema: &'a Schema, model: &str, name: &str) -> &'a Join {
    let FieldKind::ManyToMany(join) = &field(schema, model, name).kind else { panic!("{name}") };
    join
}

/// Table and columns of a many-to-many field, and its other side.
fn pairs(schema: &Schema, model: &str, name: &str) -> String {
    let join = join(schema, model, name);
    let inverse = join.inverse.map_or("-", |inverse| &schema.field(join.target, inverse).name);
    format!("{}({}, {}) {inverse}", join.table, join.own_column, join.target_column)
}

#[test]
fn an_inverse_is_found_where_only_one_field_can_be_meant() {
    let schema = schema(
        r#"
type User @model @access(read: "true") { orders: [Order!]!  notes: [Note!]! @relation }
type Order @model @access(read: "true") { customer: User! }
type Note @model @access(read: "true") { author: User }"#,
    );
    let orders = to_many(&schema, "User", "orders");
    assert_eq!(orders.field, field(&schema, "Order", "customer").id);
    let notes = to_many(&schema, "User", "notes");
    assert_eq!(notes.field, field(&schema, "Note", "author").id);
    let author = to_one(&schema, "Note", "author");
    assert_eq!(author.inverse, Some(field(&schema, "User", "notes").id));
}

#[test]
fn several_relations_between_two_models_are_told_apart_by_name() {
    let schema = schema(
        r#"
type User @model @access(read: "true") {
  bought: [Order!]! @relation(field: "customer")
  sold: [Order!]! @relation(field: "seller")
}
type Order @model @access(read: "true") { customer: User!  seller: User!  checker: User }"#,
    );
    for (inverse, owner) in [("bought", "customer"), ("sold", "seller")] {
        assert_eq!(to_many(&schema, "User", inverse).field, field(&schema, "Order", owner).id);
        assert_eq!(
            to_one(&schema, "Order", owner).inverse,
            Some(field(&schema, "User", inverse).id)
        );
    }
    assert_eq!(to_one(&schema, "Order", "checker").inverse, None);
    assert_eq!(
        indexes(model(&schema, "Order")),
        [
            "order_customer_id_idx(customer_id)",
            "order_seller_id_idx(seller_id)",
            "order_checker_id_idx(checker_id)",
        ]
    );
}

#[test]
fn a_unique_owner_has_a_single_row_on_the_other_side() {
    let schema = schema(
        r#"
type User @model @access(read: "true") {
  profile: Profile @relation(field: "user")
  card: Card @relation(field: "user")
}
type Profile @model @access(read: "true") { user: User! @unique }
type Card @model @access(read: "true") @unique(fields: ["user"]) { user: User! }"#,
    );
    let profile = to_many(&schema, "User", "profile");
    assert!(profile.single && field(&schema, "User", "profile").nullable);
    assert!(!field(&schema, "User", "profile").is_list());
    assert_eq!(profile.field, field(&schema, "Profile", "user").id);
    assert_eq!(indexes(model(&schema, "Profile")), ["profile_user_id_key!(user_id)"]);
}

#[test]
fn a_model_refers_to_itself() {
    let schema = schema(
        r#"
type Category @model @access(read: "true") {
  parent: Category
  children: [Category!]!
}
type Person @model @access(read: "true") {
  friends: [Person!]! @relation
  follows: [Person!]! @relation(field: "followers")
  followers: [Person!]! @relation(field: "follows")
}"#,
    );
    assert_eq!(
        to_many(&schema, "Category", "children").field,
        field(&schema, "Category", "parent").id
    );
    assert_eq!(pairs(&schema, "Person", "friends"), "person_friends(person_id, friends_id) -");
    assert_eq!(
        pairs(&schema, "Person", "followers"),
        "person_followers(person_id, followers_id) follows"
    );
    assert_eq!(
        pairs(&schema, "Person", "follows"),
        "person_followers(followers_id, person_id) followers"
    );
}

#[test]
fn many_to_many_relations_have_one_table_whatever_the_order_of_the_file() {
    let post = r#"type Post @model @access(read: "true") { tags: [Tag!]! @relation }"#;
    let tag = r#"type Tag @model @access(read: "true") { posts: [Post!]! @relation }"#;
    for source in [format!("{post}\n{tag}"), format!("{tag}\n{post}")] {
        let schema = schema(&source);
        assert_eq!(pairs(&schema, "Post", "tags"), "post_tag(post_id, tag_id) posts");
        assert_eq!(pairs(&schema, "Tag", "posts"), "post_tag(tag_id, post_id) tags");
        assert!(join(&schema, "Post", "tags").managed);
    }
}

#[test]
fn one_side_of_a_many_to_many_relation_is_enough() {
    let schema = schema(
        r#"
type Post @model @access(read: "true") { tags: [Tag!]! @relation }
type Tag @model @access(read: "true") { name: String! }"#,
    );
    assert_eq!(pairs(&schema, "Post", "tags"), "post_tag(post_id, tag_id) -");
}

#[test]
fn several_many_to_many_relations_are_named_by_a_side() {
    let schema = schema(
        r#"
type Post @model @access(read: "true") {
  tags: [Tag!]! @relation
  likedBy: [User!]! @relation(field: "likes")
  readBy: [User!]! @relation(field: "reads")
}
type Tag @model @access(read: "true") { posts: [Post!]! @relation }
type User @model @access(read: "true") {
  likes: [Post!]! @relation
  reads: [Post!]! @relation(field: "readBy")
}"#,
    );
    assert_eq!(pairs(&schema, "Post", "likedBy"), "post_liked_by(post_id, user_id) likes");
    assert_eq!(pairs(&schema, "User", "likes"), "post_liked_by(user_id, post_id) likedBy");
    assert_eq!(pairs(&schema, "User", "reads"), "post_read_by(user_id, post_id) readBy");
    assert_eq!(pairs(&schema, "Post", "tags"), "post_tag(post_id, tag_id) posts");
}

#[test]
fn a_table_of_pairs_can_be_another_programs() {
    let schema = schema(
        r#"
type Playlist @model(managed: false) @access(read: "true") {
  tracks: [Track!]! @relation(table: "PlaylistTrack", from: "PlaylistId", to: "TrackId")
}
type Track @model(managed: false) @access(read: "true") { playlists: [Playlist!]! @relation }"#,
    );
    assert_eq!(
        pairs(&schema, "Playlist", "tracks"),
        "PlaylistTrack(PlaylistId, TrackId) playlists"
    );
    assert_eq!(pairs(&schema, "Track", "playlists"), "PlaylistTrack(TrackId, PlaylistId) tracks");
    assert!(!join(&schema, "Track", "playlists").managed);
}

#[test]
fn a_table_of_pairs_can_be_a_model_of_its_own() {
    let schema = schema(
        r#"
type User @model @access(read: "true") { teams: [Team!]! @relation(table: "membership") }
type Team @model @access(read: "true") { members: [User!]! @relation }
type Membership @model @access(read: "true") @unique(fields: ["user", "team"]) {
  user: User! @column(name: "who")
  team: Team!
  since: Date
}"#,
    );
    assert_eq!(pairs(&schema, "User", "teams"), "membership(who, team_id) members");
    assert_eq!(pairs(&schema, "Team", "members"), "membership(team_id, who) teams");
    assert!(!join(&schema, "User", "teams").managed, "the table is the model's");
    assert_eq!(
        indexes(model(&schema, "Membership")),
        ["membership_who_team_id_key!(who,team_id)", "membership_team_id_idx(team_id)"]
    );
}

#[test]
fn lists_over_rows_that_need_more_than_two_keys_are_only_read() {
    let schema = schema(
        r#"
type User @model @access(read: "true") {
  teams: [Team!]! @relation(table: "membership")
  clubs: [Team!]! @relation(field: "guests", table: "visit")
}
type Team @model @access(read: "true") {
  members: [User!]! @relation(field: "teams")
  guests: [User!]! @relation(field: "clubs")
}
type Membership @model(timestamps: false) @access(read: "true") { user: User!  team: Team! }
type Visit @model(timestamps: false, version: false) @access(read: "true") {
  id: ID! @id(kind: INT)
  user: User!
  team: Team!
  since: Date
}"#,
    );
    assert!(field(&schema, "User", "teams").readonly, "a membership has a key and a version");
    assert!(field(&schema, "Team", "members").readonly);
    assert!(!field(&schema, "User", "clubs").readonly, "the database makes a visit's key");
    assert!(!field(&schema, "Team", "guests").readonly);
}

#[test]
fn a_reference_is_held_as_the_key_it_holds() {
    let schema = schema(
        r#"
type User @model @access(read: "true") { id: ID! @column(storage: TEXT) }
type Note @model @access(read: "true") { owner: User!  editor: User @column(storage: NATIVE) }"#,
    );
    assert_eq!(field(&schema, "Note", "owner").encoding, Encoding::Text);
    assert_eq!(field(&schema, "Note", "editor").encoding, Encoding::Native);
}

#[test]
fn a_reference_that_an_index_starts_with_gets_no_second_one() {
    let schema = schema(
        r#"
type User @model @access(read: "true") { name: String! }
type Note @model @access(read: "true")
  @index(fields: ["owner", "createdAt"])
  @index(fields: ["editor"], where: "row.createdAt != null", name: "edited") {
  owner: User!
  editor: User
}"#,
    );
    assert_eq!(
        indexes(model(&schema, "Note")),
        [
            "note_owner_id_created_at_idx(owner_id,created_at)",
            "edited(editor_id)",
            "note_editor_id_idx(editor_id)",
        ]
    );
}
