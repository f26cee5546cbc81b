//! `underpin completions`

use crate::run::Sandbox;

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = Sandbox::empty().stdout(&["completions", shell]);
        for command in ["dev", "serve", "migrate", "explain"] {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
    }
}
