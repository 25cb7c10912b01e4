#!/usr/bin/env bash
# run.sh [--quick] [--only MEASURE,…] [--no-write]: builds, starts ours and the peers on loopback ports and fresh data
# directories, measures, prints the table and writes docs/benchmarks.md. The 500 stacks
# of the operator's rows alone take more than a quarter of an hour.
#
#   --quick     one short run of each: shows that everything works, and is no result (implies --no-write)
#   --only      of start, read, cart, checkout, flash, gateway, relay, operator, pods
#   --no-write  leave docs/benchmarks.md as it is
#
# COMMERCE=PATH names the binary to measure; without, a release build is made.
. "$(dirname "$0")/../scripts/lib.sh"

[ "$(uname -s)" = Linux ] || die "the benchmark reads /proc and pins processes to cores: it runs on Linux only"
scripts/setup.sh curl node testbed nginx
have taskset || die "taskset is missing (Debian's package util-linux)"

peers=bench/peers
# npm writes this file last, so it also tells a whole installation from a broken one.
if ! [ "$peers/node_modules/.package-lock.json" -nt "$peers/package-lock.json" ]; then
  quietly "installing the peers' npm packages" npm ci --prefix "$peers" --no-audit --no-fund || die "npm ci failed in $peers"
  touch "$peers/node_modules/.package-lock.json"
fi

build=(cargo build --release --workspace --bin commerce-bench --bin commerce-operator --bin processes --bin testbed)
build+=(--example measure --example kafka_speed)
if [ -z "${COMMERCE:-}" ]; then
  build+=(--bin commerce)
  COMMERCE=$TARGET/release/commerce
fi
# shellcheck disable=SC2086 # an absent flag is no word
"${build[@]}" ${CI:+--locked}

# The first start of the testbed's servers builds and fetches them, which is no part of what is measured.
"$TARGET/release/testbed" run -- true

PATH=$PATH:/usr/sbin # nginx may be there
export COMMERCE BENCH=$TARGET/release/commerce-bench
exec timeout --signal=TERM --kill-after=20 3000 node bench/run.mjs "$@"
