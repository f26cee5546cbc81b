//! `[mail]`

use std::path::PathBuf;

use underpin_base::Secret;
use underpin_mail::Sender;

use super::section::section;
use super::value::{HostName, SmtpSecurity};

section! {
    /// How mail is sent. Without a server mails wait in the queue, and are given up after a day.
    /// `underpin dev` sends none, whatever stands here.
    "mail" => Mail {
        /// The mail server.
        smtp_host: Option<HostName> = "";
        /// Its port. `0` takes that of the security: 465 for `tls`, 587 for `starttls`, 25 for `none`.
        smtp_port: u16 = "0", 0..=65_535;
        /// How the connection is kept secret. `auto` is `tls` on port 465, `none` for a server on this
        /// machine, and `starttls` otherwise. With `none`, no password is sent to another machine.
        smtp_security: SmtpSecurity = "auto";
        /// The name to sign in with, where the server asks for one.
        smtp_username: Option<String> = "";
        /// The password to sign in with. Better in the environment than in a file that is shared.
        smtp_password: Option<Secret<String>> = "";
        /// A file that holds the password, in place of the password itself; relative to the
        /// project's folder.
        smtp_password_file: Option<PathBuf> = "";
        /// A file of certificates in PEM to trust beside those of the system; relative to the
        /// project's folder.
        smtp_ca_file: Option<PathBuf> = "";
        /// Whom mails come from: an address, with or without a name.
        from: Option<Sender> = "";
        /// What mails call the application. Without it, the name of the project's folder.
        app_name: Option<String> = "";
    }
}
