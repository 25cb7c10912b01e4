// The table, and docs/benchmarks.md around it. What was measured is kept in docs/benchmarks.json, by section, so that
// a run of one section leaves the others as they were, each with its own date and commit.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";

const KEPT = new URL("../../docs/benchmarks.json", import.meta.url);
const DOCUMENT = new URL("../../docs/benchmarks.md", import.meta.url);

/** The target of a measure that has none. */
export const REPORTED = "reported";

/** Of the minute before the first measure. */
const load = os.loadavg()[0].toFixed(2);

/** Markdown that also reads well in a terminal. */
export function table(rows) {
  const verdict = (row) => {
    if (row.failed) return "no result";
    if (row.target === REPORTED) return "";
    return row.met === undefined ? "no result" : row.met ? "met" : "**missed**";
  };
  const cells = rows.map((row) => [row.measure, row.target, row.failed ? `failed: ${row.failed}` : row.result, verdict(row)]);
  return lines(["measure", "target", "result", ""], cells);
}

function lines(head, rows) {
  const cell = (text) => String(text).replaceAll("|", "\\|").replaceAll("\n", " ");
  return [head, head.map(() => "---"), ...rows].map((line) => `| ${line.map(cell).join(" | ")} |`).join("\n");
}

/** Keeps the sections that were measured, {name: rows}, and writes the document of all that are kept. */
export function write(measured) {
  const kept = existsSync(KEPT) ? JSON.parse(readFileSync(KEPT, "utf8")) : {};
  for (const [name, rows] of Object.entries(measured)) kept[name] = { ...circumstances(name), rows };
  const sections = SECTIONS.filter((name) => kept[name]);
  writeFileSync(KEPT, `${JSON.stringify(Object.fromEntries(sections.map((name) => [name, kept[name]])), null, 2)}\n`);
  writeFileSync(DOCUMENT, document(sections.map((name) => [name, kept[name]])));
}

/** In the order of the document. */
const SECTIONS = ["services", "gateway", "relay", "operator", "pods"];

function output(command, ...args) {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
  } catch {
    return "unknown";
  }
}

/** When, of what, where, and how busy the machine was before. */
function circumstances(name) {
  const npm = (of) => JSON.parse(readFileSync(new URL(`../peers/node_modules/${of}/package.json`, import.meta.url), "utf8")).version;
  const beside = {
    services: () =>
      `@labdigital/commercetools-mock ${npm("@labdigital/commercetools-mock")}, Vendure ${npm("@vendure/core")} with better-sqlite3 ${npm("better-sqlite3")}, Node ${process.version}`,
    gateway: () => output("sh", "-c", "nginx -v 2>&1").replace("nginx version: ", ""),
    relay: () => "Apache Kafka of the testbed",
    operator: () => "Kubernetes of the testbed, all in one place",
    pods: () => "Kubernetes of the testbed with two nodes, Apache Kafka, FerretDB in MongoDB's place",
  };
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: output("git", "describe", "--always", "--dirty"),
    rustc: output("rustc", "--version").replace(/ \(.*/, ""),
    load,
    machine: `${os.cpus().length} cores, ${os.cpus()[0]?.model ?? "unknown CPU"}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}`,
    beside: beside[name](),
  };
}

function document(sections) {
  const rows = sections.flatMap(([, section]) => section.rows);
  const details = rows.filter((row) => row.detail).map((row) => `- ${row.measure}: ${row.detail}`);
  const when = sections.map(([name, s]) => [name, s.date, `${s.commit}, ${s.rustc}`, s.load, s.machine, s.beside]);
  return `# Benchmarks

Written by \`make bench\`, which repeats them: it builds release binaries, installs the peers, starts everything on loopback ports with fresh data directories, measures and ends it; the operator's 500 stacks alone take more than a quarter of an hour. \`make bench ARGS=--quick\` only shows that everything works; \`ARGS="--only operator,relay"\` measures a part and leaves the other rows as they were.

${table(rows)}

${lines(["section", "date", "ours", "load before", "machine", "beside"], when)}

The load before is the average number of runnable processes in the minute before; more than some 0.3 means that others were using the machine. A ratio is only ever made of two figures from one run, in which the two sides took turns. A run in which a single request was answered otherwise than expected is no result.

${details.join("\n")}

## What is compared

### Services

Medians of runs of 5 s after a second of warming up, 32 closed-loop keep-alive clients. The load driver (\`bench/\`, Rust) shares the machine with the server, so rates are those of both together; in the measure "on one core" the server has one core and the driver another.

- **Ours** is \`commerce up\` with SQLite, through the gateway, with a verified token on each request. Every change is on disk (fsync) before it is answered, and no answer comes from a cache of answers. Checkout applies prices, tiers, taxes, shipping, stock and the saga that makes an order.
- **The mock** is \`@labdigital/commercetools-mock\` in memory, without tokens, stock or fsync. It copies its catalogue for reads by key and look-ups by SKU, so it is compared where it is best: reads by id.
- **Vendure** is a real back end with better-sqlite3, set up as its installer does; a checkout is six GraphQL requests (product; line; customer and address; shipping method; transition; payment by a handler that settles at once). Each round is a new guest with a session of its own. It gets 8 clients: with 32 it answers no more, and some requests not within 20 seconds.
- The six calls of a checkout with us and the mock: product by id, cart, line, shipping address, shipping method, order.
- **Start** is from the start of the process to the first answer: for us a token and a product read with it, from a data directory with the sample catalogue; for the mock a read of an empty catalogue, as it keeps none.
- **Flash sale**: each buyer does a whole checkout of the one SKU. "Exactly" compares what buyers were told, what the order list counts and what the stock says. The rate is counted until the last unit is sold.
- **Resident memory** is \`VmRSS\` at the end of the loads, of the largest of the servers that took them.

### Gateway

\`commerce serve gateway\` hands requests to \`commerce serve product\`, and so does nginx in its place: one worker, keep-alive to the same process, no log of requests. The gateway speaks HTTP/2 to the service, nginx HTTP/1.1, which is all it can. The gateway verifies the client's token and signs an internal one; nginx passes on the internal token that the driver made. Whichever it is has a core to itself; driver, service and servers share the other, which would be the limit for both. So what is compared is the processor time that a request costs: requests per second of processor time of the gateway, and of nginx. The request is one that the service refuses before it asks its database (400, a limit out of bounds): the testbed's database would be all that is measured.

### Relay

Events of documents in SQLite are drained by the relay to a real broker (one partition leader, acknowledged writes) and marked as published; beside it the same while 32 writers go on. The broker shares the machine.

### Operator

The operator is a process of its own, against a real API server and etcd with the cluster's controllers and scheduler on the same machine, no nodes, so all pods stay pending. Figures of writes are the operator's own counters, without renewals of its lease. It looks after the whole cluster, so it also hears of what the bare client writes, and leaves it alone.

- **One stack**: from the user's apply of \`spec: {}\` until its status says that all objects are written, with the objects counted afterwards; the bare client applies the same rendered objects in another namespace with as many requests at once, and does nothing else. In turns, with pauses in which the controllers end what they began.
- **Many stacks**, ten to a namespace, are applied as fast as four clients can, and counted until the last is written. All in one namespace, the cluster's own controllers compare every pod with every Service and disruption budget of all stacks, which keeps them busy for many minutes and is most of what is then measured: 82 objects/s, drift p99 902 ms and edits p99 1680 ms in such a run on 2026-11-30. The controllers make ReplicaSets, pods and endpoint slices of them meanwhile. Flux's published figure is of another machine.
- **Drift** is a selector of a Service changed by somebody else, until a read shows it repaired; an **edit** is a changed number of replicas, from the apply until the status says that it is written. Each is of one stack among all, one after another.
- **Memory** is \`VmRSS\` when nothing is left to write; the peak is \`VmHWM\`.

### Pods

The quickstart, one pod of every service, on two nodes that share this machine with the control plane; the operator is installed by Helm. **kubectl** applies in one call the objects that the operator had made, with the same passwords. Both begin with the volumes of an earlier run, in which the database has its users and the broker its topics: nobody but the operator would make them. **Pod start** is from the first status in which the container runs until the first in which the pod is ready. **Checkouts** are bought by 8 clients at once of the quickstart's gateway and of \`commerce up\` with SQLite, in turns; FerretDB, which stands in for MongoDB, keeps both cores busy meanwhile and bounds the rate in pods. So what is compared is the processor time of the services, less what they take at rest.
`;
}
