// Runs the measures of the table, several times each and both sides in turn, and writes docs/benchmarks.md.
// Started by run.sh, which builds what it needs.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import * as measures from "./lib/measures.mjs";
import { document, table } from "./lib/report.mjs";
import { cleanUp } from "./lib/servers.mjs";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean" }, only: { type: "string" }, "no-write": { type: "boolean" } },
});
const all = ["start", "read", "cart", "checkout", "flash"];
const chosen = options.only?.split(",") ?? all;
const unknown = chosen.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`error: unknown measure ${unknown.join(", ")}; there are ${all.join(", ")}`);
  process.exit(2);
}
const effort = options.quick ? { runs: 1, seconds: 1, many: 500 } : { runs: 3, seconds: 5, many: 10_000 };

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    console.error(`\nstopped by ${signal}; there is no result`);
    cleanUp().finally(() => process.exit(130));
  });
}

let status = 0;
try {
  const results = await measures.run(chosen, effort, (text) => console.error(`    ${text}`));
  const whole = !options.quick && chosen.length === all.length;
  console.log(table(results));
  if (results.some((row) => row.failed)) status = 1;
  if (whole && !options["no-write"]) {
    writeFileSync(new URL("../docs/benchmarks.md", import.meta.url), document(results, effort));
    console.log("\nwritten to docs/benchmarks.md");
  } else if (options.quick) {
    console.log("\nA quick run shows that everything works. It is no result.");
  }
} catch (error) {
  console.error(`error: ${error.message}`);
  status = 1;
} finally {
  await cleanUp();
}
process.exit(status);
