//! The `Clock` port: where time and ids come from, so that tests can decide both.

use api::{Id, Timestamp};

/// Gives the time and makes ids.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// A new id that sorts by `at`, the creation time of what it names: the order by id is then the
    /// order by creation, then by id, which is the default order of lists.
    fn new_id(&self, at: Timestamp) -> Id;
    /// 32 random hexadecimal digits for what must not be guessed.
    fn secret(&self) -> String;
}

/// The machine's clock and random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the Clock port's driver")]
    fn now(&self) -> Timestamp {
        jiff::Timestamp::now().into()
    }

    fn new_id(&self, at: Timestamp) -> Id {
        let millis = u64::try_from(at.as_millis()).unwrap_or(0);
        let random: [u8; 10] = rand::random();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().into()
    }

    fn secret(&self) -> String {
        let mut bytes = [0_u8; 16];
        rand::RngCore::fill_bytes(&mut rand::rngs::OsRng.unwrap_err(), &mut bytes);
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }
}

use rand::TryRngCore;
