//! Configuration: what wins over what, and what is said about mistakes.

use insta::assert_snapshot;
use underpin::config::{Config, LogFormat, LogLevel, Override};

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn read(text: &str, environment: &[(&str, &str)]) -> Config {
    Config::read("underpin.toml", text, &variables(environment), &[]).unwrap()
}

fn mistakes(text: &str, environment: &[(&str, &str)]) -> String {
    Config::read("underpin.toml", text, &variables(environment), &[]).unwrap_err().to_string()
}

#[test]
fn without_a_file_every_key_has_its_default() {
    let config = read("", &[("PATH", "/bin")]);
    assert_eq!(config, Config::default());
    assert_eq!(config.server.address.to_string(), "127.0.0.1:8080");
    assert_eq!(config.database.url.to_string(), "sqlite:data/app.db");
    assert!(!config.database_chosen);
}

#[test]
fn the_environment_wins_over_the_file_and_flags_win_over_both() {
    let file = "[server]\naddress = \"127.0.0.1:1\"\nworkers = 1\n[log]\nlevel = \"warn\"";
    let environment =
        [("UNDERPIN_SERVER__ADDRESS", "127.0.0.1:2"), ("UNDERPIN_SERVER__WORKERS", "2")];
    let flag = Override {
        flag: "--address",
        section: "server",
        key: "address",
        text: "127.0.0.1:3".to_owned(),
    };
    let config = Config::read("underpin.toml", file, &variables(&environment), &[flag]).unwrap();
    assert_eq!(config.server.address.port(), 3);
    assert_eq!(config.server.workers, 2);
    assert_eq!(config.log.level, LogLevel::Warn);
}

#[test]
fn every_section_is_read() {
    let config = read(
        "[server]\npublic_url = \"https://api.example.com/\"\n\
         [database]\nurl = \"sqlite:/srv/shop.db\"\ncache_mib = 1_024\n\
         [limits]\npage_rows_max = 0x80\n[log]\nformat = \"json\"",
        &[],
    );
    assert_eq!(config.server.public_url.unwrap().as_str(), "https://api.example.com");
    assert_eq!(config.database.url.to_string(), "sqlite:/srv/shop.db");
    assert!(config.database_chosen);
    assert_eq!(config.database.cache_mib, 1_024);
    assert_eq!(config.limits.page_rows_max, 128);
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn all_mistakes_are_reported_together_each_with_its_place() {
    assert_snapshot!(
        "config_mistakes",
        mistakes(
            r#"
[servr]
address = "x"

[server]
adress = "127.0.0.1:80"
address = "localhost:8080"
workers = "four"
public_url = "https://api.example.com/shop"

[database]
url = "postgres://db.example.com/shop"
cache_mib = 1

[limits]
page_rows_max = 1.5
body_bytes_max = 99_999_999_999_999_999_999

[log]
level = "verbose"
format = ["json"]
"#,
            &[
                ("UNDERPIN_SERVER__PORT", "80"),
                ("UNDERPIN_SERVER__WORKRES", "2"),
                ("UNDERPIN_LIMITS__HEADERS_MAX", "many"),
                ("UNDERPIN_LIMITS__JSON_DEPTH_MAX", "4096"),
            ],
        )
    );
}

#[test]
fn a_file_that_is_not_toml_is_shown_where_it_breaks() {
    assert_snapshot!("config_not_toml", mistakes("[server]\naddress = 127.0.0.1:80\n[log\n", &[]));
}

#[test]
fn a_section_that_is_no_table_is_refused() {
    assert_snapshot!("config_no_table", mistakes("server = \"127.0.0.1:80\"\n", &[]));
}

const ROLES: &str = r#"
extend schema @role(name: "staff", can: ["notes:read"]) @role(name: "Night-shift", can: ["*"])

type Note @model @access(read: "true") { text: String }
"#;

/// What is said when the roles of the configuration are held against those of [`ROLES`].
fn role_mistakes(text: &str, environment: &[(&str, &str)]) -> Option<String> {
    let schema = underpin_schema::parse(ROLES, "schema.graphql").schema.unwrap();
    let config = read(text, environment);
    config.check_roles("underpin.toml", text, &schema).err().map(|error| error.to_string())
}

#[test]
fn tiers_are_those_of_kinds_of_callers_and_of_roles() {
    let text = "[tiers]\nuser = \"10/s burst 50\"\nadmin = \"unlimited\"\nNight-shift = \"5/h\"";
    let environment = [("UNDERPIN_TIERS__ANONYMOUS", "5/min"), ("UNDERPIN_TIERS__STAFF", "20/s")];
    let tiers = read(text, &environment).tiers;
    assert_eq!(tiers.kinds.user.to_string(), "10/s burst 50");
    assert_eq!(tiers.kinds.anonymous.to_string(), "5/min");
    assert_eq!(tiers.kinds.key.to_string(), "12000/min");
    let roles: Vec<(&str, String)> =
        tiers.roles.iter().map(|(role, tier)| (role.as_str(), tier.quota.to_string())).collect();
    let expected = [("Night-shift", "5/h"), ("admin", "unlimited"), ("staff", "20/s")];
    assert_eq!(roles, expected.map(|(role, quota)| (role, quota.to_owned())));
    assert_eq!(role_mistakes(text, &environment), None);
}

#[test]
fn tiers_of_roles_that_the_schema_lacks_are_shown_with_the_nearest_name() {
    let text = "[tiers]\nanonymus = \"5/min\"\nstaf = \"20/s\"\nwarehouse = \"1/s\"\n";
    let mistakes = role_mistakes(text, &[("UNDERPIN_TIERS__ADMINS", "1/s")]).unwrap();
    assert_snapshot!("config_roles", mistakes);
}

#[test]
fn quotas_and_networks_say_what_they_expect() {
    assert_snapshot!(
        "config_tiers",
        mistakes(
            "[tiers]\nuser = 600\nkey = \"600 per minute\"\nstaff = \"0/min\"\n\"a b\" = \"1/s\"\n\
             [server]\ntrusted_proxies = \"10.0.0.1/8\"\n",
            &[("UNDERPIN_TIERS__LEAD", "2000000/s"), ("UNDERPIN_TIERS__user", "1/s")],
        )
    );
}

#[test]
fn pages_cannot_be_larger_by_default_than_at_most() {
    assert_snapshot!(
        "config_page_rows",
        mistakes("[limits]\npage_rows_default = 50\n", &[("UNDERPIN_LIMITS__PAGE_ROWS_MAX", "10")])
    );
}

const PASSWORD: &str = "hunter2-\u{e4}-hunter2";

#[test]
fn a_secret_is_read_and_never_shown() {
    let text =
        format!("[mail]\nsmtp_host = \"smtp.example.com\"\nsmtp_password = \"{PASSWORD}\"\n");
    let config = read(&text, &[]);
    assert_eq!(config.mail.smtp_password.as_ref().unwrap().expose(), PASSWORD);
    assert!(!format!("{config:?}").contains("hunter2"));
    let variable = ("UNDERPIN_MAIL__SMTP_PASSWORD", PASSWORD);
    assert_eq!(read("", &[variable]).mail.smtp_password.unwrap().expose(), PASSWORD);
}

#[test]
fn mistakes_around_a_secret_do_not_show_it() {
    for text in [
        format!("[mail]\nsmtp_password = [\"{PASSWORD}\"]\n"),
        format!("[mail]\n  \"smtp_password\"=\"{PASSWORD}\nfrom = \"x\"\n"),
        format!("[mail]\nfrom = \"nobody\"\nsmtp_password = \"{PASSWORD}\"\nsmtp_port = 99999\n"),
        format!("[mail]\nsmtp_password = '{PASSWORD}' '{PASSWORD}'\n"),
    ] {
        let told = mistakes(&text, &[]);
        assert!(!told.contains("hunter2"), "{told}");
        assert!(told.contains("underpin.toml:"), "{told}");
    }
}

#[test]
fn mail_is_described_by_a_host_an_address_and_a_login() {
    let config = read(
        "[mail]\nsmtp_host = \"2001:db8::1\"\nsmtp_port = 2525\nsmtp_security = \"tls\"\n\
         from = \"The Shop <no-reply@example.com>\"\napp_name = \"The Shop\"",
        &[],
    );
    assert_eq!(config.mail.smtp_host.unwrap().as_str(), "2001:db8::1");
    assert_eq!(config.mail.from.unwrap().address(), "no-reply@example.com");
    for (key, wrong) in [
        ("smtp_host", "smtp://example.com"),
        ("smtp_host", "example.com:25"),
        ("smtp_security", "ssl"),
        ("from", "The Shop"),
        ("from", "a@b.example\\r\\nBcc: c@d.example"),
        ("app_name", "a\\nb"),
    ] {
        let told = mistakes(&format!("[mail]\n{key} = \"{wrong}\"\n"), &[]);
        assert!(told.contains(&format!("`mail.{key}` cannot have this value")), "{told}");
    }
}

const SECRET: &str = "kZ8vQ2mR7tY4uI1oP6aS3dF9gH0jK5lZ";

#[test]
fn accounts_are_configured_by_sections_of_their_own() {
    let file = format!(
        "[auth]\nsecret = \"{SECRET}\"\nregistration = \"closed\"\nanonymous = true\n\
         access_minutes = 5\nallowed_origins = \"https://shop.example\"\n\
         [oauth.google]\npreset = \"google\"\nclient_id = \"id\"\nclient_secret = \"s\"\n"
    );
    let environment = [
        ("UNDERPIN_AUTH__IDLE_DAYS", "3"),
        ("UNDERPIN_OAUTH__GOOGLE__CLIENT_ID", "other"),
        ("UNDERPIN_OAUTH__WORK__ISSUER", "https://login.example.com"),
        ("UNDERPIN_OAUTH__WORK__CLIENT_ID", "app"),
    ];
    let config = read(&file, &environment);
    assert!(config.auth.secret.is_some() && config.auth.anonymous);
    assert_eq!((config.auth.access_minutes, config.auth.idle_days), (5, 3));
    assert_eq!(config.auth.allowed_origins.as_slice(), ["https://shop.example"]);
    let providers = config.oauth.configs();
    let shown: Vec<(&str, &str)> =
        providers.iter().map(|it| (it.name.as_str(), it.client_id.as_str())).collect();
    assert_eq!(shown, [("google", "other"), ("work", "app")]);
}

#[test]
fn mistakes_about_accounts_are_shown_and_secrets_are_not() {
    let text = mistakes(
        "[auth]\nsecret = \"hunter2\"\naccess_minutes = 16\nanonymous = \"yes\"\n\
         verification = \"never\"\nlinks_url = \"shop.example\"\n\
         [oauth]\ngoogle = \"on\"\n\
         [oauth.github]\npreset = \"github\"\nclient_id = \"id\"\n\
         [oauth.apple]\npreset = \"apple\"\nclientid = \"id\"\nprivate_key = \"\"\"\nhunter2\n\"\"\"\n\
         [oauth.Work]\nclient_id = \"id\"\n",
        &[
            ("UNDERPIN_AUTH__SECRET", "changeme-changeme-changeme-changeme"),
            ("UNDERPIN_OAUTH__GITHUB__CLIENT_SECRT", "hunter2"),
        ],
    );
    assert!(!text.contains("hunter2") && !text.contains("changeme-"), "{text}");
    assert_snapshot!("config_accounts", text);
}

#[test]
fn a_secret_in_a_file_that_is_not_toml_is_not_shown() {
    let text = mistakes("[auth]\nsecret = \"hunter2\n", &[]);
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_configuration_does_not_print_its_secrets() {
    let shown = format!("{:?}", read(&format!("[auth]\nsecret = \"{SECRET}\""), &[]));
    assert!(!shown.contains(SECRET), "{shown}");
}
