// Starts the servers to be measured, each on a free loopback port with a fresh directory, and ends them by pid.
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const peers = join(root, "bench/peers");
const commerce = resolve(process.env.COMMERCE);
/** Where cargo left the rest of what run.sh had built. */
export const release = dirname(resolve(process.env.BENCH));

export const scratch = mkdtempSync(join(tmpdir(), "commerce-bench-"));
const running = new Set();

/** The manifest that load runs against: a project without sample data. */
const manifest = join(scratch, "bench.yaml");
writeFileSync(
  manifest,
  `apiVersion: commercestack.io/v1alpha1
kind: CommerceStack
metadata: {name: bench}
spec:
  projects:
    - key: bench
      currencies: [EUR, USD]
      countries: [DE]
      languages: [en, de]
      apiClients:
        - {name: admin, scopes: [manage_project]}
`,
);
const quickstart = join(root, "examples/quickstart.yaml");

function freePort() {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.on("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** A command on the cores that `cores` names ("0"), or on all. */
function pinned(cores, command) {
  return cores === undefined ? command : ["taskset", "-c", cores, ...command];
}

class Server {
  constructor(name, port, dir, command, options) {
    this.name = name;
    this.port = port;
    this.dir = dir;
    this.log = join(scratch, `${name}-${port}.log`);
    const log = openSync(this.log, "a");
    this.began = process.hrtime.bigint();
    const env = { ...process.env, VENDURE_DISABLE_TELEMETRY: "true", NODE_ENV: "production" };
    this.child = spawn(command[0], command.slice(1), { stdio: ["ignore", log, log], env, cwd: scratch, ...options });
    this.ended = new Promise((done) => this.child.once("exit", done));
    running.add(this);
  }

  get alive() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  fail(what) {
    const log = existsSync(this.log) ? readFileSync(this.log, "utf8").split("\n").slice(-15).join("\n") : "";
    throw new Error(`${this.name}: ${what}\n${log}`);
  }

  async until(what, seconds, test) {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const found = await test();
      if (found) return found;
      if (!this.alive) this.fail(`ended before it was ${what}`);
      if (Date.now() > deadline) this.fail(`not ${what} after ${seconds} s`);
      await sleep(2);
    }
  }

  millis() {
    return Number((process.hrtime.bigint() - this.began) / 10_000n) / 100;
  }

  /** Resident memory, in KiB. */
  resident() {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.child.pid}/status`, "utf8"))[1]);
  }

  async stop() {
    if (!running.delete(this)) return;
    this.child.kill("SIGTERM");
    const kill = setTimeout(() => this.child.kill("SIGKILL"), 10_000);
    await this.ended;
    clearTimeout(kill);
  }
}

/** One request; gives {status, body} or null while nobody answers. */
export function ask(port, path, { method = "GET", headers = {}, body, agent } = {}) {
  return new Promise((done) => {
    const request = http.request({ host: "127.0.0.1", port, path, method, headers, agent, timeout: 5000 }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () => done({ status: response.statusCode, body: text }));
      response.on("error", () => done(null));
    });
    request.on("error", () => done(null));
    request.on("timeout", () => request.destroy());
    request.end(body);
  });
}

/** Ours. `credentials` are read once they are there. */
export async function ours({ cores, project = "bench", dataDir, ready = true } = {}) {
  const port = await freePort();
  const dir = dataDir ?? mkdtempSync(join(scratch, "ours-"));
  const file = project === "bench" ? manifest : quickstart;
  const command = [commerce, "up", "-f", file, "--listen", `127.0.0.1:${port}`, "--data-dir", dir];
  const server = new Server("ours", port, dir, pinned(cores, command));
  server.project = project;
  server.credentials = () => {
    const text = readFileSync(join(dir, `${project}-admin.env`), "utf8");
    const value = (name) => new RegExp(`^${name}=["']?([^"'\n]*)`, "m").exec(text)[1];
    return `${value("CTP_CLIENT_ID")}:${value("CTP_CLIENT_SECRET")}`;
  };
  // The address is printed once everything is loaded.
  if (ready) await server.until("ready", 120, () => readFileSync(server.log, "utf8").includes("is up at"));
  return server;
}

export async function mock({ cores, ready = true } = {}) {
  const port = await freePort();
  const server = new Server("mock", port, scratch, pinned(cores, [process.execPath, join(peers, "mock.mjs"), String(port)]));
  server.project = "bench";
  if (ready) await server.until("ready", 30, () => readFileSync(server.log, "utf8").includes("READY"));
  return server;
}

export async function vendure({ products }) {
  const port = await freePort();
  const dir = mkdtempSync(join(scratch, "vendure-"));
  const command = [process.execPath, join(peers, "vendure.mjs"), String(port), dir, String(products)];
  const server = new Server("vendure", port, dir, command, { cwd: dir });
  server.flavour = "vendure";
  await server.until("ready", 120, () => readFileSync(server.log, "utf8").includes("READY"));
  return server;
}

/** Runs a program beneath servers of the testbed; gives what its lines of JSON, {measure, value}, say. */
export async function beneath(parts, program, { nodes, cores, seconds, env = {}, tell }) {
  const more = nodes === undefined ? [] : ["--nodes", String(nodes)];
  const command = [join(release, "testbed"), "run", "--only", parts, ...more, "--", ...program];
  const server = new Server(`testbed-${parts}`, 0, scratch, pinned(cores, command), {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, COMMERCE: commerce, BENCH: resolve(process.env.BENCH), ...env },
  });
  const seen = {};
  let [out, err] = ["", ""];
  server.child.stdout.on("data", (chunk) => {
    const lines = (out + chunk).split("\n");
    out = lines.pop();
    for (const line of lines.filter((line) => line.startsWith("{"))) {
      tell(line);
      const { measure, value } = JSON.parse(line);
      seen[measure] = value;
    }
  });
  server.child.stderr.on("data", (chunk) => {
    err = (err + chunk).slice(-20_000);
    appendFileSync(server.log, chunk);
  });
  let late = false;
  const kill = setTimeout(() => {
    late = true;
    server.stop();
  }, seconds * 1000);
  // Once its last line is read, which is after its end.
  const code = await new Promise((done) => server.child.once("close", done));
  clearTimeout(kill);
  running.delete(server);
  if (late) throw new Error(`${program[0]} did not end within ${seconds} s`);
  if (code !== 0) {
    // What it says itself comes before the logs of its processes.
    const [said] = err.split("---- the end of");
    throw new Error(`${program[0]} ended with ${code}: ${said.trim().split("\n").slice(-5).join(" / ")}`);
  }
  return seen;
}

/** Ends everything that is still there. */
export async function cleanUp() {
  await Promise.all([...running].map((server) => server.stop()));
  rmSync(scratch, { recursive: true, force: true });
}

/** Runs the load driver and gives its JSON line; errors are in it. */
export async function drive(server, scenario, { cores, seconds = 60, ...options } = {}) {
  const args = [scenario, "--port", String(server.port), "--seconds", String(Math.min(seconds, 60))];
  if (server.host) args.push("--host", server.host);
  if (server.flavour) args.push("--flavour", server.flavour);
  for (const [name, value] of Object.entries(options)) args.push(`--${name}`, String(value));
  const env = { ...process.env };
  delete env.BENCH_CREDENTIALS;
  if (server.credentials) env.BENCH_CREDENTIALS = server.credentials();
  const [command, ...rest] = pinned(cores, [resolve(process.env.BENCH), ...args]);
  const child = spawn(command, rest, { env, stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  const kill = setTimeout(() => child.kill("SIGKILL"), (seconds + 90) * 1000);
  await new Promise((done) => child.once("close", done));
  clearTimeout(kill);
  let line;
  try {
    line = JSON.parse(out);
  } catch {
    line = { scenario, errors: 1, firstError: err.trim().split("\n")[0] || "the driver did not end in time" };
  }
  if (line.errors > 0) appendFileSync(server.log, `driver: ${line.errors} errors, the first: ${line.firstError}\n`);
  return line;
}
