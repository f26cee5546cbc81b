//! `@account`: the model whose rows are who may log in.

use super::Work;
use crate::diagnostic::account;
use crate::{Account, FieldKind, Scalar};

impl Work<'_, '_> {
    pub(super) fn resolve_account(&mut self) {
        let mut first = None;
        for id in self.model_ids() {
            let Some(applied) = self.note(id).directives.get("account") else { continue };
            let (span, sound) = (applied.span, applied.sound);
            let identity = applied.texts("identity").unwrap_or_default();
            if let Some(first) = first {
                self.report(account::second(span, first));
                continue;
            }
            first = Some(span);
            if identity.is_empty() && sound {
                self.report(account::no_identity(span));
            }
            let mut fields = Vec::new();
            for name in identity {
                let Some(field_id) = self.named_field(id, name) else { continue };
                let field = self.field(id, field_id);
                let is_email = field.kind == FieldKind::Scalar(Scalar::Email);
                let is_text =
                    matches!(field.kind, FieldKind::Scalar(Scalar::String | Scalar::Email));
                if !is_text || !field.unique || field.nullable {
                    let diagnostic = account::identity_field(&field.name, name.span, field.span);
                    self.report(diagnostic);
                }
                // Mail systems tell no case apart, and neither may two accounts.
                if is_email {
                    let place = usize::from(field_id.0);
                    self.model_mut(id).fields[place].caseless = true;
                }
                fields.push(field_id);
            }
            self.model_mut(id).account = Some(Account { identity: fields });
        }
        self.check_auth_defaults();
    }
}
