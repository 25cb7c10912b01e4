// The row of the relay: its own program measures (workloads/adapters/examples/kafka_speed.rs), beneath the testbed's
// Kafka.
import { join } from "node:path";
import { median, thousands } from "./figures.mjs";
import { beneath, release } from "./servers.mjs";

const WANTED = 20_000;

export async function relayRows({ effort, tell }) {
  const runs = [];
  for (let n = 0; n < effort.runs; n += 1) {
    const program = [join(release, "examples/kafka_speed"), "--json", String(effort.relay.events)];
    runs.push(await beneath("kafka", program, { seconds: 300, tell }));
  }
  const middle = (name) => median(runs.map((run) => run[name].perSecond));
  const drained = middle("relay_backlog");
  return [
    {
      measure: "relay to real Kafka: events out of the outbox, per process",
      target: `≥ ${thousands(WANTED)}/s`,
      result: `${thousands(drained)}/s`,
      met: drained >= WANTED,
      detail: `${thousands(effort.relay.events)} events, median of ${runs.length}; ${runs.at(-1).relay_backlog.microsEach.toFixed(1)} µs of processor time each; beside 32 writers ${thousands(middle("relay_beside_writers"))}/s, which is what they write`,
    },
  ];
}
