// Runs the measures of the table, several times each and both sides in turn, and writes docs/benchmarks.md.
// Started by run.sh, which builds what it needs.
import { parseArgs } from "node:util";
import * as measures from "./lib/measures.mjs";
import { table, write } from "./lib/report.mjs";
import { cleanUp } from "./lib/servers.mjs";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean" }, only: { type: "string" }, "no-write": { type: "boolean" } },
});
const all = Object.values(measures.SECTIONS).flat();
const chosen = options.only?.split(",") ?? all;
const unknown = chosen.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`error: unknown measure ${unknown.join(", ")}; there are ${all.join(", ")}`);
  process.exit(2);
}
const effort = options.quick
  ? { runs: 1, seconds: 1, many: 500, relay: { events: 5_000 }, operator: { stacks: 10, idle: 5, rounds: 1, changes: 5 } }
  : { runs: 3, seconds: 5, many: 10_000, relay: { events: 100_000 }, operator: { stacks: 500, idle: 300, rounds: 7, changes: 200 } };

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    console.error(`\nstopped by ${signal}; there is no result`);
    cleanUp().finally(() => process.exit(130));
  });
}

let status = 0;
try {
  const sections = await measures.run(chosen, effort, (text) => console.error(`    ${text}`));
  const rows = Object.values(sections).flat();
  console.log(table(rows));
  if (rows.some((row) => row.failed)) status = 1;
  // A section of which a part was left out or failed stays as it was.
  const whole = Object.entries(sections).filter(
    ([name, rows]) => measures.SECTIONS[name].every((one) => chosen.includes(one)) && !rows.some((row) => row.failed),
  );
  if (options.quick) {
    console.log("\nA quick run shows that everything works. It is no result.");
  } else if (whole.length > 0 && !options["no-write"]) {
    write(Object.fromEntries(whole));
    console.log("\nwritten to docs/benchmarks.md");
  }
} catch (error) {
  console.error(`error: ${error.message}`);
  status = 1;
} finally {
  await cleanUp();
}
process.exit(status);
