//! The definitions of a document, with their extensions joined to them.
//!
//! Between the parser's tree and the resolvers: what the language does not have (interfaces,
//! unions, operations) is reported and left out here.

use std::collections::HashMap;

use apollo_compiler::ast::{self, Definition, Document, EnumValueDefinition, FieldDefinition};
use apollo_compiler::{Name, Node};

use crate::Span;
use crate::diagnostic::{Diagnostic, definition, duplicate};

/// Everything a document declares.
#[derive(Default)]
pub(crate) struct Declarations<'a> {
    /// Directives of the schema.
    pub(crate) schema: Vec<&'a Node<ast::Directive>>,
    /// Object types, in the order of the file.
    pub(crate) types: Vec<TypeDeclaration<'a>>,
    /// Enums, in the order of the file.
    pub(crate) enums: Vec<EnumDeclaration<'a>>,
    /// Where each of them is.
    places: HashMap<&'a str, (&'a Name, Place)>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Type(usize),
    Enum(usize),
}

/// An object type with its extensions.
pub(crate) struct TypeDeclaration<'a> {
    pub(crate) name: &'a Name,
    pub(crate) doc: Option<String>,
    pub(crate) directives: Vec<&'a Node<ast::Directive>>,
    pub(crate) fields: Vec<&'a Node<FieldDefinition>>,
}

/// An enum with its extensions.
pub(crate) struct EnumDeclaration<'a> {
    pub(crate) name: &'a Name,
    pub(crate) doc: Option<String>,
    pub(crate) directives: Vec<&'a Node<ast::Directive>>,
    pub(crate) values: Vec<&'a Node<EnumValueDefinition>>,
}

/// Collects what `document` declares.
pub(crate) fn collect<'a>(
    document: &'a Document,
    diagnostics: &mut Vec<Diagnostic>,
) -> Declarations<'a> {
    let mut found = Declarations::default();
    for definition in &document.definitions {
        found.define(definition, diagnostics);
    }
    // In a second pass, since an extension may stand before what it extends.
    for definition in &document.definitions {
        found.extend(definition, diagnostics);
    }
    found
}

impl<'a> Declarations<'a> {
    fn define(&mut self, definition: &'a Definition, diagnostics: &mut Vec<Diagnostic>) {
        if let Some(object) = definition.as_object_type_definition() {
            refuse_interfaces(&object.implements_interfaces, diagnostics);
            if self.is_new(&object.name, Place::Type(self.types.len()), diagnostics) {
                self.types.push(TypeDeclaration {
                    name: &object.name,
                    doc: text_of(object.description.as_ref()),
                    directives: object.directives.iter().collect(),
                    fields: object.fields.iter().collect(),
                });
            }
        } else if let Some(list) = definition.as_enum_type_definition() {
            if self.is_new(&list.name, Place::Enum(self.enums.len()), diagnostics) {
                self.enums.push(EnumDeclaration {
                    name: &list.name,
                    doc: text_of(list.description.as_ref()),
                    directives: list.directives.iter().collect(),
                    values: list.values.iter().collect(),
                });
            }
        } else if let Some(schema) = definition.as_schema_definition() {
            refuse_root_operations(&schema.root_operations, diagnostics);
            self.schema.extend(schema.directives.iter());
        }
    }

    fn extend(&mut self, definition: &'a Definition, diagnostics: &mut Vec<Diagnostic>) {
        match definition {
            Definition::ObjectTypeExtension(object) => {
                refuse_interfaces(&object.implements_interfaces, diagnostics);
                match self.places.get(object.name.as_str()) {
                    Some((_, Place::Type(place))) => {
                        let known = &mut self.types[*place];
                        known.directives.extend(object.directives.iter());
                        known.fields.extend(object.fields.iter());
                    }
                    _ => diagnostics.push(self.extends_nothing(&object.name)),
                }
            }
            Definition::EnumTypeExtension(list) => match self.places.get(list.name.as_str()) {
                Some((_, Place::Enum(place))) => {
                    let known = &mut self.enums[*place];
                    known.directives.extend(list.directives.iter());
                    known.values.extend(list.values.iter());
                }
                _ => diagnostics.push(self.extends_nothing(&list.name)),
            },
            Definition::SchemaExtension(schema) => {
                refuse_root_operations(&schema.root_operations, diagnostics);
                self.schema.extend(schema.directives.iter());
            }
            Definition::ObjectTypeDefinition(_)
            | Definition::EnumTypeDefinition(_)
            | Definition::SchemaDefinition(_) => {}
            Definition::OperationDefinition(_)
            | Definition::FragmentDefinition(_)
            | Definition::DirectiveDefinition(_)
            | Definition::ScalarTypeDefinition(_)
            | Definition::ScalarTypeExtension(_)
            | Definition::InterfaceTypeDefinition(_)
            | Definition::InterfaceTypeExtension(_)
            | Definition::UnionTypeDefinition(_)
            | Definition::UnionTypeExtension(_)
            | Definition::InputObjectTypeDefinition(_)
            | Definition::InputObjectTypeExtension(_) => diagnostics.push(unsupported(definition)),
        }
    }

    fn is_new(&mut self, name: &'a Name, place: Place, diagnostics: &mut Vec<Diagnostic>) -> bool {
        let first = self.places.get(name.as_str()).map(|(first, _)| name_span(first));
        if let Some(first) = first {
            diagnostics.push(duplicate::type_name(name, name_span(name), first));
            return false;
        }
        self.places.insert(name.as_str(), (name, place));
        true
    }

    fn extends_nothing(&self, name: &Name) -> Diagnostic {
        let mut known: Vec<&str> = self.places.keys().copied().collect();
        known.sort_unstable();
        definition::extends_nothing(name, name_span(name), crate::nearest(name, known))
    }
}

fn refuse_interfaces(interfaces: &[Name], diagnostics: &mut Vec<Diagnostic>) {
    if let Some(first) = interfaces.first() {
        diagnostics.push(definition::unsupported("`implements`", name_span(first)));
    }
}

fn refuse_root_operations(
    operations: &[Node<(ast::OperationType, ast::NamedType)>],
    diagnostics: &mut Vec<Diagnostic>,
) {
    if let Some(first) = operations.first() {
        diagnostics.push(definition::unsupported("a root operation", span(first)));
    }
}

fn unsupported(definition: &Definition) -> Diagnostic {
    let what = match definition {
        Definition::OperationDefinition(_) => "an operation",
        Definition::FragmentDefinition(_) => "a fragment",
        Definition::DirectiveDefinition(_) => "the definition of a directive",
        Definition::ScalarTypeDefinition(_) | Definition::ScalarTypeExtension(_) => {
            "the definition of a scalar"
        }
        Definition::InterfaceTypeDefinition(_) | Definition::InterfaceTypeExtension(_) => {
            "an interface"
        }
        Definition::UnionTypeDefinition(_) | Definition::UnionTypeExtension(_) => "a union",
        Definition::InputObjectTypeDefinition(_) | Definition::InputObjectTypeExtension(_) => {
            "an input type"
        }
        Definition::SchemaDefinition(_)
        | Definition::SchemaExtension(_)
        | Definition::ObjectTypeDefinition(_)
        | Definition::ObjectTypeExtension(_)
        | Definition::EnumTypeDefinition(_)
        | Definition::EnumTypeExtension(_) => "this definition",
    };
    let place = definition.name().map(name_span).or_else(|| {
        let location = definition.location()?;
        Some(Span { start: location.offset(), end: location.offset() + 1 })
    });
    definition::unsupported(what, place.unwrap_or_default())
}

/// The text of a description.
pub(crate) fn text_of(node: Option<&Node<str>>) -> Option<String> {
    node.map(|node| node.as_str().to_owned()).filter(|text| !text.is_empty())
}

/// Where a node stands.
pub(crate) fn span<T: ?Sized>(node: &Node<T>) -> Span {
    node.location().map_or_else(Span::default, |location| Span {
        start: location.offset(),
        end: location.end_offset(),
    })
}

/// Where a name stands.
pub(crate) fn name_span(name: &Name) -> Span {
    name.location().map_or_else(Span::default, |location| Span {
        start: location.offset(),
        end: location.end_offset(),
    })
}

/// Where a directive's name stands, with its `@`.
pub(crate) fn directive_span(node: &Node<ast::Directive>) -> Span {
    let start = node.location().map_or(0, |location| location.offset());
    Span { start, end: name_span(&node.name).end }
}
