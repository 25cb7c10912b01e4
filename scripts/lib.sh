# Sourced by the scripts beside it: where things are, how they speak. Leaves the caller in the repository's root.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Built tools and servers; outside of the checkout, shared by all checkouts. The testbed uses the same place.
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/commercestack
TARGET=${CARGO_TARGET_DIR:-target}

# The cache's bin has a tool only where the machine had none that is new enough, so it goes first. The other two
# are where Rust's and Go's own installers put theirs; a shell that was open during the install lacks them.
PATH=$CACHE/bin:$PATH:$HOME/.cargo/bin:/usr/local/go/bin
export PATH

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
  BOLD=$'\e[1m' RED=$'\e[31m' GREEN=$'\e[32m' CYAN=$'\e[36m' PLAIN=$'\e[0m'
else
  BOLD='' RED='' GREEN='' CYAN='' PLAIN=''
fi

say() { printf '%s==>%s %s\n' "$CYAN" "$PLAIN" "$*" >&2; }
die() {
  printf '%serror:%s %s\n' "$RED" "$PLAIN" "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Before a command: it is ended when the script that started it ends, however that was. Only Linux has this.
# shellcheck disable=SC2034 # for those that source this
TIED=$(have setpriv && printf 'setpriv --pdeathsig TERM' || true)

# version_at_least WANTED FOUND, both like 1.22.3
version_at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# quietly WHAT COMMAND…: runs a command that takes long and says little of use: seconds pass visibly, its output
# is shown only if it fails.
quietly() {
  local what=$1 log status=0 pid
  shift
  log=$(mktemp)
  say "$what …"
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  # shellcheck disable=SC2064 # the values of now
  trap "kill $pid 2>/dev/null; rm -f '$log'; exit 130" INT TERM
  SECONDS=0
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    if [ -t 2 ]; then
      printf '\r    %s s ' "$SECONDS" >&2
    elif [ $((SECONDS % 30)) -eq 29 ]; then
      printf '    %s s\n' "$SECONDS" >&2
    fi
  done
  wait "$pid" || status=$?
  trap - INT TERM
  [ -t 2 ] && printf '\r           \r' >&2
  if [ "$status" -ne 0 ]; then
    tail -n 40 "$log" >&2
  fi
  rm -f "$log"
  return "$status"
}
