//! Clients that keep asking while something happens.

use commerce_tests::Client;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Answers that were as wanted.
    pub(crate) good: usize,
    /// The others: a status and a body, or the error of a broken connection.
    pub(crate) bad: Vec<String>,
}

/// Clients at work.
pub(crate) struct Load {
    stop: CancellationToken,
    clients: JoinSet<Outcome>,
}

impl Load {
    /// Each of `clients` asks again and again by `ask`, which says whether the answer was as wanted.
    pub(crate) fn start<F, A>(clients: &[Client], ask: F) -> Self
    where
        F: Fn(Client, usize) -> A + Clone + Send + 'static,
        A: Future<Output = Result<(), String>> + Send,
    {
        let stop = CancellationToken::new();
        let mut all = JoinSet::new();
        for (at, client) in clients.iter().enumerate() {
            let (client, stop, ask) = (client.clone(), stop.clone(), ask.clone());
            all.spawn(async move {
                let mut outcome = Outcome::default();
                let mut turn = at * 1_000_000;
                while !stop.is_cancelled() {
                    turn += 1;
                    match ask(client.clone(), turn).await {
                        Ok(()) => outcome.good += 1,
                        Err(told) => outcome.bad.push(told),
                    }
                }
                outcome
            });
        }
        Self { stop, clients: all }
    }

    /// Lets them finish.
    pub(crate) async fn stop(mut self) -> Outcome {
        self.stop.cancel();
        let mut sum = Outcome::default();
        while let Some(outcome) = self.clients.join_next().await {
            let outcome = outcome.unwrap();
            sum.good += outcome.good;
            sum.bad.extend(outcome.bad);
        }
        sum
    }
}

/// A read that must be answered with 200.
pub(crate) async fn read(client: Client, path: &'static str) -> Result<(), String> {
    match client.try_send("GET", path, None).await {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(format!("{}: {}", answer.status, answer.body)),
        Err(error) => Err(format!("{error:?}")),
    }
}

/// A write of something new that must be answered with 201.
pub(crate) async fn write(client: Client, turn: usize) -> Result<(), String> {
    let draft = serde_json::json!({"key": format!("zone-{turn}"), "name": "z", "locations": []}).to_string();
    match client.try_send("POST", "/zones", Some(draft)).await {
        Ok(answer) if answer.status == 201 => Ok(()),
        Ok(answer) => Err(format!("{}: {}", answer.status, answer.body)),
        Err(error) => Err(format!("{error:?}")),
    }
}
