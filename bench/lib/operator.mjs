// The rows of the operator. Its own program measures (operator/examples/measure.rs), beneath the testbed's cluster.
import { join } from "node:path";
import { thousands } from "./figures.mjs";
import { beneath, release } from "./servers.mjs";

const seconds = (value) => (value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(2)} s`);
const memory = ({ resident, peak }) => `${resident.toFixed(1)} MiB (peak ${peak.toFixed(1)})`;

/** Flux's published figure, by which the target is set: objects per second. */
const FLUX = 16;

export async function operatorRows({ effort, tell }) {
  const { stacks, idle, rounds, changes } = effort.operator;
  const program = [join(release, "examples/measure"), "--operator", join(release, "commerce-operator")];
  const options = { stacks, idle, rounds, changes };
  for (const [name, value] of Object.entries(options)) program.push(`--${name}`, String(value));
  const seen = await beneath("kubernetes", program, { seconds: 2400, tell });
  const { one_stack: one, many_stacks: many, memory_of_few: few, memory_of_many: full, idle: still, drift, edits, restart } = seen;
  const all = still.stacks;
  return [
    {
      measure: `API writes of the operator in ${still.seconds} idle seconds and in a restart, ${all} stacks`,
      target: "0 beside lease renewals",
      result: `${still.writes} and ${restart.writes}`,
      met: still.writes === 0 && restart.writes === 0,
      detail: `after the restart all stacks were looked at within ${seconds(restart.seconds)} of taking the lead`,
    },
    {
      measure: `stack applied until all its ${one.objects} objects are written`,
      target: "≤ 1.3 × a bare parallel client applying the same rendered objects",
      result: `${seconds(one.operator)}, bare client ${seconds(one.bare)}: ${one.ratio.toFixed(2)} ×`,
      met: one.ratio <= 1.3,
      detail: `medians of ${rounds} turns each`,
    },
    {
      measure: `${many.stacks} stacks at once until all are written`,
      target: `≥ 4 × Flux's published ${FLUX} objects/s`,
      result: `${thousands(many.rate)} objects/s: ${(many.rate / FLUX).toFixed(1)} ×`,
      met: many.rate >= 4 * FLUX,
      detail: `${thousands(many.objects)} objects in ${seconds(many.seconds)}`,
    },
    {
      measure: `drift repaired; spec edit until written, among ${all} stacks`,
      target: "p99 ≤ 0.5 s; ≤ 1 s",
      result: `${seconds(drift.p99)}; ${seconds(edits.p99)}`,
      met: drift.p99 <= 0.5 && edits.p99 <= 1,
      detail: `p50 ${seconds(drift.p50)} and ${seconds(edits.p50)}, of ${drift.count} each`,
    },
    {
      measure: `operator memory with ${few.stacks} and with ${all} stacks`,
      target: "≤ 32 MiB; ≤ 64 MiB",
      result: `${memory(few.memory)}; ${memory(full.memory)}`,
      met: few.memory.resident <= 32 && full.memory.resident <= 64,
      detail: `a process that starts with ${all} stacks there: ${memory(restart.memory)}`,
    },
  ];
}
