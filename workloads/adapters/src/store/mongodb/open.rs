//! Connecting to a database and making it ready.

use super::filter::escape_name;
use super::{Inner, KindEntry, code, failed};
use bson::{Document as Bdoc, doc};
use kit::clock::{Clock, SystemClock};
use kit::store::{KindSchema, MAIN, StoreError};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{
    Acknowledgment, ClientOptions, IndexOptions, ReadConcern, ReadPreference, SelectionCriteria, Tls,
    TlsOptions, WriteConcern,
};
use mongodb::{Client, Collection, Database, IndexModel};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The format of what this driver stores. Raised when an older one could not read it.
const FORMAT: i64 = 1;
/// The largest CA file in bytes.
const CA_FILE_LIMIT: u64 = 1 << 20;
/// The server's code for a collection that exists.
const NAMESPACE_EXISTS: i32 = 48;

/// How the driver behaves.
#[derive(Clone)]
pub struct MongoOptions {
    /// How long to look for a server that takes the operation, at the start and later.
    pub connect_timeout: Duration,
    /// How long any operation of the port may take.
    pub operation_timeout: Duration,
    /// How long a writer waits for another that holds a claim but has not yet written its document.
    pub claim_wait: Duration,
    /// The age from which an unfinished claim is fenced and taken over. Longer than any write takes, lest
    /// slow writers are refused; uniqueness does not depend on it.
    pub takeover_after: Duration,
    /// Dates claims and makes nonces.
    pub clock: Arc<dyn Clock>,
    /// A PEM file with the authorities to trust: the connection is encrypted, and no other certificate is
    /// taken. Without one the URI says whether it is encrypted (`tls=true`), and the public roots count.
    pub ca_file: Option<PathBuf>,
}

impl Default for MongoOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            operation_timeout: Duration::from_secs(20),
            claim_wait: Duration::from_secs(1),
            takeover_after: Duration::from_secs(30),
            clock: Arc::new(SystemClock),
            ca_file: None,
        }
    }
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The connection string is malformed.
    #[error("the MongoDB connection string cannot be used: {0}")]
    Uri(String),
    /// The database's name is not one.
    #[error(
        "'{0}' is not a MongoDB database name: 1 to 63 bytes, none of them / \\ . \" $ * < > : | ? or a space"
    )]
    Name(String),
    /// No server was found in time.
    #[error("no MongoDB server could be reached: {0}")]
    Unreachable(String),
    /// The certificates cannot be read.
    #[error("the MongoDB CA file {} cannot be used: {reason}", path.display())]
    CaFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The server does not take the user or password.
    #[error("the MongoDB server refused the credentials: {0}")]
    Credentials(String),
    /// The server cannot do what is needed.
    #[error("the MongoDB server cannot be used: {0}")]
    Refused(String),
    /// The data has a later format.
    #[error(
        "the data in database '{database}' has format {found}, written by a newer version; this one reads up to {FORMAT}"
    )]
    Newer {
        /// The database.
        database: String,
        /// Its format.
        found: i64,
    },
}

pub(super) async fn open(
    uri: &str,
    database: &str,
    kinds: &[KindSchema],
    options: MongoOptions,
) -> Result<Inner, OpenError> {
    if database.is_empty()
        || database.len() > 63
        || database.contains(|c: char| "/\\. \"$*<>:|?".contains(c) || c.is_control())
    {
        return Err(OpenError::Name(database.to_owned()));
    }
    let redact = |e: &Error| without_credentials(&e.kind.to_string(), uri);
    let mut client_options = ClientOptions::parse(uri).await.map_err(|e| OpenError::Uri(redact(&e)))?;
    client_options.app_name.get_or_insert_with(|| "commerce".to_owned());
    if let Some(path) = &options.ca_file {
        encrypt(&mut client_options, path)?;
    }
    client_options.connect_timeout = Some(options.connect_timeout);
    client_options.server_selection_timeout = Some(options.connect_timeout);
    // The port's promises are not for the connection string to weaken.
    client_options.write_concern =
        Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build());
    client_options.read_concern = Some(ReadConcern::majority());
    client_options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    let client = Client::with_options(client_options).map_err(|e| OpenError::Uri(redact(&e)))?;
    let db = client.database(database);

    let ready = async {
        db.run_command(doc! {"ping": 1}).await.map_err(|e| refused(&e, uri))?;
        check_format(&db, uri).await?;
        let mut entries = BTreeMap::new();
        for schema in kinds {
            let docs = prepare(&db, schema).await.map_err(|e| refused(&e, uri))?;
            entries.insert(schema.kind, KindEntry { schema: schema.clone(), docs, whole: whole(schema) });
        }
        create(&db, "claims").await.map_err(|e| refused(&e, uri))?;
        Ok(Inner {
            claims: db.collection("claims"),
            db: db.clone(),
            kinds: entries,
            options: options.clone(),
        })
    };
    let limit = options.connect_timeout + options.operation_timeout;
    tokio::time::timeout(limit, ready)
        .await
        .unwrap_or_else(|_| Err(OpenError::Unreachable("it did not answer in time".to_owned())))
}

/// Has the connection encrypted, with these authorities and no others.
fn encrypt(client_options: &mut ClientOptions, path: &Path) -> Result<(), OpenError> {
    let refused = |reason: String| OpenError::CaFile { path: path.to_owned(), reason };
    let size = std::fs::metadata(path).map_err(|error| refused(error.to_string()))?.len();
    if size > CA_FILE_LIMIT {
        return Err(refused(format!("it has {size} bytes, more than {CA_FILE_LIMIT}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err(refused("it holds no certificate in PEM form".to_owned()));
    }
    let mut tls = match client_options.tls.take() {
        Some(Tls::Enabled(tls)) => tls,
        _ => TlsOptions::default(),
    };
    tls.ca_file_path = Some(path.to_owned());
    client_options.tls = Some(Tls::Enabled(tls));
    Ok(())
}

/// Refuses data of a later format, and marks a new database with ours.
async fn check_format(db: &Database, uri: &str) -> Result<(), OpenError> {
    let meta: Collection<Bdoc> = db.collection("meta");
    match meta.insert_one(doc! {"_id": "format", "version": FORMAT}).await {
        Ok(_) => return Ok(()),
        Err(e) if super::is_duplicate(&e) => {}
        Err(e) => return Err(refused(&e, uri)),
    }
    let stored = meta.find_one(doc! {"_id": "format"}).await.map_err(|e| refused(&e, uri))?;
    let found = stored.and_then(|s| s.get_i64("version").ok()).unwrap_or(i64::MAX);
    if found > FORMAT {
        return Err(OpenError::Newer { database: db.name().to_owned(), found });
    }
    Ok(())
}

async fn create(db: &Database, collection: &str) -> Result<(), Error> {
    match db.create_collection(collection).await {
        Err(e) if code(&e) != Some(NAMESPACE_EXISTS) => Err(e),
        _ => Ok(()),
    }
}

/// The collection of a kind, with its indexes.
async fn prepare(db: &Database, schema: &KindSchema) -> Result<Collection<Bdoc>, Error> {
    let name = schema.kind.type_id();
    create(db, name).await?;
    let docs = db.collection(name);
    for path in schema.indexes {
        let path: Vec<_> = path.split('.').map(escape_name).collect();
        let mut keys = doc! {"project": 1};
        keys.insert(format!("views.{MAIN}.query.{}", path.join(".")), 1);
        keys.insert("_id", 1);
        index(&docs, keys, false).await;
    }
    index(&docs, doc! {"dueAt": 1}, true).await;
    index(&docs, doc! {"outbox.0.seq": 1}, true).await;
    Ok(docs)
}

/// Creates an index; without `sparse`, or not at all, where the server does not have it so.
async fn index(docs: &Collection<Bdoc>, keys: Bdoc, sparse: bool) {
    let model = |sparse: bool| {
        let options = sparse.then(|| IndexOptions::builder().sparse(true).build());
        IndexModel::builder().keys(keys.clone()).options(options).build()
    };
    let mut result = docs.create_index(model(sparse)).await;
    if sparse && result.is_err() {
        result = docs.create_index(model(false)).await;
    }
    if let Err(e) = result {
        tracing::warn!(collection = docs.name(), %keys, error = %e.kind, "no index; queries will be slower");
    }
}

/// Lets through what the port's document is made of.
fn whole(schema: &KindSchema) -> Bdoc {
    let mut projection = doc! {
        "project": 1, "id": 1, "state": 1, "rev": 1, "version": 1, "hidden": 1, "claims": 1,
        "changeSeq": 1, "messageSeq": 1, "dueAt": 1,
    };
    for view in schema.views {
        projection.insert(format!("views.{view}.served"), 1);
    }
    projection
}

fn refused(e: &Error, uri: &str) -> OpenError {
    let reason = without_credentials(&e.kind.to_string(), uri);
    match e.kind.as_ref() {
        ErrorKind::Authentication { .. } => OpenError::Credentials(reason),
        ErrorKind::ServerSelection { .. } | ErrorKind::Io(_) | ErrorKind::DnsResolve { .. } => {
            OpenError::Unreachable(reason)
        }
        // Unauthorized, AuthenticationFailed
        _ if matches!(code(e), Some(13 | 18)) => OpenError::Credentials(reason),
        _ => match failed(e) {
            StoreError::Failed(_) => OpenError::Refused(reason),
            other => OpenError::Refused(other.to_string()),
        },
    }
}

/// A driver's message without what stands between `://` and `@` in the URI.
fn without_credentials(message: &str, uri: &str) -> String {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let Some((userinfo, _)) = rest.rsplit_once('@') else { return message.to_owned() };
    let password = userinfo.split_once(':').map_or("", |(_, password)| password);
    // A driver may quote any part of a malformed one, so nothing of its message is kept then.
    let quoted = [uri, userinfo, password].into_iter().any(|part| !part.is_empty() && message.contains(part));
    if quoted || message.contains("sername") || message.contains("assword") {
        return "the part before '@' or another part of it is malformed or refused (not shown)".to_owned();
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_malformed_uri_is_refused_without_its_password() {
        for uri in ["mongodb://me:s3cr%zzet@", "mongodb://me:s3cr/et@host/", "nonsense://me:s3cret@host"] {
            let error = open(uri, "shop", &[], MongoOptions::default()).await.err().unwrap();
            assert!(matches!(error, OpenError::Uri(_)), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("s3cr"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_bad_database_name_is_refused() {
        for name in ["", "a.b", "a/b", "a b", &"x".repeat(64)] {
            let error = open("mongodb://localhost", name, &[], MongoOptions::default()).await.err().unwrap();
            assert!(matches!(error, OpenError::Name(_)), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_ca_file_that_holds_no_certificate_is_named() {
        let dir = tempfile::TempDir::new().unwrap();
        let (missing, empty) = (dir.path().join("missing.crt"), dir.path().join("empty.crt"));
        std::fs::write(&empty, "not a certificate").unwrap();
        for (path, reason) in [(missing, "No such file"), (empty, "no certificate in PEM form")] {
            let options = MongoOptions { ca_file: Some(path.clone()), ..MongoOptions::default() };
            let error = open("mongodb://localhost", "shop", &[], options).await.err().unwrap().to_string();
            assert!(error.contains(path.to_str().unwrap()) && error.contains(reason), "{error}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_so_in_time() {
        let options = MongoOptions { connect_timeout: Duration::from_millis(300), ..MongoOptions::default() };
        let error = open("mongodb://me:s3cret@127.0.0.1:9/?directConnection=true", "shop", &[], options);
        let error = error.await.err().unwrap();
        assert!(matches!(error, OpenError::Unreachable(_)), "{error:?}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
