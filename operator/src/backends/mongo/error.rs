//! From the driver's errors to findings that say what is wrong and how to mend it.
//!
//! Texts of the driver are not passed on where they could repeat the connection string.

use crate::backends::BackendFinding;
use mongodb::error::{Error, ErrorKind};

/// Codes with which servers say that they do not know a command or a field of one.
const NOT_IMPLEMENTED: [i32; 6] = [59, 72, 115, 238, 303, 40415];
const UNAUTHORIZED: i32 = 13;
const AUTHENTICATION_FAILED: i32 = 18;
const USER_NOT_FOUND: i32 = 11;
const USER_EXISTS: i32 = 51003;
/// What hosted servers answer where users are made through another way.
const HOSTED: i32 = 8000;

/// What failed: the driver's error, or time, or an earlier command after which nothing is tried any more.
pub(super) enum Failure {
    Driver(Error),
    TooSlow,
    Lost,
}

impl Failure {
    fn code(&self) -> Option<i32> {
        match self {
            Self::Driver(error) => match error.kind.as_ref() {
                ErrorKind::Command(command) => Some(command.code),
                _ => None,
            },
            Self::TooSlow | Self::Lost => None,
        }
    }

    pub(super) fn is_wrong_password(&self) -> bool {
        let refused = matches!(self, Self::Driver(error) if matches!(error.kind.as_ref(), ErrorKind::Authentication { .. }));
        refused || self.code() == Some(AUTHENTICATION_FAILED)
    }

    pub(super) fn is_not_implemented(&self) -> bool {
        self.code().is_some_and(|code| NOT_IMPLEMENTED.contains(&code))
    }

    pub(super) fn is_user_not_found(&self) -> bool {
        self.code() == Some(USER_NOT_FOUND)
    }

    pub(super) fn is_user_exists(&self) -> bool {
        self.code() == Some(USER_EXISTS)
    }

    /// The finding, for a server of these hosts that did not do `doing`.
    pub(super) fn finding(&self, doing: &str, hosts: &str) -> BackendFinding {
        if self.is_wrong_password() {
            return BackendFinding::MongoAuthenticationFailed {
                message: format!(
                    "MongoDB at {hosts} does not accept the credentials: correct user name, password or authSource in \
                     the connection string"
                ),
            };
        }
        let Self::Driver(error) = self else {
            return unreachable(hosts, &format!("it did not {doing} in time"));
        };
        match error.kind.as_ref() {
            ErrorKind::Command(command) if matches!(command.code, UNAUTHORIZED | HOSTED) => {
                BackendFinding::MongoForbidden {
                    message: format!(
                        "MongoDB at {hosts} does not let the user of the connection string {doing}: grant it the role \
                         userAdminAnyDatabase, and dbAdminAnyDatabase where databases are to be removed"
                    ),
                }
            }
            ErrorKind::Command(command) => BackendFinding::MongoRefused {
                message: format!(
                    "MongoDB at {hosts} did not {doing}: error {} {}",
                    command.code, command.code_name
                ),
            },
            ErrorKind::InvalidTlsConfig { .. } => BackendFinding::MongoRefused {
                message: format!(
                    "the certificates of the authority for MongoDB at {hosts} cannot be read: give PEM"
                ),
            },
            ErrorKind::ServerSelection { message, .. } => unreachable(hosts, selection(message)),
            ErrorKind::Io(error) => unreachable(hosts, &format!("the connection ended ({})", error.kind())),
            ErrorKind::DnsResolve { .. } => unreachable(hosts, "its name is not known to DNS"),
            _ => unreachable(hosts, &format!("it did not {doing}")),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

pub(super) fn unreachable(hosts: &str, why: &str) -> BackendFinding {
    BackendFinding::MongoUnreachable {
        message: format!(
            "MongoDB at {hosts} cannot be reached: {why}. Check that it runs, its address and port, and that network \
             policies let the operator through"
        ),
    }
}

/// What keeps the driver from a server that accepts connections.
fn selection(message: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["certificate", "Certificate", "InvalidCertificate", "UnknownIssuer"]) {
        "its certificate is not trusted; check the authority's certificates and the host name"
    } else if says(&["tls", "Tls", "TLS", "InvalidContentType", "corrupt message"]) {
        "one side speaks TLS and the other does not; check tls= in the connection string"
    } else if says(&["unexpected end of file", "UnexpectedEof", "Connection reset"]) {
        "it closes connections; check tls= in the connection string"
    } else {
        "it accepts connections, but none of its members answers as one that takes writes; check that it is up, and tls= \
         and replicaSet= in the connection string"
    }
}
