//! The step that judges: a spec and what it refers to become what is built from, or problems with paths.
//! It has no client.

use crate::dereference::Dereferenced;
use crate::inputs::{Inputs, KafkaAuth, MongoUri, RootSeed};
use crate::problem::Problem;
use crate::reasons::reason;
use crds::{Broker, CommerceStack, Database, SecretKeyRef, ValidatedStack};
use k8s_openapi::api::core::v1::Secret;

/// Certificates beyond this are no authority's.
const MAX_CERTIFICATES: usize = 256 * 1024;

/// Applies every rule to the spec.
///
/// # Errors
/// One problem per broken rule, each with the path of the field.
pub fn spec(stack: &CommerceStack) -> Result<ValidatedStack, Vec<Problem>> {
    let problem = |broken: crds::InvalidSpec| Problem::stalled(reason::INVALID_SPEC, broken.to_string());
    crds::validate(stack).map_err(|broken| broken.into_iter().map(problem).collect())
}

/// Turns what the spec refers to into what is built from. `available` is left to the caller.
///
/// # Errors
/// One problem per reference that is missing or cannot be used.
pub fn inputs(stack: &ValidatedStack, read: &Dereferenced, root: RootSeed) -> Result<Inputs, Vec<Problem>> {
    let mut inputs = Inputs::new(root);
    let mut problems = Vec::new();
    let mut note = |outcome: Result<(), Problem>| problems.extend(outcome.err());
    if let Database::External { uri, ca, .. } = &stack.database {
        let path = "spec.mongodb.external.uriSecretRef";
        note(value(read, uri, path).and_then(|bytes| {
            inputs.mongodb_uri = Some(MongoUri::parse(bytes).map_err(|wrong| unusable(uri, path, &wrong))?);
            Ok(())
        }));
        if let Some(ca) = ca {
            note(
                certificates(read, ca, "spec.mongodb.external.caSecretRef")
                    .map(|pem| inputs.mongodb_ca = Some(pem)),
            );
        }
    }
    if let Broker::External { auth, tls, .. } = &stack.broker {
        if let Some(auth) = auth {
            note(kafka_auth(read, &auth.name).map(|auth| inputs.kafka_auth = Some(auth)));
        }
        if let Some(ca) = tls.as_ref().and_then(|tls| tls.ca_secret_ref.as_ref()) {
            let path = "spec.kafka.external.tls.caSecretRef";
            note(certificates(read, ca, path).map(|pem| inputs.kafka_ca = Some(pem)));
        }
    }
    if problems.is_empty() { Ok(inputs) } else { Err(problems) }
}

fn secret<'a>(read: &'a Dereferenced, name: &str, path: &str) -> Result<&'a Secret, Problem> {
    read.secrets.get(name).and_then(Option::as_ref).ok_or_else(|| {
        Problem::stalled(
            reason::REFERENCE_MISSING,
            format!("{path}.name: Secret '{name}' does not exist; create it in the namespace of the stack"),
        )
    })
}

fn key<'a>(secret: &'a Secret, name: &str, key: &str, path: &str) -> Result<&'a [u8], Problem> {
    let data = secret.data.as_ref().and_then(|data| data.get(key));
    data.map(|bytes| bytes.0.as_slice()).ok_or_else(|| {
        Problem::stalled(
            reason::REFERENCE_MISSING,
            format!("{path}: Secret '{name}' has no key '{key}'; add it"),
        )
    })
}

fn value<'a>(read: &'a Dereferenced, reference: &SecretKeyRef, path: &str) -> Result<&'a [u8], Problem> {
    key(secret(read, &reference.name, path)?, &reference.name, &reference.key, &format!("{path}.key"))
}

fn unusable(reference: &SecretKeyRef, path: &str, wrong: &str) -> Problem {
    let SecretKeyRef { name, key } = reference;
    Problem::stalled(reason::REFERENCE_INVALID, format!("{path}: key '{key}' of Secret '{name}' {wrong}"))
}

fn certificates(read: &Dereferenced, reference: &SecretKeyRef, path: &str) -> Result<String, Problem> {
    let text = std::str::from_utf8(value(read, reference, path)?).unwrap_or_default();
    let good = text.len() <= MAX_CERTIFICATES
        && text.contains("-----BEGIN CERTIFICATE-----")
        && text.contains("-----END CERTIFICATE-----")
        && !text.contains("PRIVATE KEY");
    if good {
        return Ok(text.to_owned());
    }
    Err(unusable(reference, path, "must hold the authority's certificates in PEM, without private keys"))
}

fn kafka_auth(read: &Dereferenced, name: &str) -> Result<KafkaAuth, Problem> {
    let path = "spec.kafka.external.authSecretRef";
    let found = secret(read, name, path)?;
    let (username, password) = (key(found, name, "username", path)?, key(found, name, "password", path)?);
    let mechanism = key(found, name, "mechanism", path).ok();
    KafkaAuth::parse(username, password, mechanism).map_err(|wrong| {
        Problem::stalled(reason::REFERENCE_INVALID, format!("{path}: Secret '{name}': {wrong}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::ByteString;

    fn stack() -> ValidatedStack {
        let text = "apiVersion: commercestack.io/v1alpha1\nkind: CommerceStack\nmetadata: {name: shop}\nspec:\n  \
            mongodb: {external: {uriSecretRef: {name: mongo, key: uri}}}\n  \
            kafka: {external: {bootstrapServers: 'k:9092', authSecretRef: {name: user}, tls: {caSecretRef: {name: ca, key: ca.crt}}}}\n";
        spec(&crds::load(text, "test").unwrap()).unwrap()
    }

    fn secret(pairs: &[(&str, &str)]) -> Option<Secret> {
        let data =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec())));
        Some(Secret { data: Some(data.collect()), ..Default::default() })
    }

    fn read() -> Dereferenced {
        let pem = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
        let secrets = [
            ("mongo", secret(&[("uri", "mongodb://root:hunter2@db:27017")])),
            ("user", secret(&[("username", "u"), ("password", "hunter2")])),
            ("ca", secret(&[("ca.crt", pem)])),
        ];
        Dereferenced { root: None, secrets: secrets.map(|(name, secret)| (name.to_owned(), secret)).into() }
    }

    fn problems(read: &Dereferenced) -> Vec<(&'static str, String)> {
        let problems = inputs(&stack(), read, RootSeed::new([1; 32])).unwrap_err();
        problems.into_iter().map(|problem| (problem.reason, problem.message)).collect()
    }

    #[test]
    fn what_a_spec_refers_to_is_found_by_name() {
        assert_eq!(
            crate::dereference::references(&stack()),
            ["ca", "mongo", "user"].map(str::to_owned).into()
        );
        let inputs = inputs(&stack(), &read(), RootSeed::new([1; 32])).unwrap();
        assert!(inputs.mongodb_uri.is_some() && inputs.kafka_auth.is_some() && inputs.kafka_ca.is_some());
    }

    #[test]
    fn what_is_missing_is_told_with_the_path_and_the_name() {
        let mut read = read();
        read.secrets.insert("mongo".into(), None);
        read.secrets.insert("user".into(), secret(&[("username", "u")]));
        let told = problems(&read);
        assert_eq!(told.len(), 2);
        assert_eq!(told[0].0, reason::REFERENCE_MISSING);
        assert!(
            told[0].1.starts_with("spec.mongodb.external.uriSecretRef.name: Secret 'mongo' does not exist")
        );
        assert!(
            told[1].1.starts_with("spec.kafka.external.authSecretRef: Secret 'user' has no key 'password'")
        );
    }

    #[test]
    fn what_cannot_be_used_is_told_without_its_value() {
        let mut read = read();
        read.secrets.insert("mongo".into(), secret(&[("uri", "postgres://root:hunter2@db")]));
        read.secrets.insert("ca".into(), secret(&[("ca.crt", "hunter2 -----BEGIN PRIVATE KEY-----")]));
        let told = problems(&read);
        assert_eq!(
            told.iter().map(|(reason, _)| *reason).collect::<Vec<_>>(),
            [reason::REFERENCE_INVALID; 2]
        );
        assert!(told.iter().all(|(_, message)| !message.contains("hunter2")), "{told:?}");
    }

    #[test]
    fn every_broken_rule_of_a_spec_is_a_problem_with_its_path() {
        let mut stack = CommerceStack::new("shop", crds::CommerceStackSpec::default());
        stack.spec.image = Some("not an image".into());
        stack.spec.projects = vec![crds::Project { key: "UPPER?".into(), ..Default::default() }];
        let problems = spec(&stack).unwrap_err();
        assert!(problems.len() >= 2);
        assert!(problems.iter().all(|p| p.reason == reason::INVALID_SPEC && p.message.starts_with("spec.")));
    }
}
