// The measures of the table. Each gives rows {measure, target, result, met, detail, failed}: `met` is undefined where
// there is no result, and `failed` says why.
import { mkdtempSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { median, mib, thousands } from "./figures.mjs";
import { gatewayRows } from "./gateway.mjs";
import { operatorRows } from "./operator.mjs";
import { podsRows } from "./pods.mjs";
import { relayRows } from "./relay.mjs";
import { ask, drive, mock, ours, scratch, vendure } from "./servers.mjs";

const CLIENTS = 32;
/** Vendure's SQLite driver has one connection: more clients only wait for each other, some of them for too long. */
const VENDURE_CLIENTS = 8;
const PRODUCTS = 100;
const BUYERS = 2000;
/** Two rates this near to each other count as equal: runs differ by as much. */
const AS_FAST = 0.9;

const ONE_CORE = "0";
const OTHER_CORE = "1";

/** What can be measured, by the section of the document that it fills. */
export const SECTIONS = {
  services: ["start", "read", "cart", "checkout", "flash"],
  gateway: ["gateway"],
  relay: ["relay"],
  operator: ["operator"],
  pods: ["pods"],
};

/** Gives rows by section, {name: rows}. */
export async function run(chosen, effort, tell) {
  const sections = {};
  if (SECTIONS.services.some((name) => chosen.includes(name))) sections.services = await services(chosen, effort, tell);
  for (const [name, rows] of Object.entries({ gateway: gatewayRows, relay: relayRows, operator: operatorRows, pods: podsRows })) {
    if (!chosen.includes(name)) continue;
    tell(`-- ${name}`);
    try {
      sections[name] = await rows({ effort, tell });
    } catch (error) {
      tell(`failed: ${error.message}`);
      sections[name] = [{ measure: name, target: "", result: "no result", failed: error.message.split("\n")[0] }];
    }
  }
  return sections;
}

async function services(chosen, effort, tell) {
  const bench = new Bench(effort, tell);
  const rows = [];
  if (chosen.includes("start")) rows.push(await guarded(startRow, bench));
  if (chosen.includes("read")) rows.push(await guarded(readRow, bench));
  if (chosen.some((name) => ["cart", "checkout", "flash"].includes(name))) {
    try {
      bench.opened = await bench.open().catch((error) => error);
      if (chosen.includes("cart")) rows.push(await guarded(cartRow, bench));
      if (chosen.includes("checkout") || chosen.includes("flash")) rows.push(...(await checkoutRows(bench, chosen)));
      rows.push(await guarded(memoryRow, bench));
    } finally {
      await bench.close();
    }
  }
  return rows;
}

/** The servers that several measures share, and what was seen of them. */
class Bench {
  constructor(effort, tell) {
    Object.assign(this, effort, { tell });
    this.resident = {};
  }

  async open() {
    this.main = await ours();
    await this.load(this.main, "seed", { products: PRODUCTS });
  }

  async close() {
    await this.main?.stop();
  }

  /** One run of the driver; throws what went wrong. */
  async load(server, scenario, options = {}) {
    const line = await drive(server, scenario, { clients: CLIENTS, products: PRODUCTS, seconds: this.seconds, ...options });
    if (line.errors > 0) throw new Error(`${server.name}, ${scenario}: ${line.errors} errors, the first: ${line.firstError}`);
    const flash = scenario === "flash-sale" ? `, ${line.orders} orders, ${line.outOfStock} out of stock` : "";
    this.tell(`${server.name} ${scenario} ${options.products ?? ""}: ${line.perSecond}/s, p50 ${ms(line.p50Micros)}, p99 ${ms(line.p99Micros)}${flash}`);
    return line;
  }

  /** Runs all sides in turn, several times; gives for each the run with the median rate. A peer that fails has no
   *  result, {failed}; if ours does, nothing has. */
  async inTurn({ ours, ...peers }) {
    const seen = { ours: [], ...Object.fromEntries(Object.keys(peers).map((name) => [name, []])) };
    for (let n = 0; n < this.runs; n += 1) {
      seen.ours.push(await ours());
      for (const [name, side] of Object.entries(peers)) {
        if (seen[name].failed) continue;
        try {
          seen[name].push(await side());
        } catch (error) {
          this.tell(`failed: ${error.message}`);
          seen[name] = { failed: error.message.split("\n")[0] };
        }
      }
    }
    const middle = (lines) => (lines.failed ? lines : median(lines, (line) => line.perSecond));
    return Object.fromEntries(Object.entries(seen).map(([name, lines]) => [name, middle(lines)]));
  }
}

async function guarded(measure, bench) {
  bench.tell(`-- ${measure.title}`);
  try {
    if (bench.opened instanceof Error && measure !== startRow && measure !== readRow) throw bench.opened;
    return { measure: measure.title, target: measure.target, ...(await measure(bench)) };
  } catch (error) {
    bench.tell(`failed: ${error.message}`);
    return { measure: measure.title, target: measure.target, result: "no result", failed: error.message.split("\n")[0] };
  }
}

async function startRow({ runs, tell }) {
  const dataDir = mkdtempSync(join(scratch, "start-"));
  const loading = await ours({ project: "demo", dataDir });
  await loading.until("answering", 10, () => firstAnswer(loading));
  await loading.stop();
  const seen = { ours: [], mock: [] };
  for (let n = 0; n < runs + 2; n += 1) {
    for (const [name, start, answered] of [
      ["ours", () => ours({ project: "demo", dataDir, ready: false }), firstAnswer],
      ["mock", () => mock({ ready: false }), firstRead],
    ]) {
      const server = await start();
      await server.until("answering", 30, () => answered(server));
      seen[name].push(server.millis());
      await server.stop();
      await sleep(100);
    }
  }
  const [a, b] = [median(seen.ours), median(seen.mock)];
  tell(`ours ${seen.ours.join(", ")} ms; mock ${seen.mock.join(", ")} ms`);
  return { result: `${Math.round(a)} ms, mock ${Math.round(b)} ms: ${(a / b).toFixed(2)} ×`, met: a <= b / 2 };
}
startRow.title = "start to first answered request, sample data already loaded";
startRow.target = "≤ half of the mock's";

/** A token, and a product read with it. */
async function firstAnswer(server) {
  server.agent ??= new http.Agent({ keepAlive: true, maxSockets: 1 });
  const { port, agent } = server;
  const basic = `Basic ${Buffer.from(server.credentials()).toString("base64")}`;
  const form = { authorization: basic, "content-type": "application/x-www-form-urlencoded" };
  const token = await ask(port, "/oauth/token", { method: "POST", headers: form, body: "grant_type=client_credentials", agent });
  if (token?.status !== 200) return false;
  const headers = { authorization: `Bearer ${JSON.parse(token.body).access_token}` };
  const path = "/demo/product-projections?limit=1&priceCurrency=EUR&priceCountry=DE";
  const read = await ask(port, path, { headers, agent });
  return read?.status === 200 && JSON.parse(read.body).results.length === 1;
}

async function firstRead({ port }) {
  return (await ask(port, "/bench/product-projections?limit=1"))?.status === 200;
}

async function readRow(bench) {
  const left = await ours({ cores: ONE_CORE });
  const right = await mock({ cores: ONE_CORE });
  try {
    for (const server of [left, right]) await bench.load(server, "seed");
    const cores = OTHER_CORE;
    const seen = await bench.inTurn({
      ours: () => bench.load(left, "projection-by-key", { cores }),
      mock: () => bench.load(right, "projection-by-id", { cores }),
    });
    bench.resident["the server on one core, after reads"] = left.resident();
    return against(seen.ours, "mock", seen.mock, 1.8);
  } finally {
    await Promise.all([left.stop(), right.stop()]);
  }
}
readRow.title = "product projection by key with price selection, token checked, server on one core";
readRow.target = "≥ 1.8 × the mock's projection by id";

async function cartRow(bench) {
  const many = await ours();
  const peer = await mock();
  try {
    await bench.load(many, "seed", { products: bench.many });
    await bench.load(peer, "seed");
    const seen = await bench.inTurn({
      ours: () => bench.load(bench.main, "cart-and-line"),
      many: () => bench.load(many, "cart-and-line", { products: bench.many }),
      mock: () => bench.load(peer, "cart-and-line"),
    });
    bench.resident[`with ${thousands(bench.many)} products, after carts`] = many.resident();
    const row = against(seen.ours, "mock", seen.mock, 10);
    return also(row, seen.ours, `at ${thousands(bench.many)} products`, seen.many, (many, one) => many / one, AS_FAST);
  } finally {
    await Promise.all([many.stop(), peer.stop()]);
  }
}
cartRow.title = "cart create plus add line item, durable, at 100 products";
cartRow.target = `≥ 10 × the mock at 100 products, and as fast (≥ ${AS_FAST} ×) at 10,000 products`;

/** Checkout and flash sale share their many-SKU rate. */
async function checkoutRows(bench, chosen) {
  let manySkus;
  const checkout = async () => {
    const peers = [await mock(), await vendure({ products: PRODUCTS })];
    try {
      await bench.load(peers[0], "seed");
      const seen = await bench.inTurn({
        ours: () => bench.load(bench.main, "checkout"),
        mock: () => bench.load(peers[0], "checkout"),
        vendure: () => bench.load(peers[1], "checkout", { clients: VENDURE_CLIENTS }),
      });
      manySkus = seen.ours.perSecond;
      const row = against(seen.ours, "mock", seen.mock, 4);
      return also(row, seen.ours, "Vendure", seen.vendure, (vendure, one) => one / vendure, 40);
    } finally {
      await Promise.all(peers.map((peer) => peer.stop()));
    }
  };
  checkout.title = "six-call guest checkout, all rules applied, durable";
  checkout.target = "≥ 4 × the mock, ≥ 40 × Vendure";

  const flash = async () => {
    manySkus ??= (await bench.inTurn({ ours: () => bench.load(bench.main, "checkout") })).ours.perSecond;
    const lines = [];
    for (let n = 0; n < bench.runs; n += 1) lines.push(await bench.load(bench.main, "flash-sale", { buyers: BUYERS }));
    const inexact = lines.find((line) => !line.exact);
    if (inexact) {
      const { orders, ordersKept, outOfStock, unitsLeft } = inexact;
      return { result: `${orders} orders answered, ${ordersKept} kept, ${outOfStock} refused, ${unitsLeft} units left`, met: false };
    }
    const { ordersPerSecond: rate, perSecond: buyers } = median(lines, (line) => line.ordersPerSecond);
    const share = rate / manySkus;
    return {
      result: `exactly ${thousands(BUYERS / 2)} each time; ${thousands(rate)} orders/s until sold out: ${share.toFixed(2)} × the many-SKU ${thousands(manySkus)}/s (${thousands(buyers)} buyers/s over all)`,
      met: share >= 0.5,
    };
  };
  flash.title = `flash sale: one SKU, ${thousands(BUYERS / 2)} units, ${thousands(BUYERS)} buyers`;
  flash.target = `exactly ${thousands(BUYERS / 2)} orders, at ≥ half of the many-SKU rate`;

  const rows = [];
  if (chosen.includes("checkout")) rows.push(await guarded(checkout, bench));
  if (chosen.includes("flash")) rows.push(await guarded(flash, bench));
  return rows;
}

async function memoryRow(bench) {
  await bench.load(bench.main, "projection-by-key", { seconds: 2 });
  bench.resident["after carts, checkouts, flash sales and reads"] = bench.main.resident();
  const [where, most] = Object.entries(bench.resident).sort((a, b) => b[1] - a[1])[0];
  const detail = Object.entries(bench.resident).map(([name, kib]) => `${name} ${mib(kib * 1024)}`);
  bench.tell(detail.join("; "));
  return { result: `${mib(most * 1024)} (${where})`, met: most <= 80 * 1024, detail: detail.join("; ") };
}
memoryRow.title = "resident memory after these loads, at most";
memoryRow.target = "≤ 80 MiB";

/** A row of ours against a peer's, of which it must be `wanted` times. */
function against(mine, name, theirs, wanted) {
  const row = { result: `${thousands(mine.perSecond)}/s`, met: true, detail: `ours ${latency(mine)}` };
  return also(row, mine, name, theirs, (one, other) => other / one, wanted);
}

/** The row with one more side: `ratio(theirs, mine)` must be at least `wanted`. */
function also(row, mine, name, theirs, ratio, wanted) {
  if (theirs.failed) {
    row.result += `; ${name} has no result (${theirs.failed})`;
    row.met = undefined;
    return row;
  }
  const value = ratio(theirs.perSecond, mine.perSecond);
  row.result += `; ${name} ${thousands(theirs.perSecond)}/s: ${value.toFixed(2)} ×`;
  row.detail += `; ${name} ${latency(theirs)}`;
  row.met &&= value >= wanted;
  return row;
}

const ms = (micros) => `${(micros / 1000).toFixed(micros < 10_000 ? 2 : 0)} ms`;
const latency = (line) => `p50 ${ms(line.p50Micros)}, p99 ${ms(line.p99Micros)}`;
