//! The SASL credentials of an external Kafka, as the Secret of the user gives them.

use super::SecretText;

/// How a client proves who it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mechanism {
    /// `PLAIN`: the password as it is; only sensible over TLS.
    Plain,
    /// `SCRAM-SHA-256`.
    ScramSha256,
    /// `SCRAM-SHA-512`.
    #[default]
    ScramSha512,
}

impl Mechanism {
    /// The name that Kafka has for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// A user of the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaAuth {
    /// The name.
    pub username: String,
    /// The password.
    pub password: SecretText,
    /// How it is proven.
    pub mechanism: Mechanism,
}

impl KafkaAuth {
    /// The credentials in the keys `username`, `password` and, perhaps, `mechanism` of a Secret.
    ///
    /// # Errors
    /// The key that is wrong and what it must be, without its value.
    pub fn parse(username: &[u8], password: &[u8], mechanism: Option<&[u8]>) -> Result<Self, String> {
        let username = text("username", username)?;
        let password = SecretText::new(text("password", password)?);
        let mechanism = match mechanism.map(|given| text("mechanism", given)).transpose()?.as_deref() {
            None | Some("SCRAM-SHA-512") => Mechanism::ScramSha512,
            Some("SCRAM-SHA-256") => Mechanism::ScramSha256,
            Some("PLAIN") => Mechanism::Plain,
            Some(_) => {
                return Err("key 'mechanism' must be SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN".to_owned());
            }
        };
        Ok(Self { username, password, mechanism })
    }
}

/// A value of a Secret as text of one line. Files made with an editor end in a line break, which is never
/// part of a password.
fn text(key: &str, bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| format!("key '{key}' must be text in UTF-8"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    let good = (1..=1024).contains(&text.len()) && !text.chars().any(char::is_control);
    good.then(|| text.to_owned()).ok_or_else(|| format!("key '{key}' must be one line of 1 to 1024 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_at_the_end_is_not_part_of_a_password() {
        let auth = KafkaAuth::parse(b"shop\n", b"pa ss\r\n", Some(b"PLAIN\n")).unwrap();
        assert_eq!((auth.username.as_str(), auth.password.expose()), ("shop", "pa ss"));
        assert_eq!(auth.mechanism, Mechanism::Plain);
        assert_eq!(KafkaAuth::parse(b"u", b"p", None).unwrap().mechanism.as_str(), "SCRAM-SHA-512");
    }

    #[test]
    fn wrong_credentials_are_refused_without_being_shown() {
        for (username, password, mechanism) in [
            (&b""[..], &b"hunter2"[..], None),
            (b"u", b"hunter2\nsecond", None),
            (b"u", b"hunter2\xff", None),
            (b"u", b"hunter2", Some(&b"GSSAPI-hunter2"[..])),
        ] {
            let error = KafkaAuth::parse(username, password, mechanism).unwrap_err();
            assert!(error.starts_with("key '") && !error.contains("hunter2"), "{error}");
        }
        let auth = KafkaAuth::parse(b"u", b"hunter2", None).unwrap();
        assert!(!format!("{auth:?}").contains("hunter2"));
    }
}
