#!/bin/bash
# Starts FerretDB on a PostgreSQL of its own, as mongo's entry point starts mongod: with the administrator that
# MONGO_INITDB_ROOT_USERNAME and _PASSWORD name, whom the first start makes, and with its data in /data/db.
set -euo pipefail

if [ "${1:-mongod}" != mongod ]; then
  exec "$@"
fi
[ $# -le 1 ] || {
  echo "this stand-in of mongod takes no options: $*" >&2
  exit 2
}
user=${MONGO_INITDB_ROOT_USERNAME:-}
password=${MONGO_INITDB_ROOT_PASSWORD:-}
ferretdb=(ferretdb --handler=pg --postgresql-url=postgres://postgres@127.0.0.1:5432/postgres --listen-addr=:27017
  --debug-addr=- --telemetry=disable --state-dir=/data/db --log-level=error)
if [ -n "$user" ] && [ -n "$password" ]; then
  ferretdb+=(--test-enable-new-auth --setup-username="$user" --setup-database=admin)
  export FERRETDB_SETUP_PASSWORD=$password
elif [ -n "$user$password" ]; then
  echo "missing MONGO_INITDB_ROOT_USERNAME or MONGO_INITDB_ROOT_PASSWORD" >&2
  exit 1
fi
unset "${!MONGO_INITDB_@}" password

data=/data/db/postgresql
if [ ! -d "$data" ]; then
  rm -rf "$data.new"
  initdb -D "$data.new" --username=postgres --auth=trust --locale=C --encoding=UTF8 --wal-segsize=4 >/tmp/initdb.log 2>&1 ||
    {
      cat /tmp/initdb.log >&2
      exit 1
    }
  mv "$data.new" "$data"
fi
chmod -R g= "$data" # a volume may come back with rights of its group, which PostgreSQL refuses

# The system's own crash would lose data, that of a container does not.
postgres -D "$data" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 \
  -c shared_buffers=64MB -c dynamic_shared_memory_type=mmap -c jit=off -c fsync=off -c full_page_writes=off \
  -c logging_collector=off -c log_min_messages=fatal -c log_min_error_statement=panic &
store=$!
until pg_isready -q -h 127.0.0.1 -U postgres; do
  kill -0 "$store" || exit 1
  sleep 0.1
done
"${ferretdb[@]}" &
server=$!

# Whichever ends first ends the other. PostgreSQL takes INT for “now, in good order”.
stop() {
  kill -TERM "$server" 2>/dev/null || true
  wait "$server" || true
  kill -INT "$store" 2>/dev/null || true
  wait "$store" || true
}
trap 'stop; exit 0' TERM INT
status=0
wait -n "$store" "$server" || status=$?
echo "the database has ended" >&2
stop
exit "$((status ? status : 1))"
