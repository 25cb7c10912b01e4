#!/usr/bin/env bash
# with-stack.sh COMMAND…: starts the stack of examples/quickstart.yaml in one process, on a free port and an empty data
# directory, runs COMMAND with the six CTP_* variables of its client, and stops the stack.
#
# COMMERCE=PATH names the binary; without, a debug build is made. Exits with COMMAND's status, or with 1 where the stack
# is to blame: it did not start, logged an error or a panic, or did not stop when asked to.
. "$(dirname "$0")/lib.sh"

scripts/setup.sh curl node
if [ -z "${COMMERCE:-}" ]; then
  # shellcheck disable=SC2086 # an absent flag is no word
  cargo build --workspace ${CI:+--locked} --bin commerce
  COMMERCE=$TARGET/debug/commerce
fi

data=$(mktemp -d)
log=$data.log
server=
clean_up() {
  if [ -n "$server" ]; then
    kill -KILL "$server" 2>/dev/null || true
  fi
  rm -rf "$data" "$log"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

show_log() {
  printf -- '---- the last lines of the server ----\n' >&2
  tail -n 60 "$log" >&2
}

port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
"$COMMERCE" up -f examples/quickstart.yaml --listen "127.0.0.1:$port" --data-dir "$data" >"$log" 2>&1 &
server=$!

# Ready when it answers and has written the client's credentials.
deadline=$((SECONDS + 60))
until client=$(compgen -G "$data/*-admin.env" | head -n 1) && [ -n "$client" ] &&
  curl -fsS -o /dev/null "http://127.0.0.1:$port/" 2>/dev/null; do
  if ! kill -0 "$server" 2>/dev/null; then
    show_log
    server=
    die "the stack ended before it was ready"
  fi
  if [ "$SECONDS" -ge "$deadline" ]; then
    show_log
    die "the stack is not ready after 60 s"
  fi
  sleep 0.1
done

# Read, not sourced: a value may hold spaces without quotes.
while IFS='=' read -r name value; do
  case $name in
    CTP_*)
      value=${value#[\"\']}
      export "$name=${value%[\"\']}"
      ;;
  esac
done <"$client"

status=0
$TIED "$@" & # waited for so, a signal to this script is heeded at once
wait $! || status=$?
# What a client sees of an error inside is at most a 5xx; the log has the rest.
if grep -E 'panicked at|(^|[^A-Za-z])ERROR([^A-Za-z]|$)' "$log" >&2; then
  say "the lines above stand in the server's log"
  status=1
fi
[ "$status" -eq 0 ] || show_log

# The end: asked to stop, the stack drains and exits with 0.
kill -TERM "$server"
stopped=0
wait "$server" || stopped=$?
server=
if [ "$stopped" -ne 0 ]; then
  show_log
  die "the stack exited with $stopped when asked to stop"
fi
exit "$status"
