//! Enums.

use std::collections::HashMap;

use super::{Named, Work};
use crate::applied::Directives;
use crate::declare::{self, Declarations, EnumDeclaration};
use crate::diagnostic::{duplicate, name};
use crate::directives::Place;
use crate::{EnumId, EnumType, EnumValue, Span};

impl<'a> Work<'a, '_> {
    pub(super) fn resolve_enums(&mut self, declarations: &Declarations<'a>) {
        for declared in &declarations.enums {
            let span = declare::name_span(declared.name);
            if let Some(diagnostic) = name::check_type(declared.name, span) {
                self.report(diagnostic);
            }
            Directives::check(&declared.directives, Place::Enum, self.diagnostics);
            let id = u16::try_from(self.schema.enums.len());
            let id = EnumId(id.expect("invariant: at most 2,000 enums"));
            self.names.insert(declared.name.as_str(), Named::Enum(id));
            let values = self.enum_values(declared);
            self.schema.enums.push(EnumType {
                name: declared.name.to_string(),
                doc: declared.doc.clone(),
                values,
            });
        }
    }

    fn enum_values(&mut self, declared: &EnumDeclaration<'a>) -> Vec<EnumValue> {
        let mut values: Vec<EnumValue> = Vec::new();
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for node in &declared.values {
            let span = declare::name_span(&node.value);
            let directives = node.directives.iter().collect::<Vec<_>>();
            let directives = Directives::check(&directives, Place::EnumValue, self.diagnostics);
            if let Some(first) = seen.get(node.value.as_str()) {
                self.report(duplicate::enum_value(&node.value, span, *first));
                continue;
            }
            seen.insert(node.value.as_str(), span);
            if let Some(diagnostic) = name::check_enum_value(&node.value, span) {
                self.report(diagnostic);
            }
            values.push(EnumValue {
                name: node.value.to_string(),
                doc: declare::text_of(node.description.as_ref()),
                renamed_from: self.renamed_from(&directives),
                deprecated: super::model::deprecated(&directives),
            });
        }
        for value in &values {
            let Some(former) = &value.renamed_from else { continue };
            if let Some(span) = seen.get(former.as_str()) {
                self.report(name::renamed_from_present(&value.name, former, *span));
            }
        }
        let claims = values.iter().filter_map(|value| {
            let span = seen.get(value.name.as_str())?;
            Some((value.name.as_str(), value.renamed_from.as_deref(), *span))
        });
        self.diagnostics.extend(name::renamed_from_twice(claims));
        values
    }
}
