/**
 * A transcript of the answers, without what differs from run to run (ids, times, secrets), so that two servers
 * can be compared. Written only if `TRANSCRIPT` names a directory: a file per test file, an answer a line.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { apiUrl, authUrl, credentials, projectKey } from './env.mjs';

const directory = process.env.TRANSCRIPT;
const file = directory && join(directory, `${basename(process.argv[1] ?? 'run', '.mjs')}.jsonl`);
if (directory) mkdirSync(directory, { recursive: true });

/** @type {string | null} */
let test = '(before the tests)';

/** Says which test the answers from now on belong to; `null` for those that count for nothing. */
export function during(name) {
  test = name;
}

/** Does this without noting its answers: what is seen on the way to something differs from run to run. */
export async function unnoted(work) {
  const was = test;
  test = null;
  try {
    return await work();
  } finally {
    test = was;
  }
}

/** What stands for each thing that differs; the order matters. */
const VARYING = [
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>'],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/\b[0-9a-f]{32,64}\b/g, '<secret>'],
  [/\b0\.\d{12,}\b/g, '<hint>'],
  [/-?[0-9a-f]{10}(?![0-9a-f])/gi, '<unique>'],
  [/%[0-9A-F]{2}/g, (encoded) => decodeURIComponent(encoded)],
];
const TIMES = new Set(['expires_in', 'exp', 'roundTripMs']);

function normal(text) {
  let plain = text.split(apiUrl).join('<url>').split(authUrl).join('<url>');
  plain = plain.split(credentials.clientId).join('<secret>');
  for (const [pattern, stand] of VARYING) plain = plain.replace(pattern, stand);
  return plain.split(projectKey).join('<project>');
}

/** Without the values of time's own fields. */
const without = (name, value) => (TIMES.has(name) ? '<time>' : value);

function normalBody(text) {
  try {
    return JSON.parse(normal(JSON.stringify(JSON.parse(text, without))));
  } catch {
    return normal(text);
  }
}

/** A page of everything that there is holds what other tests have made by then: only its form is kept. */
function page(body, asked) {
  if (!Array.isArray(body?.results) || asked.includes('where=')) return body;
  return { limit: body.limit, offset: body.offset, fields: Object.keys(body) };
}

/** Notes an answer. */
export function note(method, path, query, status, text) {
  if (!file || test === null) return;
  let asked;
  try {
    asked = decodeURIComponent(query);
  } catch {
    asked = query;
  }
  const line = { test, method, path: normal(path), query: normal(asked), status, body: page(normalBody(text), asked) };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}
