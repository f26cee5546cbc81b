//! From an operation to what does it.

use underpin_base::Result;
use underpin_engine::App;
use underpin_mail::Kind;

use crate::ask::Ask;
use crate::{Accounts, Answer, Call, OperationId};

impl Accounts {
    /// Does what a client asks for. The transport has recognised the caller and counted the call
    /// against its limits; access and body are judged here.
    ///
    /// # Errors
    /// See the error table.
    pub async fn call(&self, app: &App, call: Call<'_>) -> Result<Answer> {
        let id = call.operation;
        if let Err(error) = self.permit(id.operation().access, call.caller.as_deref()) {
            self.audit_denial(&call, error.code()).await?;
            return Err(error);
        }
        let ask = Ask::read(self, app, call)?;
        self.dispatch(id, &ask).await
    }

    async fn dispatch(&self, id: OperationId, ask: &Ask<'_>) -> Result<Answer> {
        use OperationId as Id;
        match id {
            Id::Register => Box::pin(self.register(ask)).await,
            Id::VerifyEmail => Box::pin(self.verify_email(ask)).await,
            Id::ResendVerification => {
                self.request_mail(ask, Kind::VerifyEmail, "email.verificationRequested").await
            }
            Id::Login => Box::pin(self.login(ask)).await,
            Id::RequestMagicLink => {
                self.request_mail(ask, Kind::MagicLink, "session.linkRequested").await
            }
            Id::LoginMfa => Box::pin(self.login_mfa(ask)).await,
            Id::LoginLink => Box::pin(self.login_link(ask)).await,
            Id::RequestCode => self.request_mail(ask, Kind::Code, "session.codeRequested").await,
            Id::LoginCode => Box::pin(self.login_code(ask)).await,
            Id::Refresh => Box::pin(self.refresh(ask)).await,
            Id::Logout => self.logout(ask).await,
            Id::Me => Box::pin(self.me(ask)).await,
            Id::UpdateMe => Box::pin(self.update_me(ask)).await,
            Id::DeleteMe => Box::pin(self.delete_me(ask)).await,
            Id::ListSessions => self.list_sessions(ask).await,
            Id::EndSession => self.end_session(ask).await,
            Id::EndOtherSessions => self.end_other_sessions(ask).await,
            Id::ForgotPassword => {
                self.request_mail(ask, Kind::ResetPassword, "password.resetRequested").await
            }
            Id::ResetPassword => Box::pin(self.reset_password(ask)).await,
            Id::ChangePassword => Box::pin(self.change_password(ask)).await,
            Id::ChangeEmail => Box::pin(self.change_email(ask)).await,
            Id::Anonymous => Box::pin(self.log_in_anonymously(ask)).await,
            Id::Promote => Box::pin(self.promote(ask)).await,
            Id::StartTotp => Box::pin(self.start_totp(ask)).await,
            Id::ConfirmTotp => Box::pin(self.confirm_totp(ask)).await,
            Id::RemoveTotp => Box::pin(self.remove_totp(ask)).await,
            Id::RecoveryCodes => Box::pin(self.new_recovery_codes(ask)).await,
            Id::PasskeyOptions => Box::pin(self.passkey_options(ask)).await,
            Id::AddPasskey => Box::pin(self.add_passkey(ask)).await,
            Id::ListPasskeys => self.list_passkeys(ask).await,
            Id::RemovePasskey => Box::pin(self.remove_passkey(ask)).await,
            Id::PasskeyLoginOptions => Box::pin(self.passkey_login_options(ask)).await,
            Id::PasskeyLogin => Box::pin(self.passkey_login(ask)).await,
            Id::ListProviders => Ok(self.list_providers()),
            Id::OauthStart => Box::pin(self.oauth_start(ask)).await,
            Id::OauthCallback => Box::pin(self.oauth_callback(ask)).await,
            Id::OauthExchange => Box::pin(self.oauth_exchange(ask)).await,
            Id::Setup => Box::pin(self.setup(ask)).await,
            _ => Box::pin(self.administer(id, ask)).await,
        }
    }
}
