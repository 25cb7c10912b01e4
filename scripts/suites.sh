#!/usr/bin/env bash
# suites.sh DIRECTORY: runs every test program of the workspace as `cargo test` would, but as many at a time as there are
# cores, or LANES: most of them wait for servers most of the time. Those that took longest the last time go first. What a
# program says is shown when it has ended, and kept in DIRECTORY/log; one that fails does not keep the others from running.
# One that has not ended after a quarter of an hour, or SUITE_SECONDS, is shown with its processes, and ended.
#
# What failed runs once more at the end, alone: what passes then was held up by its neighbours, which is told, and what
# fails twice is a fault.
. "$(dirname "$0")/lib.sh"

export DIRECTORY=$1
export TIED
export SUITE_SECONDS=${SUITE_SECONDS:-900}
TIMES=$CACHE/suite-seconds # of the last run: seconds, place of the program in the sources

# Lines of: directory to run in, program, its place in the sources (workloads/cart/tests/http/main.rs).
programs() {
  # shellcheck disable=SC2086 # an absent flag is no word
  cargo test --workspace ${CI:+--locked} --no-run --message-format=json-render-diagnostics |
    node -e '
      const { dirname, relative } = require("node:path");
      for (const line of require("node:fs").readFileSync(0, "utf8").split("\n").filter(Boolean)) {
        const { executable, manifest_path, target, profile } = JSON.parse(line);
        if (!executable || !profile.test) continue;
        console.log([dirname(manifest_path), executable, relative(process.cwd(), target.src_path)].join("\t"));
      }'
}

# What has no time yet goes first: it may be long.
longest_first() {
  awk -F '\t' -v OFS='\t' 'FILENAME == ARGV[1] { took[$2] = $1; next } { print (($3 in took) ? took[$3] : 1e6), $0 }' \
    "$TIMES" - | sort -k 1,1nr | cut -f 2-
}

# suite LINE
suite() {
  local directory program place said pid timer ended status=0 began=$EPOCHSECONDS
  IFS=$'\t' read -r directory program place <<<"$1"
  said=$(mktemp -p "$DIRECTORY")
  (cd "$directory" && exec $TIED "$program") >"$said" 2>&1 </dev/null &
  pid=$!
  $TIED sleep "$SUITE_SECONDS" &
  timer=$!
  wait -n -p ended "$pid" "$timer" || status=$?
  if [ "$ended" = "$timer" ]; then
    { printf '\nNot ended after %s s:\n' "$SUITE_SECONDS"; processes_of "$pid"; } >>"$said"
    ended=$pid status=124
  else
    ended=$timer
  fi
  { kill "$ended" && wait "$ended" || true; } 2>/dev/null
  exec 9>>"$DIRECTORY/log"
  flock 9
  printf '\n     Running %s (%s s)\n' "$place" $((EPOCHSECONDS - began)) | cat - "$said" | tee -a /dev/fd/9
  printf '%s\t%s\n' $((EPOCHSECONDS - began)) "$place" >>"$DIRECTORY/times"
  if [ "$status" -ne 0 ]; then
    failures "$place" "$status" "$said" >>"$DIRECTORY/failed"
    printf '%s\n' "$1" >>"$DIRECTORY/again"
  fi
  rm "$said"
}

# processes_of PID: it and all that it started, and what each waits for.
processes_of() {
  ps -eo pid,ppid,stat,etime,wchan:24,args | awk -v root="$1" '
    NR == 1 { print; next }
    { line[$1] = $0; parent[$1] = $2; order[NR] = $1 }
    END {
      for (n = 2; n <= NR; n++) {
        for (at = order[n]; at > 1 && at != root; at = parent[at]);
        if (at == root) print substr(line[order[n]], 1, 160)
      }
    }'
}

# failures PLACE STATUS SAID: the program, how it ended, and the tests in it that failed or were not at their end.
failures() {
  printf '%s (exit %s)\n' "$1" "$2"
  awk '/^test .* FAILED$/ { print "    " $2 " failed" }
    /^test .* has been running for over/ { late[$2] }
    /^test .* (ok|FAILED)$/ { delete late[$2] }
    END { for (name in late) print "    " name " did not end" }' "$3"
}
export -f suite processes_of failures

# each LANES: runs the programs of the lines that come in.
each() { $TIED xargs -P "$1" -d '\n' -I{} $TIED bash -c 'suite "$1"' suite {}; }

mkdir -p "$CACHE"
touch "$TIMES"
programs | longest_first | each "${LANES:-$(nproc)}"
[ -s "$DIRECTORY/times" ] || die "cargo built no test program"
sort -nr "$DIRECTORY/times" >"$TIMES"
[ -e "$DIRECTORY/again" ] || exit 0

mv "$DIRECTORY/again" "$DIRECTORY/once_more"
mv "$DIRECTORY/failed" "$DIRECTORY/failed_beside_others"
say "once more, alone:
$(cat "$DIRECTORY/failed_beside_others")"
each 1 <"$DIRECTORY/once_more"
[ ! -e "$DIRECTORY/failed" ] || die "these programs failed twice:
$(cat "$DIRECTORY/failed")"
say "passed alone, having failed beside others (look into it):
$(cat "$DIRECTORY/failed_beside_others")"
