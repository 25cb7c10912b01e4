//! Where the services are: `account=HOST[|HOST…],cart=HOST[|HOST…]`.

use api::ServiceName;
use std::collections::BTreeMap;

/// Hosts of one service.
const MOST_HOSTS: usize = 64;

/// The hosts of the services that are on: names, each of which stands for all of its addresses, or addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerAddresses(BTreeMap<ServiceName, Vec<String>>);

impl PeerAddresses {
    /// Reads the text, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut all = BTreeMap::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, hosts) =
                entry.split_once('=').ok_or_else(|| format!("'{entry}' is not of the form service=host"))?;
            let service =
                ServiceName::parse(name.trim()).ok_or_else(|| format!("there is no service '{name}'"))?;
            let hosts: Vec<String> = hosts.split('|').map(|host| host.trim().to_owned()).collect();
            if hosts.len() > MOST_HOSTS {
                return Err(format!("'{name}' has more than {MOST_HOSTS} hosts"));
            }
            if let Some(bad) = hosts.iter().find(|host| !is_host(host)) {
                return Err(format!("'{bad}' of '{name}' is not the name or address of a host"));
            }
            if all.insert(service, hosts).is_some() {
                return Err(format!("'{name}' is named twice"));
            }
        }
        Ok(Self(all))
    }

    /// The services that are on.
    pub fn services(&self) -> impl Iterator<Item = ServiceName> {
        self.0.keys().copied()
    }

    /// The services with their hosts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ServiceName, &[String])> {
        self.0.iter().map(|(service, hosts)| (*service, hosts.as_slice()))
    }
}

/// A name or an address (also of IPv6, without brackets); no port.
fn is_host(host: &str) -> bool {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    (1..=253).contains(&host.len()) && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_its_hosts() {
        let all =
            PeerAddresses::parse("account=shop-account-pods.ns.svc, cart=127.0.1.1|127.0.1.2,order=::1");
        let all = all.unwrap();
        let hosts: Vec<_> = all.iter().map(|(name, hosts)| (name.as_str(), hosts.join(" "))).collect();
        let expected =
            [("account", "shop-account-pods.ns.svc"), ("cart", "127.0.1.1 127.0.1.2"), ("order", "::1")];
        assert_eq!(hosts, expected.map(|(name, hosts)| (name, hosts.to_owned())));
        assert_eq!(PeerAddresses::parse("").unwrap().services().count(), 0);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, told) in [
            ("cart", "'cart' is not of the form service=host"),
            ("kart=x", "there is no service 'kart'"),
            ("cart=x,cart=y", "'cart' is named twice"),
            ("cart=", "'' of 'cart' is not the name or address of a host"),
            ("cart=a|http://b", "'http://b' of 'cart' is not"),
            ("cart=a:80", "'a:80' of 'cart' is not"),
        ] {
            let error = PeerAddresses::parse(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
