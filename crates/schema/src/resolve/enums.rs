//! Enums.

use super::{Named, Work};
use crate::applied::Directives;
use crate::declare::{self, Declarations, EnumDeclaration};
use crate::diagnostic::{duplicate, name};
use crate::directives::Place;
use crate::{EnumId, EnumType, EnumValue};

impl<'a> Work<'a, '_> {
    pub(super) fn resolve_enums(&mut self, declarations: &Declarations<'a>) {
        for declared in &declarations.enums {
            let span = declare::name_span(declared.name);
            if let Some(diagnostic) = name::check_type(declared.name, span) {
                self.report(diagnostic);
            }
            Directives::check(&declared.directives, Place::Enum, self.diagnostics);
            let Ok(id) = u16::try_from(self.schema.enums.len()) else { return };
            self.names.insert(declared.name.as_str(), Named::Enum(EnumId(id)));
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
        for node in &declared.values {
            let span = declare::name_span(&node.value);
            let directives = node.directives.iter().collect::<Vec<_>>();
            let directives = Directives::check(&directives, Place::EnumValue, self.diagnostics);
            if let Some(first) = values.iter().position(|known| known.name == node.value.as_str()) {
                let first = declare::name_span(&declared.values[first].value);
                self.report(duplicate::enum_value(&node.value, span, first));
                continue;
            }
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
            let former = value.renamed_from.as_deref();
            if let Some(node) =
                declared.values.iter().find(|node| Some(node.value.as_str()) == former)
            {
                let span = declare::name_span(&node.value);
                self.report(name::renamed_from_present(&value.name, &node.value, span));
            }
        }
        values
    }
}
