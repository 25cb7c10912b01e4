/** Where the journeys run: the `CTP_*` variables, and nothing else. */

const NAMES = ['CTP_PROJECT_KEY', 'CTP_CLIENT_ID', 'CTP_CLIENT_SECRET', 'CTP_AUTH_URL', 'CTP_API_URL', 'CTP_SCOPES'];

const missing = NAMES.filter((name) => !process.env[name]);
if (missing.length > 0) {
  console.error(`The journeys need ${missing.join(', ')}. With a stack from \`commerce up\`:\n  set -a; . .commerce/demo-admin.env; set +a`);
  process.exit(2);
}

const url = (name) => process.env[name].replace(/\/+$/, '');

export const projectKey = process.env.CTP_PROJECT_KEY;
export const authUrl = url('CTP_AUTH_URL');
export const apiUrl = url('CTP_API_URL');
export const credentials = { clientId: process.env.CTP_CLIENT_ID, clientSecret: process.env.CTP_CLIENT_SECRET };
export const scopes = process.env.CTP_SCOPES.split(/[\s,]+/).filter(Boolean);
