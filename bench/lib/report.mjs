// The table, and docs/benchmarks.md around it.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";

/** Of the minute before the first measure. */
const load = os.loadavg()[0].toFixed(2);

/** Markdown that also reads well in a terminal. */
export function table(rows) {
  const head = ["measure", "target", "result", ""];
  const verdict = (row) => (row.failed || row.met === undefined ? "no result" : row.met ? "met" : "**missed**");
  const cells = [head, head.map(() => "---"), ...rows.map((row) => [row.measure, row.target, row.failed ? `failed: ${row.failed}` : row.result, verdict(row)])];
  return cells.map((line) => `| ${line.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`).join("\n");
}

export function document(rows, { runs, seconds }) {
  const details = rows.filter((row) => row.detail).map((row) => `- ${row.measure}: ${row.detail}`);
  return `# Benchmarks

Written by \`make bench\`, which repeats them: it builds a release binary, installs the peers from npm, starts everything on loopback ports with fresh data directories, measures and ends it, in some five minutes after the build. \`make bench ARGS=--quick\` only shows that everything works; \`ARGS="--only read,cart"\` measures a part.

${table(rows)}

${machine()}

Medians of ${runs} runs of ${seconds} s after a second of warming up (starts: of ${runs + 2}), 32 closed-loop keep-alive clients; ours and the peers take turns within the same run, and a ratio is only ever made of two rates from one run. A run in which a single request was answered otherwise than expected is no result. The load driver (\`bench/\`, Rust) shares the machine with the server, so rates are those of both together; in the measure "on one core" the server has one core and the driver another.

${details.join("\n")}

## What is compared

- **Ours** is \`commerce up\` with SQLite, through the gateway, with a verified token on each request. Every change is on disk (fsync) before it is answered, and no answer comes from a cache of answers. Checkout applies prices, tiers, taxes, shipping, stock and the saga that makes an order.
- **The mock** is \`@labdigital/commercetools-mock\` in memory, without tokens, stock or fsync. It copies its catalogue for reads by key and look-ups by SKU, so it is compared where it is best: reads by id.
- **Vendure** is a real back end with better-sqlite3, set up as its installer does; a checkout is six GraphQL requests (product; line; customer and address; shipping method; transition; payment by a handler that settles at once). Each round is a new guest with a session of its own. It gets 8 clients: with 32 it answers no more, and some requests not within 20 seconds.
- The six calls of a checkout with us and the mock: product by id, cart, line, shipping address, shipping method, order.
- **Start** is from the start of the process to the first answer: for us a token and a product read with it, from a data directory with the sample catalogue; for the mock a read of an empty catalogue, as it keeps none.
- **Flash sale**: each buyer does a whole checkout of the one SKU. "Exactly" compares what buyers were told, what the order list counts and what the stock says. The rate is counted until the last unit is sold.
- **Resident memory** is \`VmRSS\` at the end of the loads, of the largest of the servers that took them.
`;
}

function machine() {
  const version = (name) => JSON.parse(readFileSync(new URL(`../peers/node_modules/${name}/package.json`, import.meta.url), "utf8")).version;
  const output = (command, ...args) => {
    try {
      return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    } catch {
      return "unknown";
    }
  };
  const commit = output("git", "describe", "--always", "--dirty");
  const facts = [
    ["date", new Date().toISOString().slice(0, 10)],
    ["machine", `${os.cpus().length} cores, ${os.cpus()[0]?.model ?? "unknown CPU"}, ${Math.round(os.totalmem() / 2 ** 30)} GiB`],
    ["system", `${os.type()} ${os.release()}`],
    ["load before", `${load} runnable processes on average (more than some 0.3 means that others were using the machine)`],
    ["ours", `commit ${commit}, ${output("rustc", "--version")}`],
    ["peers", `@labdigital/commercetools-mock ${version("@labdigital/commercetools-mock")}, Vendure ${version("@vendure/core")} with better-sqlite3 ${version("better-sqlite3")}, Node ${process.version}`],
  ];
  return ["| | |", "| --- | --- |", ...facts.map(([name, value]) => `| ${name} | ${value} |`)].join("\n");
}
