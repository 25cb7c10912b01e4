#!/usr/bin/env bash
# test.sh: all tests. First those of the workspace, with real servers from the testbed beside them (or those that
# KUBECONFIG, KAFKA_BROKER and MONGODB_URI name), then the journeys of the SDK against a freshly started stack, and
# again against every service as processes, with the same answers; generated requests; at the end the scenarios on real
# pods.
. "$(dirname "$0")/lib.sh"

is_root=
[ "$(id -u)" -ne 0 ] || is_root=yes
# Said before anything is built, not half an hour later.
[ -n "$is_root" ] || [ -z "${CI:-}" ] || die "the scenarios on pods need root, for their nodes: run this as root"

locked=${CI:+--locked}
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  export CARGO_TERM_COLOR=always # through tee, cargo sees no terminal
fi

# Built first, so that what compiling takes and what testing takes is told apart.
# shellcheck disable=SC2086 # an absent flag is no word
scripts/step "build the tests" cargo test --workspace $locked --no-run
# shellcheck disable=SC2086
scripts/step "build the programs" cargo build --workspace $locked --bins

# The first start builds what a node consists of: once and here, where no test's time is running.
if [ -n "$is_root" ]; then
  scripts/step "nodes of the testbed" "$TARGET/debug/testbed" run --only kubernetes --nodes 1 -- true
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/suites"
scripts/step "cargo test, beside real servers" "$TARGET/debug/testbed" run -- scripts/suites.sh "$work/suites"

built=(env COMMERCE="$TARGET/debug/commerce")
scripts/step "SDK journeys" "${built[@]}" TRANSCRIPT="$work/one" scripts/journeys.sh

# Together, as neither keeps two cores busy. Few examples of every operation: `scripts/fuzz.sh` by itself sends many more.
$TIED scripts/step "generated requests" $TIED "${built[@]}" FUZZ_PHASES=fuzzing FUZZ_EXAMPLES=5 FUZZ_SECONDS=600 \
  scripts/fuzz.sh >"$work/fuzz" 2>&1 &
fuzz=$! status=0
scripts/step "SDK journeys, every service as processes" \
  "${built[@]}" TRANSCRIPT="$work/one" scripts/processes.sh || status=$?
wait "$fuzz" || status=$?
cat "$work/fuzz"
[ "$status" -eq 0 ] || exit "$status"

if [ -n "$is_root" ]; then
  scripts/step "scenarios on pods" env TRANSCRIPT="$work/one" PROFILE=dev scripts/pods.sh
else
  say "LEFT OUT: the scenarios on pods need root, for their nodes (sudo make pods)"
fi

awk '/^test result:/ { suites++; passed += $4; failed += $6; ignored += $8 }
  END { printf "cargo test: %d passed; %d failed; %d ignored; %d suites\n", passed, failed, ignored, suites }' "$work/suites/log"
if [ -e "$work/suites/failed_beside_others" ]; then
  say "those that failed passed when they ran once more, alone; look into:
$(cat "$work/suites/failed_beside_others")"
fi
