//! What a feature does not name is not compiled.

use std::env;
use std::process::Command;

/// What cargo would build, one package a line, with its features after its version.
fn tree(arguments: &str) -> String {
    let mut command = Command::new(env::var_os("CARGO").expect("cargo runs the tests"));
    let line = format!("tree --locked --prefix none --format {{p}}|{{f}} {arguments}");
    let output = command.args(line.split(' ')).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).output();
    let output = output.expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo speaks UTF-8")
}

/// The names of what a user of the crate with these features compiles.
fn compiled(name: &str, features: &str) -> Vec<String> {
    let tree = tree(&format!("--edges normal,build --target all --package {name} --features={features}"));
    let names = tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned);
    let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    assert!(names.iter().any(|line| line == name));
    names
}

fn has(names: &[String], one_of: &[&str]) -> bool {
    one_of.iter().any(|name| names.iter().any(|line| line == name))
}

#[test]
fn invite_sqlx_compiles_the_driver_of_its_database_and_no_other() {
    let drivers = [("postgres", "sqlx-postgres"), ("mysql", "sqlx-mysql"), ("sqlite", "sqlx-sqlite")];
    for (feature, _) in drivers {
        let names = compiled("invite-sqlx", feature);
        for (other, driver) in drivers {
            assert_eq!(has(&names, &[driver]), other == feature, "{driver} with {feature}");
        }
        assert_eq!(has(&names, &["libsqlite3-sys"]), feature == "sqlite");
        assert!(!has(&names, &["tokio-rustls", "native-tls", "openssl-sys", "aws-lc-sys"]), "TLS is the host's choice");
    }
}

#[test]
fn invite_diesel_compiles_the_driver_of_its_database_and_no_other() {
    let drivers = [("postgres", "tokio-postgres"), ("mysql", "mysql_async"), ("sqlite", "libsqlite3-sys")];
    for (feature, _) in drivers {
        let names = compiled("invite-diesel", feature);
        for (other, driver) in drivers {
            assert_eq!(has(&names, &[driver]), other == feature, "{driver} with {feature}");
        }
        assert!(!has(&names, &["sqlx-core", "bb8", "deadpool", "r2d2"]), "with {feature}");
    }
}

#[test]
fn only_a_blocking_feature_of_invite_diesel_needs_a_client_library() {
    let libraries = ["pq-sys", "mysqlclient-sys"];
    assert!(!has(&compiled("invite-diesel", "postgres,mysql,sqlite,bb8,deadpool,r2d2,blocking-sqlite"), &libraries));
    for (feature, library) in [("blocking-postgres", "pq-sys"), ("blocking-mysql", "mysqlclient-sys")] {
        let names = compiled("invite-diesel", feature);
        assert!(libraries.iter().all(|other| has(&names, &[other]) == (*other == library)), "{feature}");
        assert!(!has(&names, &["diesel-async", "tokio"]), "{feature}");
    }
}

#[test]
fn invite_core_compiles_a_runtime_only_where_it_is_asked_to() {
    assert!(!has(&compiled("invite-core", ""), &["tokio", "async-std", "smol"]));
    assert!(has(&compiled("invite-core", "tokio"), &["tokio"]));
}

#[test]
fn invite_mail_compiles_a_client_only_where_it_is_asked_to() {
    let client = ["tokio", "rustls"];
    assert!(!has(&compiled("invite-mail", ""), &client));
    assert!(!has(&compiled("invite-mail", "smtp"), &["rustls"]));
    assert!(client.iter().all(|name| has(&compiled("invite-mail", "smtp-rustls"), &[name])));
}

// It logs the bodies of letters, and so tokens.
#[test]
fn lettre_never_traces() {
    let tree = tree("--workspace --all-features --edges all --target all");
    let lettre: Vec<&str> = tree.lines().filter(|line| line.starts_with("lettre v")).collect();
    assert!(!lettre.is_empty());
    for line in lettre {
        let (_, features) = line.split_once('|').expect("the features come last");
        let features = features.trim_end_matches(" (*)");
        assert!(features.split(',').any(|feature| feature == "builder"), "it is read right: {line}");
        assert!(features.split(',').all(|feature| feature != "tracing"), "{line}");
    }
}
