//! Free ports of the loopback interface, or of another of this machine's addresses, for servers that must be told theirs
//! before they start.
//!
//! They lie below those that the system hands out by itself, so a server that is stopped and resumed finds its port
//! free. Each is held against other testbeds by a socket of that name in Linux's abstract namespace: the system
//! frees it when the process ends, and no file is left behind.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, bail};

const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

/// A port that is ours until this is dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    ip: Ipv4Addr,
    _held: UnixListener,
}

impl Port {
    /// A port that nobody listens on.
    ///
    /// # Errors
    /// If there is none.
    pub fn free() -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Testbeds that start at the same time begin at different places.
        let start = process::id().wrapping_mul(61);
        for _ in 0..COUNT {
            let offset = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
            let number = u16::try_from(FIRST + offset)?;
            if let Some(port) = Self::take(number) {
                return Ok(port);
            }
        }
        bail!("no port between {FIRST} and {} is free", FIRST + COUNT)
    }

    fn take(number: u16) -> Option<Self> {
        let name = UnixAddr::from_abstract_name(format!("commercestack-testbed-port-{number}")).ok()?;
        let held = UnixListener::bind_addr(&name).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        Some(Self { number, ip: Ipv4Addr::LOCALHOST, _held: held })
    }

    /// The port of this number at another of the machine's addresses, that of a testbed's own network: nobody else
    /// listens there.
    #[must_use]
    pub fn on(self, ip: Ipv4Addr) -> Self {
        Self { ip, ..self }
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Where to listen, and where to connect.
    pub fn address(&self) -> SocketAddr {
        (self.ip, self.number).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_while_it_is_held() {
        let given_again = (0..20).any(|_| {
            let port = Port::free().unwrap();
            let number = port.number();
            assert!(Port::take(number).is_none());
            drop(port);
            // Another program may be faster than this one.
            Port::take(number).is_some()
        });
        assert!(given_again);
    }

    #[test]
    fn a_port_that_someone_listens_on_is_passed_over() {
        let port = Port::free().unwrap();
        let number = port.number();
        let _listener = TcpListener::bind(port.address()).unwrap();
        drop(port);
        assert!(Port::take(number).is_none());
    }
}
