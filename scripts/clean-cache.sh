#!/usr/bin/env bash
# clean-cache.sh: removes what setup and the testbed keep outside of the checkout; refuses while a server runs.
. "$(dirname "$0")/lib.sh"

[ -d "$CACHE" ] || {
  say "there is no cache at $CACHE"
  exit
}
for process in "$CACHE"/testbed/run/*/process; do
  [ -e "$process" ] || continue
  read -r pid _ <"$process"
  if kill -0 "$pid" 2>/dev/null; then
    die "a server of the testbed runs (process $pid); end what uses it first, or what it left behind: testbed down"
  fi
done
for elsewhere in "$CACHE"/testbed/run/*/elsewhere; do
  [ -e "$elsewhere" ] || continue
  rm -rf "$(cat "$elsewhere")"
done
size=$(du -sh "$CACHE" | cut -f 1)
chmod -R u+w "$CACHE" # Go's modules are read-only
rm -rf "$CACHE"
say "removed $CACHE ($size)"
