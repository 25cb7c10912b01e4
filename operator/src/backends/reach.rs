//! Whether a server answers on its port at all: cheap, without threads, before a client is made for it.
//!
//! It tells a wrong name from a closed port from a firewall, which the clients' own errors mix up.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// Succeeds as soon as one of the servers (`host:port`) accepts a connection.
///
/// # Errors
/// What is wrong with the first of the servers, as the end of a sentence.
pub(super) async fn reach(servers: &[String], patience: Duration) -> Result<(), String> {
    let mut attempts: FuturesUnordered<_> = servers
        .iter()
        .enumerate()
        .map(|(index, server)| async move { (index, connect(server, patience).await) })
        .collect();
    let mut failures = Vec::new();
    while let Some((index, outcome)) = attempts.next().await {
        match outcome {
            Ok(()) => return Ok(()),
            Err(why) => failures.push((index, why)),
        }
    }
    failures.sort();
    Err(failures.into_iter().next().map_or_else(|| "no server is named".to_owned(), |(_, why)| why))
}

async fn connect(server: &str, patience: Duration) -> Result<(), String> {
    let attempt = async {
        let addresses: Vec<_> = match lookup_host(server).await {
            Ok(addresses) => addresses.collect(),
            Err(_) => return Err(format!("the name in {server} is not known to DNS")),
        };
        let mut refused = format!("the name in {server} has no address");
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(_) => return Ok(()),
                Err(error) => refused = format!("{server} does not accept connections ({})", error.kind()),
            }
        }
        Err(refused)
    };
    timeout(patience, attempt)
        .await
        .unwrap_or_else(|_| Err(format!("{server} does not answer within {} s", patience.as_secs())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;
    use tokio::net::TcpListener;

    const PATIENCE: Duration = Duration::from_secs(2);

    async fn why(servers: &[&str]) -> Result<(), String> {
        let servers: Vec<_> = servers.iter().map(|server| (*server).to_owned()).collect();
        reach(&servers, PATIENCE).await
    }

    #[tokio::test]
    async fn one_server_that_answers_is_enough() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap().to_string();
        assert_eq!(why(&["no-such-host.invalid:9092", &open]).await, Ok(()));
    }

    #[tokio::test]
    async fn a_closed_port_is_told_from_an_unknown_name() {
        let closed = {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap().to_string()
        };
        let refused = why(&[&closed]).await.unwrap_err();
        assert!(refused.contains("does not accept connections"), "{refused}");
        let unknown = why(&["no-such-host.invalid:9092"]).await.unwrap_err();
        assert!(unknown.contains("not known to DNS") || unknown.contains("does not answer"), "{unknown}");
    }

    #[tokio::test]
    async fn silence_ends_in_time() {
        // A full backlog: the kernel drops further connection attempts without a word.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(Ok(stream)) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
            waiting.push(stream);
        }
        let began = Instant::now();
        let silent = why(&[&address.to_string()]).await.unwrap_err();
        assert!(silent.contains("does not answer within 2 s"), "{silent}");
        assert!(began.elapsed() < PATIENCE * 2);
    }
}
