// The rows of pods: the quickstart on two nodes of the testbed's, the operator installed by Helm, all of release
// images. Runs itself a second time beneath that cluster.
import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { median, mib } from "./figures.mjs";
import { REPORTED } from "./report.mjs";
import { beneath, cleanUp, drive, ours, release, scratch } from "./servers.mjs";

const root = resolve(fileURLToPath(import.meta.url), "../../..");
const NAME = "quickstart";
const OF_STACK = `commercestack.io/stack=${NAME}`;
const GUARDS = "commercestack.io/guards";
/** How often it is looked whether something is ready, in milliseconds. */
const LOOK = 100;
const PATIENCE = 300_000;
/** Requests of a checkout, clients that check out at once, and the products they choose among. */
const CALLS = 6;
const CLIENTS = 8;
const PRODUCTS = 20;
/** Seconds of a run in pods: the stand-in of MongoDB takes whole seconds of processor time for a checkout. */
const SLOW = 60;
/** Seconds for which it is watched what is used while nobody shops. */
const REST = 30;
/** What is no service of ours. */
const BACKING = ["broker", "database"];
const MIB = 2 ** 20;

const seconds = (value) => `${value.toFixed(1)} s`;

export async function podsRows({ effort, tell }) {
  execFileSync(join(root, "scripts/image.sh"), { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, PROFILE: "release" } });
  const image = statSync(join(release, "../images/services.tar")).size;
  const env = { BENCH_RUNS: String(effort.runs), BENCH_SECONDS: String(effort.seconds), TESTBED_PROGRAM: join(release, "testbed"), IMAGES: join(release, "../images") };
  const program = [process.execPath, fileURLToPath(import.meta.url)];
  const { first, operator, bare, memory, starts, shopping } = await beneath("kubernetes", program, { nodes: 2, seconds: 1500, env, tell });
  const ratio = median(operator) / median(bare);
  const all = Object.values(memory).reduce((sum, bytes) => sum + bytes, 0);
  const [largest, most] = Object.entries(memory).toSorted(([, a], [, b]) => b - a)[0];
  const start = median(starts.map(({ ready }) => ready));
  return [
    {
      measure: "quickstart applied until it is Ready, on two nodes",
      target: "≤ 1.2 × kubectl apply of the same objects until their pods are ready",
      result: `${seconds(median(operator))}, kubectl ${seconds(median(bare))}: ${ratio.toFixed(2)} ×`,
      met: ratio <= 1.2,
      detail: `medians of ${operator.length} turns each, on the data of the first, which took ${seconds(first)}`,
    },
    {
      measure: "a service pod at rest; the whole quickstart without Kafka and MongoDB",
      target: "≤ 25 MiB; ≤ 250 MiB",
      result: `${mib(most)}; ${mib(all)}`,
      met: most <= 25 * MIB && all <= 250 * MIB,
      detail: `working sets as the kubelet tells them; the largest is ${largest}: ${Object.entries(memory).map(([name, bytes]) => `${name} ${mib(bytes)}`).join(", ")}`,
    },
    {
      measure: "services' image",
      target: "≤ 60 MB",
      result: `${(image / 1e6).toFixed(1)} MB`,
      met: image <= 60e6,
      detail: "the OCI archive with its base",
    },
    {
      measure: "service pod started until ready",
      target: "≤ 1 s",
      result: seconds(start),
      met: start <= 1,
      detail: `median of ${starts.length} pods of the cart; from the deletion of the one before ${seconds(median(starts.map(({ whole }) => whole)))}`,
    },
    shoppingRow(shopping),
  ];
}

function shoppingRow(turns) {
  const measure = "requests of the six-call guest checkout, in pods and in one process";
  // A turn in which the stand-in of MongoDB let nobody through says nothing of a request.
  const idle = !turns.failed && turns.some((turn) => turn.pods.checkouts === 0 || turn.laptop.checkouts === 0);
  const failed = turns.failed ?? (idle ? "a turn ended before a checkout did" : undefined);
  if (failed) return { measure, target: REPORTED, result: "no result", failed };
  const of = (where) => {
    const requests = median(turns.map((turn) => turn[where].rate)) * CALLS;
    const { rest } = turns[0][where];
    const used = {};
    for (const name of Object.keys(rest)) {
      const each = ({ used, seconds, checkouts }) => Math.max(0, used[name] - rest[name] * seconds) / checkouts / CALLS;
      used[name] = median(turns.map((turn) => each(turn[where])));
    }
    const ofServices = (times) => Object.entries(times).filter(([name]) => !BACKING.includes(name)).reduce((sum, [, time]) => sum + time, 0);
    const shares = Object.entries(used).toSorted(([, a], [, b]) => b - a).map(([name, time]) => `${name} ${(time * 1000).toFixed(2)} ms`);
    const idle = `${(ofServices(rest) * 100).toFixed(1)} % of a core`;
    return { requests, perCore: 1 / ofServices(used), shares: `${shares.join(", ")} (at rest the services take ${idle})` };
  };
  const [pods, laptop] = ["pods", "laptop"].map(of);
  const told = ({ requests, perCore }) => `${requests < 20 ? requests.toFixed(1) : Math.round(requests)}/s, ${Math.round(perCore)} per second of the services' processor time`;
  return {
    measure,
    target: REPORTED,
    result: `pods ${told(pods)}; one process ${told(laptop)}: ${(pods.perCore / laptop.perCore).toFixed(2)} ×`,
    detail: `processor time of a request beyond that at rest, in pods: ${pods.shares}; in one process: ${laptop.shares}`,
  };
}

// ---- beneath the cluster ----

const { TESTBED_PROGRAM: testbed, IMAGES: images, BENCH_RUNS: runs } = process.env;
const tool = (name) => execFileSync(testbed, ["path", name], { encoding: "utf8" }).trim();
let kubectl;
let api;

const run = (...args) => execFileSync(kubectl, args, { encoding: "utf8", maxBuffer: 64 * MIB, stdio: ["ignore", "pipe", "inherit"] });
const get = async (path) => (await fetch(`${api}${path}`)).json();

/** Seconds from now until `test` gives something true. */
async function until(what, test) {
  const start = performance.now();
  while (!(await test())) {
    if (performance.now() - start > PATIENCE) throw new Error(`${what}: not after ${PATIENCE / 1000} s`);
    await sleep(LOOK);
  }
  return (performance.now() - start) / 1000;
}

const workloads = async (kind) => (await get(`/apis/apps/v1/namespaces/default/${kind}?labelSelector=${OF_STACK}`)).items;

async function isReady() {
  const stack = await get(`/apis/commercestack.io/v1alpha1/namespaces/default/commercestacks/${NAME}`);
  return stack.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
}

async function allReady(expected) {
  const all = [...(await workloads("deployments")), ...(await workloads("statefulsets"))];
  return all.length === expected && all.every(({ spec, status }) => (status.readyReplicas ?? 0) >= spec.replicas);
}

const allGone = async () => (await get(`/api/v1/namespaces/default/pods?labelSelector=${OF_STACK}`)).items.length === 0;

/** What the operator made, as somebody would have written it. */
function objects() {
  const kinds = "serviceaccounts,secrets,configmaps,services,networkpolicies,poddisruptionbudgets,statefulsets,deployments,jobs";
  // What guards data outlives the stack.
  const list = JSON.parse(run("get", kinds, "-l", `${OF_STACK},!${GUARDS}`, "-o", "json"));
  for (const object of list.items) {
    const { name, namespace, labels, annotations } = object.metadata;
    object.metadata = { name, namespace, labels, annotations };
    delete object.status;
    if (object.kind === "Service" && object.spec.clusterIP !== "None") {
      delete object.spec.clusterIP;
      delete object.spec.clusterIPs;
    }
    if (object.kind === "Job") {
      delete object.spec.selector;
      for (const label of Object.keys(object.spec.template.metadata.labels)) {
        if (/controller-uid|job-name/.test(label)) delete object.spec.template.metadata.labels[label];
      }
    }
  }
  return list;
}

/** One pod of the cart deleted: seconds until the next one runs, and from then on until it is ready. */
async function podStart() {
  const selector = encodeURIComponent(`${OF_STACK},app.kubernetes.io/name=cart`);
  const [old] = (await get(`/api/v1/namespaces/default/pods?labelSelector=${selector}`)).items;
  const stop = new AbortController();
  const watch = await fetch(`${api}/api/v1/namespaces/default/pods?watch=1&labelSelector=${selector}`, { signal: stop.signal });
  const start = performance.now();
  run("delete", "pod", old.metadata.name, "--grace-period=0", "--force", "--wait=false");
  let rest = "";
  let running;
  for await (const chunk of watch.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines.filter(Boolean)) {
      const { object: pod } = JSON.parse(line);
      if (pod.metadata.uid === old.metadata.uid) continue;
      const now = performance.now();
      if (pod.status.containerStatuses?.some(({ state }) => state.running)) running ??= now;
      if (pod.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True")) {
        stop.abort();
        return { ready: (now - running) / 1000, whole: (now - start) / 1000 };
      }
    }
  }
  throw new Error("the watch of pods ended");
}

/** Bytes of each service's pod. */
async function memory() {
  const used = {};
  for (const { metadata } of (await get("/api/v1/nodes")).items) {
    const summary = await get(`/api/v1/nodes/${metadata.name}/proxy/stats/summary`);
    for (const { podRef, containers } of summary.pods) {
      const service = /^quickstart-([a-z]+)-/.exec(podRef.name)?.[1];
      if (podRef.namespace !== "default" || !service || ["kafka", "mongodb", "seed"].includes(service)) continue;
      used[service] = containers.reduce((sum, container) => sum + container.memory.workingSetBytes, 0);
    }
  }
  return used;
}

/** Seconds of processor time so far, by what the processes on this machine are; all nodes are on it. */
function processorTime() {
  const used = {};
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    let command, stat;
    try {
      command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    } catch {
      continue; // it has ended
    }
    const program = command[0].split("/").at(-1).replace(/:.*/, "");
    const name = { java: "broker", ferretdb: "database", postgres: "database", commerce: command[1] === "up" ? "commerce" : command[2] }[program];
    if (name === undefined) continue;
    // Of itself, and of its children that have ended; in hundredths.
    const times = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 15).map(Number);
    used[name] = (used[name] ?? 0) + times.reduce((sum, time) => sum + time, 0) / 100;
  }
  return used;
}

/** Shares of a core that the parts of a server take while nobody shops. */
async function atRest(server) {
  const [start, before] = [performance.now(), processorTime()];
  await sleep(REST * 1000);
  const [after, seconds] = [processorTime(), (performance.now() - start) / 1000];
  return Object.fromEntries(server.parts.map((name) => [name, (after[name] - before[name]) / seconds]));
}

/** A run of checkouts: how many there were, how many a second, and what processor time they took in which time. */
async function shop(server, seconds) {
  const [start, before] = [performance.now(), processorTime()];
  const line = await drive(server, "checkout", { project: server.project, clients: CLIENTS, products: PRODUCTS, seconds });
  if (line.errors > 0) throw new Error(`checkout: ${line.firstError}`);
  const [after, whole] = [processorTime(), (performance.now() - start) / 1000];
  const used = Object.fromEntries(server.parts.map((name) => [name, after[name] - before[name]]));
  // What was bought while warming up, and what ended late, cost time, too.
  return { rate: line.count / seconds, checkouts: line.rounds, used, seconds: whole, rest: server.rest };
}

/** Checkouts in pods and in one process, in turns. */
async function shopping() {
  const service = await get(`/api/v1/namespaces/default/services/${NAME}-gateway`);
  const { data } = await get(`/api/v1/namespaces/default/secrets/${NAME}-client-demo-admin`);
  const secret = (name) => Buffer.from(data[name], "base64").toString();
  const services = (await workloads("deployments")).map(({ metadata }) => metadata.name.replace(`${NAME}-`, ""));
  const pods = {
    host: service.spec.clusterIP,
    port: service.spec.ports[0].port,
    project: "demo",
    credentials: () => `${secret("CTP_CLIENT_ID")}:${secret("CTP_CLIENT_SECRET")}`,
    log: join(scratch, "pods.log"),
    parts: [...services, ...BACKING],
  };
  const laptop = await ours();
  laptop.parts = ["commerce"];
  for (const server of [pods, laptop]) {
    const line = await drive(server, "seed", { project: server.project, products: PRODUCTS });
    if (line.errors > 0) throw new Error(`seed: ${line.firstError}`);
    server.rest = await atRest(server);
  }
  const turns = [];
  const seconds = 4 * Number(process.env.BENCH_SECONDS);
  for (let n = 0; n < Number(runs); n += 1) {
    turns.push({ pods: await shop(pods, Math.max(seconds, SLOW)), laptop: await shop(laptop, seconds) });
  }
  await laptop.stop();
  return turns;
}

async function startProxy() {
  const proxy = spawn(kubectl, ["proxy", "--port=0"], { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => proxy.kill());
  for await (const chunk of proxy.stdout) {
    const port = /127\.0\.0\.1:(\d+)/.exec(chunk)?.[1];
    if (port) return `http://127.0.0.1:${port}`;
  }
  throw new Error("kubectl proxy did not start");
}

async function measure() {
  const say = (name, value) => console.log(JSON.stringify({ measure: name, value }));
  kubectl = tool("kubectl");
  execFileSync(testbed, ["load", ...["services", "operator", "kafka", "mongodb"].map((name) => join(images, `${name}.tar`))], { stdio: ["ignore", "ignore", "inherit"] });
  const chart = join(root, "charts/commerce-operator");
  const values = join(chart, "ci/testbed-values.yaml");
  execFileSync(tool("helm"), ["install", "commerce-operator", chart, "-n", "commerce-system", "--create-namespace", "-f", values, "--wait"], { stdio: ["ignore", "ignore", "inherit"] });
  api = await startProxy();
  const manifest = join(root, "examples/quickstart.yaml");

  run("apply", "-f", manifest);
  say("first", await until("Ready", isReady));
  await until("the sample data is loaded", async () => (await get(`/apis/batch/v1/namespaces/default/jobs/${NAME}-seed-demo`)).status?.succeeded === 1);
  const starts = [];
  for (let n = 0; n < 5; n += 1) {
    starts.push(await podStart());
    await until("Ready", isReady);
  }
  say("starts", starts);
  await sleep(60_000); // the kubelet looks every ten seconds or so
  say("memory", await memory());
  // A fault of the load leaves the other rows as they are.
  say("shopping", await shopping().catch((error) => ({ failed: error.message })));

  const made = objects();
  const file = join(process.env.TMPDIR ?? "/tmp", `commerce-bench-objects-${process.pid}.json`);
  process.on("exit", () => execFileSync("rm", ["-f", file]));
  writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
  const expected = made.items.filter(({ kind }) => ["Deployment", "StatefulSet"].includes(kind)).length;
  const [operator, bare] = [[], []];
  const settle = async () => {
    await until("nothing is left", allGone);
    await sleep(5000);
  };
  for (let n = 0; n < Number(runs); n += 1) {
    run("delete", "commercestack", NAME);
    await settle();
    let start = performance.now();
    run("apply", "-f", file);
    await until("all pods are ready", () => allReady(expected));
    bare.push((performance.now() - start) / 1000);
    run("delete", "-f", file, "--wait=true");
    await settle();
    start = performance.now();
    run("apply", "-f", manifest);
    await until("Ready", isReady);
    operator.push((performance.now() - start) / 1000);
  }
  say("bare", bare);
  say("operator", operator);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await measure().finally(cleanUp);
  process.exit(0);
}
