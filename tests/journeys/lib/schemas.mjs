/**
 * JSON schemas of the API's responses, made from the TypeScript types of the
 * official SDK. Made and compiled once per SDK version and kept in
 * `node_modules/.cache`: every test file is a process, and compiling takes longer
 * than most of them.
 *
 * The types are taken more strictly than TypeScript takes them:
 * - properties that a type does not know are violations (types with an index
 *   signature, such as error objects, stay open);
 * - the SDK's open enums (`'Active' | 'Merged' | (string & {})`) are closed;
 * - unions are told apart by their tag (`type`, `typeId`, `code`, …), so that a
 *   violation names the property that is wrong and not forty alternatives;
 * - amounts, versions and counts are whole numbers; moments are RFC 3339 in UTC.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { responseTypes } from './routes.mjs';

const HERE = fileURLToPath(import.meta.url);
const CACHE = fileURLToPath(new URL('../node_modules/.cache/sdk-schemas/', import.meta.url));
const TAGS = ['type', 'typeId', 'code', 'name', 'method', 'action', 'kind', 'schedule', 'mode'];
const WHOLE = /^(version|currentVersion|limit|offset|count|total|statusCode|quantity|centAmount|preciseAmount|fractionDigits|quantityOnStock|availableQuantity|totalLineItemQuantity|minimumQuantity|expires_in)$/;
const MOMENT = /^(createdAt|lastModifiedAt|addedAt|validFrom|validUntil|completedAt|expiresAt|deleteAt|expectedDelivery)$/;

/** Moments are printed in UTC with a `Z`; the fraction is not more than milliseconds. */
const UTC_MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;

/** What OAuth answers with is no type of the SDK. */
const OAUTH = {
  Token: {
    type: 'object',
    properties: {
      access_token: { type: 'string', minLength: 1 },
      token_type: { const: 'Bearer' },
      expires_in: { type: 'integer', exclusiveMinimum: 0 },
      scope: { type: 'string' },
      refresh_token: { type: 'string', minLength: 1 },
    },
    required: ['access_token', 'token_type', 'expires_in', 'scope'],
    additionalProperties: false,
  },
  Introspection: {
    type: 'object',
    properties: {
      active: { type: 'boolean' },
      scope: { type: 'string' },
      exp: { type: 'integer' },
      client_id: { type: 'string' },
    },
    required: ['active'],
    additionalProperties: false,
  },
};

/** Runs the generator over a root type that names every response type. */
async function generate() {
  const { createGenerator } = await import('ts-json-schema-generator');
  mkdirSync(CACHE, { recursive: true });
  const root = `${CACHE}root.ts`;
  const tsconfig = `${CACHE}tsconfig.json`;
  const members = responseTypes().filter((name) => !(name in OAUTH)).map((name) => `  ${name}: sdk.${name};`);
  writeFileSync(root, `import type * as sdk from '@commercetools/platform-sdk';\nexport interface Root {\n${members.join('\n')}\n}\n`);
  writeFileSync(tsconfig, JSON.stringify({
    compilerOptions: { module: 'nodenext', moduleResolution: 'nodenext', strict: true, skipLibCheck: true, types: [] },
    files: ['root.ts'],
  }));
  const generator = createGenerator({
    path: root, tsconfig, skipTypeCheck: true, expose: 'all', jsDoc: 'none', additionalProperties: false, encodeRefs: false, topRef: true,
  });
  return generator.createSchema('Root').definitions;
}

/** `'A' | 'B' | string` becomes `'A' | 'B'`. */
function closeEnum(schema) {
  const closed = schema.anyOf?.find((one) => one.enum);
  const open = schema.anyOf?.some((one) => one.type === 'string' && !one.enum);
  return closed && open ? closed : schema;
}

/** All object types that a union may be, unions inside it resolved. */
function members(schema, all) {
  if (schema.$ref) return members(all[schema.$ref.split('/').pop()] ?? {}, all).map((one) => (one.$ref ? one : { $ref: schema.$ref, schema: one.schema }));
  if (schema.anyOf) return schema.anyOf.flatMap((one) => members(one, all));
  return [{ schema }];
}

/** A union of tagged objects becomes a `oneOf` with a discriminator. */
function tagUnion(schema, all) {
  if (!schema.anyOf) return schema;
  const parts = members(schema, all);
  if (parts.some((one) => !one.$ref || !one.schema.properties)) return schema;
  for (const propertyName of TAGS) {
    const values = parts.map((one) => one.schema.properties[propertyName]?.const);
    if (values.every((value) => value !== undefined) && new Set(values).size === values.length) {
      return { type: 'object', discriminator: { propertyName }, required: [propertyName], oneOf: parts.map(({ $ref }) => ({ $ref })) };
    }
  }
  return schema;
}

/** Whole numbers and moments, by the property's name. */
function narrow(schema) {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.type === 'number' && WHOLE.test(name)) schema.properties[name] = { type: 'integer' };
    if (property.type === 'string' && MOMENT.test(name)) schema.properties[name] = { type: 'string', format: 'utc-moment' };
  }
  return schema;
}

/** The error codes that the API sends and the SDK's union does not list. */
function openErrors(all) {
  const known = all.ErrorObject;
  const codes = known.oneOf.map(({ $ref }) => all[$ref.split('/').pop()].properties.code.const);
  all.KnownErrorObject = known;
  all.OtherErrorObject = {
    type: 'object',
    properties: { code: { type: 'string', minLength: 1 }, message: { type: 'string' } },
    required: ['code', 'message'],
  };
  all.ErrorObject = {
    if: { properties: { code: { enum: codes } }, required: ['code'] },
    then: { $ref: '#/definitions/KnownErrorObject' },
    else: { $ref: '#/definitions/OtherErrorObject' },
  };
  for (const name of ['ErrorResponse', 'AuthErrorResponse']) {
    const schema = all[name];
    schema.properties.errors.minItems = 1;
    schema.required = [...new Set([...schema.required, 'errors'])];
  }
}

function strengthen(definitions) {
  const all = {};
  for (const [name, schema] of Object.entries(definitions)) all[name] = narrow(closeEnum(schema));
  for (const [name, schema] of Object.entries(all)) all[name] = tagUnion(schema, all);
  openErrors(all);
  return { $id: 'sdk', definitions: { ...all, ...OAUTH } };
}

/** The code of a CommonJS module that exports a validator for each response type. */
async function compile(schemas) {
  const [{ default: Ajv }, { default: addFormats }, { default: standalone }] = await Promise.all([
    import('ajv'), import('ajv-formats'), import('ajv/dist/standalone/index.js'),
  ]);
  const ajv = new Ajv({ allErrors: true, strict: false, discriminator: true, verbose: true, code: { source: true } });
  addFormats(ajv);
  ajv.addFormat('utc-moment', UTC_MOMENT);
  ajv.addSchema(schemas);
  return standalone(ajv, Object.fromEntries(responseTypes().map((name) => [name, `sdk#/definitions/${name}`])));
}

/** The validators by the name of the type, from the cache or made now. */
async function load() {
  const require = createRequire(import.meta.url);
  const versions = ['@commercetools/platform-sdk', 'ajv'].map((name) => require(`${name}/package.json`).version);
  const sources = [HERE, fileURLToPath(new URL('./routes.mjs', import.meta.url))].map((path) => readFileSync(path));
  const digest = createHash('sha256').update(versions.join()).update(Buffer.concat(sources)).digest('hex').slice(0, 16);
  const path = `${CACHE}${digest}.cjs`;
  if (!existsSync(path)) {
    const code = await compile(strengthen(await generate()));
    // Test files run side by side: a half-written cache must not be read.
    writeFileSync(`${path}.${process.pid}`, code);
    renameSync(`${path}.${process.pid}`, path);
  }
  return require(path);
}

const validators = await load();

/**
 * What is wrong with `body` as the SDK's type `name`: one line per violation
 * with path and value, none when it conforms.
 * @param {string} name
 * @param {unknown} body
 * @returns {string[]}
 */
export function violations(name, body) {
  const validate = Object.hasOwn(validators, name) ? validators[name] : undefined;
  if (!validate) return [`no schema named ${name}`];
  if (validate(body)) return [];
  return validate.errors.filter((error) => error.keyword !== 'if').map((error) => `${name}${error.instancePath} ${describe(error)}`);
}

/** What is wrong at one place, with the value where it is short enough to help. */
function describe({ keyword, message, params, data }) {
  if (keyword === 'required') return message;
  if (keyword === 'additionalProperties') {
    return `has a property that the SDK does not know: ${params.additionalProperty} = ${shown(data[params.additionalProperty])}`;
  }
  if (keyword === 'discriminator') return `has an unknown ${params.tag}: ${shown(params.tagValue)}`;
  return `${message}${params.allowedValues ? ` (${params.allowedValues.join(', ')})` : ''}, is ${shown(data)}`;
}

const shown = (value) => JSON.stringify(value)?.slice(0, 200);

if (process.argv[1] === HERE) console.log(`${responseTypes().length} response types are ready`);
