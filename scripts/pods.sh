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

# scenarios TESTBED IMAGES TESTS SAID [FILTER…]: beneath the cluster. One after the other, as they share a stack and two
# cores. What failed runs once more: what fails twice is a fault, what passes then is told.
scenarios() {
  local testbed=$1 images=$2 tests=$3 said=$4 failed
  shift 4
  "$testbed" load "$images"/*.tar
  cd tests
  run() { "$tests" --ignored --nocapture --test-threads 1 "$@" | tee -a "$said"; }
  local status=0
  if [ $# -gt 0 ]; then
    run "$@" || status=$?
  else
    # The journeys first, on an empty database: FerretDB is slower the more is in it.
    run quickstart || status=$?
    run --skip quickstart || status=$?
  fi
  [ "$status" -ne 0 ] || return 0
  mapfile -t failed < <(sed -n '/^failures:$/,/^test result/s/^    \([a-z0-9_]*::[a-z0-9_:]*\)$/\1/p' "$said" | sort -u)
  [ ${#failed[@]} -gt 0 ] || die "the scenarios ended before their end"
  say "once more: ${failed[*]}"
  run --exact "${failed[@]}" || die "failed twice; see above"
  say "passed the second time (look into it): ${failed[*]}"
}
export -f scenarios

# shellcheck disable=SC2016 # the inner shell's own variables
TRANSCRIPT=$work/pods "$TARGET/debug/testbed" run --only kubernetes --nodes 2 -- \
  bash -c '. scripts/lib.sh; scenarios "$@"' pods "$TARGET/debug/testbed" "$TARGET/images" "$tests" "$work/said" "$@"

if [ -n "${TRANSCRIPT:-}" ] && [ $# -eq 0 ]; then
  node tests/journeys/lib/compare.mjs "$TRANSCRIPT" "$work/pods"
fi
