// The row of the gateway: `commerce serve gateway` and nginx in turns before the same `commerce serve product`. Runs
// itself a second time beneath the testbed's servers and the services' processes, where they are known.
import { execFileSync, spawn } from "node:child_process";
import { createPrivateKey, sign } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { median, thousands } from "./figures.mjs";

const WANTED = 0.7;
const CLIENTS = 32;
/** The proxy has the one core; service, servers and driver have the other. */
const [PROXY_CORE, OTHER_CORE] = ["0", "1"];
/** Clock ticks per second, in which the system tells processor time. */
const TICKS = 100;

/** The services that this takes; the rest of a stack would only be in the way. */
const manifest = `apiVersion: commercestack.io/v1alpha1
kind: CommerceStack
metadata: {name: bench}
spec:
  projects:
    - key: bench
      currencies: [EUR]
      countries: [DE]
      languages: [en]
      apiClients:
        - {name: admin, scopes: [manage_project]}
  services:
    customer: {enabled: false}
    inventory: {enabled: false}
    cart: {enabled: false}
    order: {enabled: false}
`;

export async function gatewayRows({ effort, tell }) {
  const { beneath, release, scratch } = await import("./servers.mjs");
  const file = join(scratch, "gateway.yaml");
  writeFileSync(file, manifest);
  const program = [join(release, "processes"), file, "--", process.execPath, fileURLToPath(import.meta.url)];
  const env = { PROCESSES_EACH: "1", BENCH_SCRATCH: scratch, BENCH_RUNS: String(effort.runs), BENCH_SECONDS: String(effort.seconds) };
  const seen = await beneath("kafka,mongodb", program, { cores: OTHER_CORE, seconds: 600, env, tell });
  const [ours, nginx] = ["gateway", "nginx"].map((name) => median(seen[name], (run) => run.perCpuSecond));
  const ratio = ours.perCpuSecond / nginx.perCpuSecond;
  const told = (one) => `${thousands(one.perCpuSecond)}/s`;
  const detail = (one) => `${thousands(one.perSecond)}/s with ${Math.round(one.busy * 100)} % of its core, p50 ${(one.p50Micros / 1000).toFixed(2)} ms`;
  return [
    {
      measure: "gateway process to a service process, token checked: requests per second of processor time on one core",
      target: `≥ ${WANTED} × nginx proxying in the same place`,
      result: `${told(ours)}; nginx ${told(nginx)}: ${ratio.toFixed(2)} ×`,
      met: ratio >= WANTED,
      detail: `gateway ${detail(ours)}; nginx ${detail(nginx)}`,
    },
  ];
}

/** What runs beneath: prints {measure, value} of each side. */
async function measure() {
  const { keys, processes } = JSON.parse(process.env.PROCESSES);
  const of = (service) => processes.find((one) => one.service === service);
  const [gateway, product] = [of("gateway"), of("product")];
  execFileSync("taskset", ["-a", "-c", "-p", PROXY_CORE, String(gateway.pid)], { stdio: "ignore" });
  const nginx = await startNginx(new URL(product.url));
  const sides = {
    gateway: { pid: gateway.pid, url: new URL(gateway.url), env: { BENCH_CREDENTIALS: `${process.env.CTP_CLIENT_ID}:${process.env.CTP_CLIENT_SECRET}` } },
    nginx: { ...nginx, env: { BENCH_CALLER: caller(keys) } },
  };
  const seen = { gateway: [], nginx: [] };
  for (let n = 0; n < Number(process.env.BENCH_RUNS); n += 1) {
    for (const [name, side] of Object.entries(sides)) seen[name].push(await load(name, side));
  }
  for (const [name, value] of Object.entries(seen)) console.log(JSON.stringify({ measure: name, value }));
  process.kill(nginx.pid);
}

async function startNginx(upstream) {
  const dir = mkdtempSync(join(process.env.BENCH_SCRATCH, "nginx-"));
  const port = 18_081;
  const file = join(dir, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${dir}/${name};`);
  writeFileSync(
    file,
    `daemon off; master_process off; worker_processes 1; pid ${dir}/pid; error_log ${dir}/error.log;
events { worker_connections 1024; }
http {
  access_log off; ${temporary.join(" ")}
  keepalive_requests 100000000;
  upstream service { server ${upstream.host}; keepalive ${CLIENTS}; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
  );
  const child = spawn("taskset", ["-c", PROXY_CORE, "nginx", "-p", dir, "-c", file], { stdio: ["ignore", "ignore", "inherit"] });
  process.on("exit", () => child.kill());
  await sleep(500);
  if (child.exitCode !== null) {
    const log = join(dir, "error.log");
    throw new Error(`nginx did not start: ${existsSync(log) ? readFileSync(log, "utf8") : "see above"}`);
  }
  return { pid: child.pid, url: new URL(`http://127.0.0.1:${port}`) };
}

/** An internal token of the gateway's, for as long as this takes. */
function caller(keys) {
  const seed = Buffer.from(readFileSync(join(keys, "gateway.key"), "utf8"), "base64");
  const prefix = Buffer.from("302e020100300506032b657004220420", "hex"); // PKCS #8 of an Ed25519 seed
  const key = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: "der", type: "pkcs8" });
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: "gateway", aud: "product", iat: now, exp: now + 600, caller: { project: "bench", clientId: "bench", scopes: ["manage_project"] } };
  const text = `${part({ typ: "JWT", alg: "EdDSA" })}.${part(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), key).toString("base64url")}`;
}

/** One run of the driver, and the share of its core that the proxy used in the middle of it. */
async function load(name, { pid, url, env }) {
  const seconds = Number(process.env.BENCH_SECONDS);
  const args = ["refused", "--host", url.hostname, "--port", url.port, "--clients", String(CLIENTS), "--seconds", String(seconds)];
  const driver = spawn("taskset", ["-c", OTHER_CORE, process.env.BENCH, ...args], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  driver.stdout.on("data", (chunk) => (out += chunk));
  const ended = new Promise((done) => driver.once("close", done));
  await sleep(1200);
  const before = [processorTime(pid), process.hrtime.bigint()];
  await sleep(seconds * 1000 - 400);
  const after = [processorTime(pid), process.hrtime.bigint()];
  await ended;
  const line = JSON.parse(out);
  if (line.errors > 0) throw new Error(`${name}: ${line.errors} errors, the first: ${line.firstError}`);
  const busy = (after[0] - before[0]) / (Number(after[1] - before[1]) / 1e9);
  console.error(`${name}: ${line.perSecond}/s, ${((busy / line.perSecond) * 1e6).toFixed(1)} µs of processor time each`);
  return { perSecond: line.perSecond, perCpuSecond: line.perSecond / busy, busy, p50Micros: line.p50Micros };
}

/** Seconds that all threads of a process have run. */
function processorTime(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13);
  return (Number(user) + Number(system)) / TICKS;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await measure();
  } catch (error) {
    console.error(`error: ${error.message}`);
    process.exit(1);
  }
  process.exit(0);
}
