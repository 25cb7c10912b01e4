//! A MongoDB connection string: read, and rebuilt for a service's own user and database.
//!
//! The user of the string given by the manifest's Secret administers users; services never see it. Errors
//! here never show the string.

use super::SecretText;
use std::fmt;

const MAX_BYTES: usize = 4096;

/// A user of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// The password.
    pub password: SecretText,
}

/// A connection string, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct MongoUri {
    text: SecretText,
    scheme: &'static str,
    credentials: Option<Credentials>,
    hosts: String,
    options: Vec<(String, String)>,
}

impl MongoUri {
    /// Reads a connection string.
    ///
    /// # Errors
    /// What is wrong with it, without showing any of it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "is not text in UTF-8".to_owned())?.trim();
        let clean = text.len() <= MAX_BYTES && text.chars().all(|c| !c.is_control() && !c.is_whitespace());
        if !clean {
            return Err(format!("must be one line without blanks, of up to {MAX_BYTES} bytes"));
        }
        let (scheme, rest) = ["mongodb://", "mongodb+srv://"]
            .into_iter()
            .find_map(|scheme| Some((scheme, text.strip_prefix(scheme)?)))
            .ok_or("must begin with mongodb:// or mongodb+srv://")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // The last at sign and the first slash after it, so that an unescaped slash in a password is told
        // from the database.
        let (user, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        let hosts = rest.split_once('/').map_or(rest, |(hosts, _)| hosts);
        let host = |host: &str| {
            !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b))
        };
        if !hosts.split(',').all(host) {
            return Err("must name its hosts like host:27017, several separated by commas".to_owned());
        }
        let credentials = user.map(credentials).transpose()?;
        let options = query.split('&').filter(|one| !one.is_empty()).map(option).collect::<Result<_, _>>()?;
        Ok(Self { text: SecretText::new(text), scheme, credentials, hosts: hosts.to_owned(), options })
    }

    /// The connection string of an administrator, who is found in the database `admin`.
    #[must_use]
    pub fn of_administrator(user: Credentials, hosts: String) -> Self {
        let who = format!("{}:{}", encode(&user.username), encode(user.password.expose()));
        Self {
            text: SecretText::new(format!("mongodb://{who}@{hosts}/?authSource=admin")),
            scheme: "mongodb://",
            credentials: Some(user),
            hosts,
            options: vec![("authSource".to_owned(), "admin".to_owned())],
        }
    }

    /// The string as it was given.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// The administrator; none where the server asks for no password.
    #[must_use]
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The hosts, as they may be shown.
    #[must_use]
    pub fn hosts(&self) -> &str {
        &self.hosts
    }

    /// The host names and ports, without a port where the string has none.
    pub fn ports(&self) -> impl Iterator<Item = u16> + '_ {
        self.hosts.split(',').map(|host| match host.rsplit_once(':') {
            Some((_, port)) if !port.ends_with(']') => port.parse().unwrap_or(27017),
            _ => 27017,
        })
    }

    /// Whether the hosts are found by DNS, with ports of their own.
    #[must_use]
    pub fn is_srv(&self) -> bool {
        self.scheme == "mongodb+srv://"
    }

    /// The same servers with the same options for another user, who lives in `database`.
    #[must_use]
    pub fn for_user(&self, user: Option<&Credentials>, database: &str) -> SecretText {
        let who = user.map_or_else(String::new, |user| {
            format!("{}:{}@", encode(&user.username), encode(user.password.expose()))
        });
        let mut text = format!("{}{who}{}/{database}", self.scheme, self.hosts);
        let kept = self.options.iter().filter(|(name, value)| keeps(name, value, user.is_some()));
        let kept = kept.map(|(name, value)| format!("{name}={value}"));
        // A user is found in the database in which it was made.
        let source = user.map(|_| format!("authSource={database}"));
        for (index, pair) in kept.chain(source).enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(&pair);
        }
        SecretText::new(text)
    }
}

impl fmt::Debug for MongoUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MongoUri({})", self.hosts)
    }
}

/// What holds for the administrator's login alone is no option of a service's user.
fn keeps(name: &str, value: &str, user: bool) -> bool {
    match name.to_ascii_lowercase().as_str() {
        "authsource" | "authmechanismproperties" => !user,
        "authmechanism" => !user || value.starts_with("SCRAM-"),
        // A file of another machine; the pods have the authority's certificates in a place of their own.
        "tlscafile" | "tlscertificatekeyfile" => false,
        _ => true,
    }
}

fn credentials(text: &str) -> Result<Credentials, String> {
    let (username, password) = text.split_once(':').ok_or("has a user name without a password")?;
    let wrong = || "has a user name or password that is not percent-encoded UTF-8".to_owned();
    let (username, password) = (decode(username).ok_or_else(wrong)?, decode(password).ok_or_else(wrong)?);
    if username.is_empty() || password.is_empty() {
        return Err("has an empty user name or password".to_owned());
    }
    Ok(Credentials { username, password: SecretText::new(password) })
}

fn option(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "has options that are not name=value, separated by &".to_owned())
}

fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
            digit(bytes.next()?)? << 4 | digit(bytes.next()?)?
        } else {
            byte
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> MongoUri {
        MongoUri::parse(text.as_bytes()).unwrap()
    }

    fn user() -> Credentials {
        Credentials { username: "cs_ab_cart".into(), password: SecretText::new("s3cret/+") }
    }

    #[test]
    fn a_service_gets_its_own_user_and_database_on_the_same_servers() {
        let admin =
            uri("mongodb://root:p%40ss@a:27017,b:27018/admin?replicaSet=rs0&authSource=admin&tls=true\n");
        assert_eq!(admin.credentials().unwrap().password.expose(), "p@ss");
        assert_eq!(
            admin.for_user(Some(&user()), "cs_ab_cart").expose(),
            "mongodb://cs_ab_cart:s3cret%2F%2B@a:27017,b:27018/cs_ab_cart?replicaSet=rs0&tls=true&authSource=cs_ab_cart"
        );
        assert_eq!(admin.ports().collect::<Vec<_>>(), [27017, 27018]);
    }

    #[test]
    fn a_server_without_passwords_gets_none() {
        let admin = uri("mongodb://127.0.0.1:27017");
        assert!(admin.credentials().is_none());
        assert_eq!(admin.for_user(None, "cs_ab_cart").expose(), "mongodb://127.0.0.1:27017/cs_ab_cart");
        let [port] = uri("mongodb://[::1]/x").ports().collect::<Vec<_>>()[..] else { panic!("one host") };
        assert_eq!(port, 27017);
    }

    #[test]
    fn the_administrators_way_to_log_in_and_its_files_are_not_for_services() {
        let admin = uri(
            "mongodb+srv://u:p@cluster.example.com/?authMechanism=PLAIN&tlsCAFile=/etc/ca.pem&w=majority",
        );
        assert!(admin.is_srv());
        assert_eq!(
            admin.for_user(Some(&user()), "d").expose(),
            "mongodb+srv://cs_ab_cart:s3cret%2F%2B@cluster.example.com/d?w=majority&authSource=d"
        );
    }

    #[test]
    fn a_wrong_string_is_refused_without_being_shown() {
        for text in [
            "",
            "postgres://u:hunter2@h/",
            "mongodb://",
            "mongodb://u:hunter2@",
            "mongodb://hunter2@h",
            "mongodb://u:@h",
            "mongodb://u:hunter2%zz@h",
            "mongodb://u:hunter2%f@h",
            "mongodb://u:hunter2@h h",
            "mongodb://u:hunter2@h/?hunter2",
            "mongodb://u:hunter2@h$/",
            &format!("mongodb://u:hunter2@{}", "h".repeat(5000)),
        ] {
            let error = MongoUri::parse(text.as_bytes()).unwrap_err();
            assert!(!error.contains("hunter2") && error.len() < 120, "{text}: {error}");
        }
        assert!(!format!("{:?}", uri("mongodb://u:hunter2@h")).contains("hunter2"));
    }
}
