#!/usr/bin/env bash
# fuzz.sh [SCHEMATHESIS-OPTION…]: sends generated requests to a freshly started stack (scripts/with-stack.sh). Its
# variables are those of tests/fuzz/run.sh.
. "$(dirname "$0")/lib.sh"

scripts/setup.sh fuzz
exec scripts/with-stack.sh tests/fuzz/run.sh "$@"
