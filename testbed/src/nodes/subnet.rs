//! Addresses for one testbed's nodes, from those that RFC 2544 sets aside for tests of networks: they mean nothing
//! elsewhere. Each testbed has 4096 of its own, so that many run side by side.

use std::net::Ipv4Addr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener};
use std::process::Command;

use anyhow::{Context, Result, bail};

const COUNT: u8 = 32;

/// A range of addresses that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Subnet {
    index: u8,
    _held: UnixListener,
}

impl Subnet {
    /// A range that nobody uses on this machine.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn free() -> Result<Self> {
        for index in 0..COUNT {
            // Held against other testbeds, as ports are.
            let name = UnixAddr::from_abstract_name(format!("commercestack-testbed-subnet-{index}"))?;
            let Ok(held) = UnixListener::bind_addr(&name) else { continue };
            let subnet = Self { index, _held: held };
            // What a killed testbed left behind may still use it.
            let routes = Command::new("ip")
                .args(["-4", "route", "show", "root", &subnet.all()])
                .output()
                .context("cannot run `ip`")?;
            if routes.status.success() && routes.stdout.is_empty() {
                return Ok(subnet);
            }
        }
        bail!("all {COUNT} subnets of 198.18.0.0/15 are in use on this machine; see `ip route`")
    }

    /// The name of the machine's end of the link to it.
    pub(crate) fn link(&self) -> String {
        format!("testbed{}", self.index)
    }

    pub(crate) fn all(&self) -> String {
        format!("{}/20", self.address(0, 0))
    }

    /// This machine's address in it.
    pub(crate) fn machine(&self) -> Ipv4Addr {
        self.address(0, 1)
    }

    /// The router that all nodes are linked to; DNS answers there.
    pub(crate) fn router(&self) -> Ipv4Addr {
        self.address(0, 2)
    }

    /// The node of a number from 1.
    pub(crate) fn node(&self, number: u8) -> Ipv4Addr {
        self.address(0, 10 + number)
    }

    pub(crate) fn services(&self) -> String {
        format!("{}/22", self.address(4, 0))
    }

    /// The API server's address among Services: the first of them.
    pub(crate) fn api_service(&self) -> Ipv4Addr {
        self.address(4, 1)
    }

    /// 256 addresses for each node, from the first on.
    pub(crate) fn pods(&self) -> String {
        format!("{}/21", self.address(8, 0))
    }

    fn address(&self, third: u8, fourth: u8) -> Ipv4Addr {
        Ipv4Addr::new(198, 18 + self.index / 16, self.index % 16 * 16 + third, fourth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_are_distinct_and_all_within_the_range_for_tests() {
        let one = Subnet::free().unwrap();
        let other = Subnet::free().unwrap();
        assert_ne!(one.all(), other.all());

        let last = Subnet { index: COUNT - 1, ..one };
        assert_eq!(last.all(), "198.19.240.0/20");
        assert_eq!(last.node(8).to_string(), "198.19.240.18");
        assert_eq!(last.pods(), "198.19.248.0/21");
    }
}
