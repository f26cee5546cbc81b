//! The page that links in mails lead to.
//!
//! What a link holds stands behind its `#`, which no server and no proxy sees; and nothing happens
//! before a button is pressed, because scanners of mail follow links before their readers do.

use crate::docs::Asset;
use crate::reply::Content;

static ASSETS: [Asset; 3] = [
    Asset::plain_file("", Content::Account, include_bytes!("../../assets/auth/index.html")),
    Asset::plain_file("page.js", crate::docs::SCRIPT, include_bytes!("../../assets/auth/page.js")),
    Asset::plain_file("page.css", crate::docs::STYLE, include_bytes!("../../assets/auth/page.css")),
];

/// What the page can be asked to do by the last part of its path: what links of mails lead to.
const TASKS: [&str; 6] =
    ["verify-email", "reset-password", "magic-link", "change-email", "invitation", "setup"];

/// The file at `/auth/{name}`; the page itself has no name, or that of what it is to do.
pub(crate) fn asset(segments: &[&str]) -> Option<&'static Asset> {
    let name = match *segments {
        [] => "",
        [name] if TASKS.contains(&name) => "",
        [name] => name,
        _ => return None,
    };
    ASSETS.iter().find(|asset| asset.name() == name)
}
