#!/usr/bin/env bash
# journeys.sh [NPM-TEST-ARGUMENT…]: runs the SDK's journeys against a freshly started stack (scripts/with-stack.sh), or,
# with the six CTP_* variables set, against the server that they name.
#
# TRANSCRIPT=DIRECTORY is where they leave the answers that they got.
. "$(dirname "$0")/lib.sh"

scripts/setup.sh journeys
run=(npm --prefix tests/journeys test --silent -- "$@")
if [ -n "${CTP_API_URL:-}" ]; then
  say "journeys against $CTP_API_URL"
  exec "${run[@]}"
fi
exec scripts/with-stack.sh "${run[@]}"
