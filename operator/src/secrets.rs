//! Every secret value of a stack, derived from its one seed.
//!
//! HKDF-SHA256 over the seed with the info `<purpose>/<name>/<rotation>`: the same seed gives the same value,
//! so a deleted Secret comes back as it was, and `build` stays pure. Values that guard data (database users,
//! the managed database's administrator) leave the rotation at 0, so rotating never locks the data away.

use crate::inputs::{RootSeed, SecretText};
use crate::names::hex;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use sha2::Sha256;

/// Derives the secrets of one stack.
#[derive(Debug, Clone)]
pub struct Secrets<'a> {
    root: &'a RootSeed,
    rotation: u32,
}

impl<'a> Secrets<'a> {
    /// The secrets of a seed at a rotation.
    #[must_use]
    pub fn new(root: &'a RootSeed, rotation: u32) -> Self {
        Self { root, rotation }
    }

    /// A service's own signing key.
    #[must_use]
    pub fn identity(&self, service: &str) -> IdentityKey {
        IdentityKey(SigningKey::from_bytes(&self.bytes("identity", service, self.rotation)))
    }

    /// The password of a service's database user. It guards data.
    #[must_use]
    pub fn database_password(&self, service: &str) -> SecretText {
        self.password("mongodb", service, 0)
    }

    /// The password of the managed database's administrator. It guards data.
    #[must_use]
    pub fn database_root_password(&self) -> SecretText {
        self.password("mongodb-root", "root", 0)
    }

    /// The cluster id of the managed Kafka, in its form of 22 characters. Kafka keeps it with its data.
    #[must_use]
    pub fn kafka_cluster_id(&self) -> String {
        let bytes = self.bytes::<16>("kafka-cluster", "id", 0);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The id of an API client, in the form of ids that commercetools has: 24 characters.
    #[must_use]
    pub fn client_id(&self, label: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<18>("client-id", label, self.rotation))
    }

    /// The secret of an API client, 32 characters.
    #[must_use]
    pub fn client_secret(&self, label: &str) -> SecretText {
        SecretText::new(URL_SAFE_NO_PAD.encode(self.bytes::<24>("client-secret", label, self.rotation)))
    }

    fn password(&self, purpose: &str, name: &str, rotation: u32) -> SecretText {
        SecretText::new(hex(&self.bytes::<24>(purpose, name, rotation)))
    }

    fn bytes<const N: usize>(&self, purpose: &str, name: &str, rotation: u32) -> [u8; N] {
        let mut bytes = [0; N];
        let info = format!("{purpose}/{name}/{rotation}");
        let hkdf = Hkdf::<Sha256>::new(None, self.root.bytes());
        // Fails for more than 255 × 32 bytes alone, and N is a few dozen.
        let filled = hkdf.expand(info.as_bytes(), &mut bytes);
        debug_assert!(filled.is_ok());
        bytes
    }
}

/// A service's own Ed25519 key.
pub struct IdentityKey(SigningKey);

impl IdentityKey {
    /// The seed of 32 bytes in base64, for the service alone.
    #[must_use]
    pub fn private(&self) -> SecretText {
        SecretText::new(STANDARD.encode(self.0.to_bytes()))
    }

    /// The public key of 32 bytes in base64, for all others.
    #[must_use]
    pub fn public(&self) -> String {
        STANDARD.encode(self.0.verifying_key().to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn all(secrets: &Secrets<'_>) -> Vec<String> {
        vec![
            secrets.identity("cart").private().expose().to_owned(),
            secrets.identity("order").private().expose().to_owned(),
            secrets.client_id("demo-admin"),
            secrets.client_secret("demo-admin").expose().to_owned(),
            secrets.client_secret("demo-web").expose().to_owned(),
            secrets.database_password("cart").expose().to_owned(),
            secrets.database_root_password().expose().to_owned(),
            secrets.kafka_cluster_id(),
        ]
    }

    #[test]
    fn every_secret_is_different_and_comes_back_the_same() {
        let root = RootSeed::new([7; 32]);
        let first = all(&Secrets::new(&root, 0));
        assert_eq!(first, all(&Secrets::new(&root, 0)));
        let other = all(&Secrets::new(&RootSeed::new([8; 32]), 0));
        assert_eq!(first.iter().chain(&other).collect::<BTreeSet<_>>().len(), first.len() * 2);
    }

    #[test]
    fn rotation_changes_all_but_what_guards_data() {
        let root = RootSeed::new([7; 32]);
        let (before, after) = (all(&Secrets::new(&root, 0)), all(&Secrets::new(&root, 1)));
        let changed: Vec<bool> = before.iter().zip(&after).map(|(a, b)| a != b).collect();
        assert_eq!(changed, [true, true, true, true, true, false, false, false]);
    }

    #[test]
    fn a_value_is_pinned_so_that_no_release_of_ours_locks_data_away() {
        let root = RootSeed::new([7; 32]);
        let secrets = Secrets::new(&root, 0);
        assert_eq!(
            secrets.database_password("cart").expose(),
            "b03566ad63279eb78ac01bb3e6aca8614689584f1023a279"
        );
        assert_eq!(secrets.kafka_cluster_id(), "gPIDmhrvUIJjQPQTvZBvgQ");
    }
}
