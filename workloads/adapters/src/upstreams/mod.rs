//! Drivers of the `Upstreams` port.

mod http;
mod local;

pub use http::HttpUpstreams;
pub use local::LocalUpstreams;
