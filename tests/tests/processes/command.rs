//! `commerce serve` and `commerce seed` as commands: what they say of wrong settings.

use commerce_tests::binary;
use std::process::Command;

/// Exit code and message of `commerce` with these arguments and variables alone.
fn run(arguments: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String) {
    let output =
        Command::new(binary()).args(arguments).env_clear().envs(env.iter().copied()).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn wrong_settings_are_one_line_that_says_what_to_mend() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("key"), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    std::fs::write(path("bad"), "s3cret").unwrap();
    std::fs::create_dir(path("trust")).unwrap();
    let (key, bad, trust) = (path("key"), path("bad"), path("trust"));
    let right = [
        ("MONGODB_URI", "mongodb://me:s3cret@127.0.0.1:9"),
        ("MONGODB_DATABASE", "shop"),
        ("KAFKA_BROKER", "127.0.0.1:9"),
        ("INTERNAL_KEY_FILE", key.as_str()),
        ("INTERNAL_TRUST_DIR", trust.as_str()),
        ("LISTEN_ADDRESS", "127.0.0.1"),
    ];
    for (name, value, told) in [
        ("MONGODB_URI", "", "MONGODB_URI is not set"),
        ("MONGODB_URI", "mongodb://me:s3cr/et@host/", "MONGODB_URI: "),
        ("MONGODB_DATABASE", "", "MONGODB_DATABASE is not set"),
        ("MONGODB_DATABASE", "a.b", "MONGODB_DATABASE: 'a.b' is not"),
        ("KAFKA_BROKER", "", "KAFKA_BROKER is not set"),
        ("KAFKA_BROKER", "nonsense", "'nonsense' is not a Kafka broker's address"),
        ("KAFKA_SASL_MECHANISM", "OAUTH", "KAFKA_SASL_MECHANISM: 'OAUTH' is not"),
        ("KAFKA_CA_FILE", "/nowhere", "/nowhere"),
        ("PEERS", "kart=x", "PEERS: there is no service 'kart'"),
        ("INTERNAL_KEY_FILE", "/nowhere", "/nowhere: cannot be read"),
        ("INTERNAL_KEY_FILE", bad.as_str(), "holds no Ed25519 key"),
        ("INTERNAL_TRUST_DIR", "/nowhere", "/nowhere: cannot be read"),
        ("INTERNAL_PORT", "8080", "PORT and INTERNAL_PORT are both 8080"),
    ] {
        let mut env = right.to_vec();
        env.retain(|(known, _)| *known != name);
        env.push((name, value));
        // Any port that is free: others' servers run beside this test.
        let port = if name == "INTERNAL_PORT" { "8080" } else { "0" };
        env.push(("PORT", port));
        if name != "INTERNAL_PORT" {
            env.push(("INTERNAL_PORT", port));
        }
        let (code, message) = run(&["serve", "cart"], &env);
        let lines: Vec<&str> = message.lines().filter(|line| line.starts_with("error:")).collect();
        assert_eq!(code, Some(2), "{name}={value}: {message}");
        assert!(lines.len() == 1 && lines[0].contains(told), "{name}={value}: {message}");
        assert!(!message.contains("s3cr"), "{name}={value}: {message}");
    }
}

#[test]
fn a_service_that_does_not_exist_and_a_gateway_without_services_are_refused() {
    let (code, message) = run(&["serve", "kart"], &[]);
    assert_eq!(code, Some(2));
    assert!(message.contains("there is no such service; there are account, project"), "{message}");
    let (code, message) = run(&["serve", "gateway"], &[("PEERS", "account=a")]);
    assert_eq!(code, Some(2));
    assert!(message.contains("PEERS: 'project' is missing"), "{message}");
}

#[test]
fn help_names_every_variable_and_shows_no_secret() {
    let env = [("MONGODB_URI", "mongodb://me:s3cret@host"), ("KAFKA_PASSWORD", "s3cret")];
    let output = Command::new(binary()).args(["serve", "--help"]).env_clear().envs(env).output().unwrap();
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    for name in [
        "PORT",
        "INTERNAL_PORT",
        "LISTEN_ADDRESS",
        "MONGODB_URI",
        "MONGODB_DATABASE",
        "MONGODB_CA_FILE",
        "KAFKA_BROKER",
        "KAFKA_TOPIC_PREFIX",
        "KAFKA_TLS",
        "KAFKA_CA_FILE",
        "KAFKA_SASL_MECHANISM",
        "KAFKA_USERNAME",
        "KAFKA_PASSWORD",
        "PEERS",
        "PEER_PORT",
        "PEER_INTERNAL_PORT",
        "INTERNAL_KEY_FILE",
        "INTERNAL_TRUST_DIR",
        "DECLARED_FILE",
        "DRAIN_DELAY",
        "DRAIN_TIMEOUT",
        "COMMERCE_LOG",
        "COMMERCE_LOG_FORMAT",
    ] {
        assert!(help.contains(name), "{name} is missing");
    }
    assert!(!help.contains("s3cret"));
}

#[test]
fn seeding_without_credentials_or_with_nobody_there_says_so() {
    let (code, message) = run(&["seed", "--project", "shop"], &[]);
    assert_eq!((code, message.contains("CTP_CLIENT_ID is not set")), (Some(2), true), "{message}");
    let env =
        [("CTP_CLIENT_ID", "me"), ("CTP_CLIENT_SECRET", "s3cret"), ("CTP_AUTH_URL", "http://127.0.0.1:9")];
    let (code, message) = run(&["seed", "--project", "shop", "--wait", "1"], &env);
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("127.0.0.1") && !message.contains("s3cret"), "{message}");
}

#[tokio::test]
async fn a_project_is_seeded_through_the_public_api_and_a_second_time_nothing_changes() {
    let stack = commerce_tests::Stack::start(&["shop"]);
    let env = stack.env("shop", "admin");
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (code, message) = run(&["seed", "--project", "shop"], &env);
    assert_eq!(code, Some(0), "{message}");
    assert!(!message.contains("loaded 0 resources"), "{message}");
    let client = stack.client("shop", "admin").await;
    let products = || async {
        let page = client.get("/products?limit=500").await.expect(200);
        let of = |product: &serde_json::Value| format!("{} {}", product["id"], product["version"]);
        page["results"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let before = products().await;
    assert!(before.len() > 10);
    let (code, message) = run(&["seed", "--project", "shop"], &env);
    assert_eq!((code, message.contains("loaded 0 resources")), (Some(0), true), "{message}");
    assert_eq!(products().await, before);
}
