#!/usr/bin/env bash
# pods.sh [FILTER…]: the scenarios on real pods (tests/tests/pods): a cluster of two nodes, the images on them, the
# operator installed by Helm. FILTER names some of the scenarios.
#
# Needs root, for the nodes. TRANSCRIPT=DIRECTORY is where the journeys against the stack in one process have left their
# answers (scripts/journeys.sh with the same variable): with it, those of the pods are compared with them.
# PROFILE=dev takes images of debug builds.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || die "nodes need root: run scripts/pods.sh as root"
scripts/setup.sh pods journeys
scripts/image.sh
# shellcheck disable=SC2086 # an absent flag is no word
cargo build --workspace ${CI:+--locked} --bin testbed
# shellcheck disable=SC2086
tests=$(cargo test --workspace ${CI:+--locked} --test pods --no-run --message-format=json-render-diagnostics |
  sed -n 's/.*"executable":"\([^"]*\/pods-[^"]*\)".*/\1/p')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# One after the other: they share a stack, and two cores.
# shellcheck disable=SC2016 # the inner shell's own variables
TRANSCRIPT=$work/pods "$TARGET/debug/testbed" run --only kubernetes --nodes 2 -- \
  bash -euc '"$1" load "$2"/*.tar; cd tests; shift 2; exec "$@"' pods "$TARGET/debug/testbed" "$TARGET/images" \
  "$tests" --ignored --nocapture --test-threads 1 "$@"

if [ -n "${TRANSCRIPT:-}" ] && [ $# -eq 0 ]; then
  node tests/journeys/lib/compare.mjs "$TRANSCRIPT" "$work/pods"
fi
