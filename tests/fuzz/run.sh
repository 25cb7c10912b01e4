#!/bin/sh
# Sends generated requests, good and bad ones, to every operation of a running
# server's /openapi.json and fails on any 5xx, any undocumented status or content
# type, and any answer outside its schema. Bounded and repeatable: same seed,
# same requests.
#
#   set -a; . .commerce/demo-admin.env; set +a; tests/fuzz/run.sh [schemathesis options]
#
# FUZZ_SEED (1), FUZZ_EXAMPLES (per operation, 25), FUZZ_WORKERS (2), FUZZ_SECONDS (1800), FUZZ_PHASES
# (examples,coverage,fuzzing). Coverage tries each bound of each schema, which is some 100,000 requests and 20
# minutes; fuzzing alone with 5 examples is some 1,600 requests and one or two minutes.
# It makes and changes data: use an ephemeral stack or an empty project.
set -eu

VERSION=4.32.5
here=$(cd "$(dirname "$0")" && pwd)
venv="${XDG_CACHE_HOME:-$HOME/.cache}/commercestack/schemathesis-$VERSION"

for name in CTP_PROJECT_KEY CTP_CLIENT_ID CTP_CLIENT_SECRET CTP_AUTH_URL CTP_API_URL; do
  eval "value=\${$name:-}"
  [ -n "$value" ] || { echo "fuzz: $name is not set" >&2; exit 2; }
done

if [ ! -x "$venv/bin/schemathesis" ]; then
  echo "fuzz: installing schemathesis $VERSION into $venv" >&2
  rm -rf "$venv"
  python3 -m venv "$venv" || { echo "fuzz: needs Python 3.10 or later with venv (Debian: apt install python3-venv)" >&2; exit 2; }
  "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$VERSION" || { rm -rf "$venv"; exit 2; }
fi

# Secrets go through standard input and the environment, never through arguments.
FUZZ_TOKEN=$("$venv/bin/python" "$here/token.py")
export FUZZ_TOKEN CTP_PROJECT_KEY
# Schemathesis keeps its state in the working directory.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM
cd "$scratch"

timeout "${FUZZ_SECONDS:-1800}" "$venv/bin/schemathesis" --config-file "$here/schemathesis.toml" run \
  "${CTP_API_URL%/}/openapi.json" --url "${CTP_API_URL%/}" --wait-for-schema 10 \
  --phases "${FUZZ_PHASES:-examples,coverage,fuzzing}" --mode all \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
  --seed "${FUZZ_SEED:-1}" --max-examples "${FUZZ_EXAMPLES:-25}" --workers "${FUZZ_WORKERS:-2}" \
  --request-timeout 20 --generation-database none --suppress-health-check all --continue-on-failure "$@" || {
  status=$?
  [ "$status" -ne 124 ] || echo "fuzz: not finished after ${FUZZ_SECONDS:-1800} s" >&2
  exit "$status"
}
