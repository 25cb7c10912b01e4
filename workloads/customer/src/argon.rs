//! Argon2id in PHC form, with memory that goes back to the system after each hash.
//!
//! The crate's own way allocates just as much as it needs, 19 MiB, which malloc then keeps for later, once for
//! every thread that ever hashed. Blocks beyond 32 MiB are mapped and unmapped on their own by any malloc of
//! note, and what is not touched of them costs nothing.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// Blocks of 1 KiB that are allocated at least: more than malloc would keep.
const MAPPED: usize = 40 * 1024;
/// Blocks of 1 KiB that a stored hash may ask for at most.
const MOST: u32 = 128 * 1024;

/// Why a hash could not be made.
pub(crate) type Error = argon2::password_hash::Error;

/// The hash of a password with a fresh salt and the crate's default parameters (m = 19 MiB, t = 2, p = 1).
pub(crate) fn hash(password: &[u8]) -> Result<String, Error> {
    let params = Params::default();
    let salt = Salt::generate();
    let output = output(Algorithm::Argon2id, Version::V0x13, &params, password, &salt)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(salt),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

/// Whether the password has this hash; compared in constant time. What is no hash matches nothing.
pub(crate) fn matches(password: &[u8], hash: &str) -> bool {
    let again = || -> Result<bool, Error> {
        let stored = PasswordHash::new(hash)?;
        let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else { return Ok(false) };
        let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
        let version = stored.version.map(Version::try_from).transpose()?.unwrap_or_default();
        let params = Params::try_from(&stored)?;
        if params.m_cost() > MOST {
            return Ok(false);
        }
        Ok(output(algorithm, version, &params, password, salt)? == *expected)
    };
    again().unwrap_or_default()
}

fn output(
    algorithm: Algorithm,
    version: Version,
    params: &Params,
    password: &[u8],
    salt: &Salt,
) -> Result<Output, Error> {
    let mut blocks: Vec<Block> = Vec::with_capacity(MAPPED.max(params.block_count()));
    blocks.resize(params.block_count(), Block::default());
    let mut buffer = [0_u8; Output::MAX_LENGTH];
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let out = buffer.get_mut(..length).ok_or(Error::OutputSize)?;
    Argon2::new(algorithm, version, params.clone()).hash_password_into_with_memory(
        password,
        salt,
        out,
        &mut blocks,
    )?;
    Ok(Output::new(out)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::{PasswordHasher as _, PasswordVerifier as _};

    #[test]
    fn hashes_are_those_of_the_crate() {
        let ours = hash(b"correct horse").unwrap();
        assert!(ours.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{ours}");
        assert!(Argon2::default().verify_password(b"correct horse", ours.as_str()).is_ok());
        let theirs = Argon2::default().hash_password(b"correct horse").unwrap().to_string();
        assert!(matches(b"correct horse", &theirs) && !matches(b"Correct horse", &theirs));
        assert_ne!(hash(b"correct horse").unwrap(), ours, "each has its salt");
    }

    #[test]
    fn what_is_no_hash_matches_nothing() {
        let greedy = "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$o0BxeUcVSfQm3z0mPZ5J6kDBvB5ZqPrrlqmNYcLHf2Y";
        for bad in ["", "secret", "$argon2id$v=19$m=19456,t=2,p=1", "$2b$10$abcdefghijklmnopqrstuv", greedy] {
            assert!(!matches(b"secret", bad), "{bad}");
        }
    }
}
