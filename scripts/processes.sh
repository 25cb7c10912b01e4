#!/usr/bin/env bash
# processes.sh [NPM-TEST-ARGUMENT…]: runs the SDK's journeys against every service as processes of their own, two of
# each, on the testbed's Kafka and database, and compares the answers with those of the stack in one process.
#
# COMMERCE=PATH names the binary to test; without, a debug build is made. TRANSCRIPT=DIRECTORY is where the journeys
# against the stack in one process (scripts/journeys.sh with the same variable) have left their answers; without, they
# are run first.
. "$(dirname "$0")/lib.sh"

scripts/setup.sh journeys
if [ -z "${COMMERCE:-}" ]; then
  # shellcheck disable=SC2086 # an absent flag is no word
  cargo build --workspace ${CI:+--locked} --bin commerce --bin processes --bin testbed
  COMMERCE=$TARGET/debug/commerce
else
  # shellcheck disable=SC2086
  cargo build --workspace ${CI:+--locked} --bin processes --bin testbed
fi
export COMMERCE

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

one=${TRANSCRIPT:-$work/one}
if [ ! -d "$one" ]; then
  say "first in one process"
  TRANSCRIPT=$one scripts/journeys.sh "$@"
fi

say "then as processes, two of each service"
TRANSCRIPT=$work/processes "$TARGET/debug/testbed" run --only kafka,mongodb -- \
  "$TARGET/debug/processes" examples/quickstart.yaml -- \
  npm --prefix tests/journeys test --silent -- "$@"

node tests/journeys/lib/compare.mjs "$one" "$work/processes"
