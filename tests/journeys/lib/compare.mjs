/**
 * compare.mjs ONE OTHER: whether two transcripts (`TRANSCRIPT=…`) say the same. What was answered matters, not how
 * often. Tests of races are left out, since who wins is chance.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const SHOWN = 20;
const LEFT_OUT = { files: /^races\./, lines: /^\{"test":"(of ten|twenty patient) editors/ };

/** The distinct lines of a file of a transcript. */
const lines = (path) => new Set(existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter((line) => line !== '' && !LEFT_OUT.lines.test(line)) : []);

const [one, other] = process.argv.slice(2);
if (!one || !other) {
  console.error('usage: node lib/compare.mjs ONE OTHER');
  process.exit(2);
}
const files = [...new Set([...readdirSync(one), ...readdirSync(other)])].filter((name) => name.endsWith('.jsonl') && !LEFT_OUT.files.test(name)).sort();
let compared = 0;
const differing = [];

/** The part of a line in which it differs from the nearest of the other side's. */
function shown(line, others) {
  const same = (other) => [...line].findIndex((char, at) => char !== other[at]);
  const at = Math.max(0, ...others.map(same));
  const { test, method, path, status } = JSON.parse(line);
  return `${method} ${path} ${status} in '${test}'\n    …${line.slice(Math.max(0, at - 80), at + 160)}…`;
}

for (const name of files) {
  const [ours, theirs] = [lines(join(one, name)), lines(join(other, name))];
  compared += new Set([...ours, ...theirs]).size;
  for (const line of ours) if (!theirs.has(line)) differing.push(`${name}, only in ${one}: ${shown(line, [...theirs])}`);
  for (const line of theirs) if (!ours.has(line)) differing.push(`${name}, only in ${other}: ${shown(line, [...ours])}`);
}
for (const line of differing.slice(0, SHOWN)) console.log(line);
if (differing.length > SHOWN) console.log(`and ${differing.length - SHOWN} more`);
console.log(`${compared} distinct answers of ${files.length} test files compared, ${differing.length} of them on one side only`);
process.exit(differing.length === 0 && compared > 0 ? 0 : 1);
