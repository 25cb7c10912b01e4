#!/usr/bin/env bash
# image.sh [--load] [services|operator|kafka|mongodb][=NAME]…: builds images, leaves each as an archive in
# target/images, and with --load takes them to the nodes of the testbed that runs.
#
# With Docker, everything is compiled in containers, on the base that Dockerfile names. Without, cargo compiles here and
# buildah packs. Where the base cannot be pulled, this machine's own libraries are the base, and two images stand in for
# those of the managed database and broker: Apache Kafka from its jars, and FerretDB for MongoDB
# (charts/commerce-operator/ci/testbed-values.yaml selects them).
#
# Environment: BUILDER=docker|buildah, BASE=IMAGE (localhost/commerce-base:host: this machine's libraries),
# PROFILE=release|dev, COMPILED=yes (target/images/bin has the programs).
. "$(dirname "$0")/lib.sh"

IMAGES=$(realpath --canonicalize-missing "$TARGET/images")
VALUES=charts/commerce-operator/ci/testbed-values.yaml
VERSION=$(sed -n 's/^appVersion: *//p' charts/commerce-operator/Chart.yaml)
BASE=${BASE:-$(sed -n 's/^ARG BASE=//p' Dockerfile)}
PROFILE=${PROFILE:-release}
HOST_BASE=localhost/commerce-base:host
CERTIFICATES=/etc/ssl/certs/ca-certificates.crt

usage() { sed -n '2,11s/^# \{0,1\}//p' "$0"; }

# As containerd calls what the chart's values name.
name_of() {
  case $1 in
    services) echo "docker.io/commercestack/commerce:$VERSION" ;;
    operator) echo "docker.io/commercestack/commerce-operator:$VERSION" ;;
    kafka | mongodb) sed -n "s/^ *$1Image: *//p" $VALUES ;;
    *) die "unknown: $1
$(usage)" ;;
  esac
}

builder() {
  if have docker && timeout 20 docker info >/dev/null 2>&1; then
    echo docker
  else
    echo buildah
  fi
}

# Its storage is beside what it makes, so that nothing of it is left elsewhere.
BUILDAH=(buildah --storage-driver vfs --root "$IMAGES/storage" --runroot "$IMAGES/run")

# build NAME ARGUMENT…
build() {
  local name=$1 command=(docker build)
  shift
  [ "$BUILDER" = docker ] || command=("${BUILDAH[@]}" build --isolation chroot)
  quietly "building $name" "${command[@]}" --tag "$name" "$@" || die "could not build $name"
}

# pack NAME FILE: writes the image to an archive. What buildah keeps of it is only in the way.
pack() {
  rm -f "$2"
  if [ "$BUILDER" = docker ]; then
    docker save --output "$2" "$1"
  else
    "${BUILDAH[@]}" push --quiet "$1" "oci-archive:$2:$1"
    "${BUILDAH[@]}" rmi "$1" >/dev/null
  fi
}

# libraries FILE…: what these are linked to.
libraries() {
  local file
  for file in "$@"; do
    ldd "$file" 2>/dev/null | awk '$3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' | grep -v '/\.\./' || true
  done
}

# carry ROOT FILE…: copies files to their own paths below ROOT.
carry() {
  local root=$1
  shift
  printf '%s\n' "$@" | sort -u | xargs cp -RL --parents -t "$root"
}

# empty_root ROOT USER ID: what every system has.
empty_root() {
  rm -rf "$1"
  mkdir -p "$1/etc" "$1/usr/bin"
  mkdir -m 1777 "$1/tmp"
  echo "$2:x:$3:$3::/:/bin/false" >"$1/etc/passwd"
  echo "$2:x:$3:" >"$1/etc/group"
  echo "hosts: files dns" >"$1/etc/nsswitch.conf"
}

# Compiles the programs into $IMAGES/bin.
programs() {
  local dir=$TARGET/$PROFILE program
  [ "$PROFILE" != dev ] || dir=$TARGET/debug
  scripts/setup.sh rust cc
  # shellcheck disable=SC2086 # an absent flag is no word
  cargo build --profile "$PROFILE" ${CI:+--locked} --workspace --bin commerce --bin commerce-operator
  mkdir -p "$IMAGES/bin"
  for program in commerce commerce-operator; do
    strip -o "$IMAGES/bin/$program" "$dir/$program"
  done
}

can_pull() {
  "${BUILDAH[@]}" inspect --type image "$BASE" >/dev/null 2>&1 || {
    say "pulling $BASE"
    timeout 120 "${BUILDAH[@]}" pull --quiet "$BASE" >"$IMAGES/pull.log" 2>&1
  }
}

# The base of machines that cannot pull: what the programs are linked to, and the authorities' certificates.
host_base() {
  local context=$IMAGES/base root=$IMAGES/base/root
  empty_root "$root" nonroot 65532
  # shellcheck disable=SC2046 # paths of libraries have no blanks
  carry "$root" $(libraries "$IMAGES"/bin/*) $CERTIFICATES
  printf 'FROM scratch\nCOPY root/ /\nENV SSL_CERT_FILE=%s\n' $CERTIFICATES >"$context/Dockerfile"
  build $HOST_BASE "$context"
}

# Compiles and finds a base, once.
prepare() {
  [ -z "${PREPARED:-}" ] || return 0
  [ -n "${COMPILED:-}" ] || programs
  if [ "$BASE" != $HOST_BASE ] && ! can_pull; then
    say "$BASE cannot be pulled ($(tail -n 1 "$IMAGES/pull.log")): this machine's libraries are the base"
    BASE=$HOST_BASE
  fi
  [ "$BASE" != $HOST_BASE ] || host_base
  PREPARED=yes
}

# ours TARGET NAME
ours() {
  local container
  if [ "$BUILDER" = docker ]; then
    build "$2" --target "$1" --build-arg "BASE=$BASE" --build-arg "PROFILE=$PROFILE" .
    return
  fi
  prepare
  build "$2" --file Dockerfile --target "$1" --build-arg BINARIES=prebuilt --build-arg "BASE=$BASE" "$IMAGES/bin"
  # What was linked here may be too new for the base.
  container=$("${BUILDAH[@]}" from "$2")
  "${BUILDAH[@]}" run --isolation chroot "$container" -- "/usr/local/bin/$(basename "${2%:*}")" --version >/dev/null ||
    die "the program does not run on $BASE: build with Docker, or with BASE=$HOST_BASE"
  "${BUILDAH[@]}" rm "$container" >/dev/null
}

# kafka NAME
kafka() {
  local root=$IMAGES/kafka/root java parts
  scripts/setup.sh kafka
  java=$(readlink -f "$(command -v java)")
  java=${java%/bin/java}
  empty_root "$root" appuser 1000
  mkdir -p "$root"/{etc/kafka/docker,opt/kafka/config,var/lib/kafka/data,mnt/shared/config}
  mapfile -t parts < <(
    find "$java/lib" -name '*.so' | grep -vE 'awt|font|jpeg|lcms|splash|sound|mlib|atk' # nothing to see or hear here
    printf '%s\n' "$java"/bin/java "$java"/lib/server/libjvm.so /bin/{bash,df,rm,sleep}
  )
  mapfile -t -O ${#parts[@]} parts < <(libraries "${parts[@]}")
  carry "$root" "${parts[@]}" "$java"/{conf,lib/modules,lib/jvm.cfg,lib/tzdb.dat,lib/security,lib/server}
  ln -s "$java/bin/java" "$root/usr/bin/java"
  cp testbed/images/kafka/{run,archive} "$root/etc/kafka/docker"
  quietly "fetching Apache Kafka's jars" mvn --batch-mode --no-transfer-progress --file testbed/kafka/pom.xml \
    dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$root/opt/kafka/libs" ||
    die "Maven could not fetch Apache Kafka"
  build "$1" --file testbed/images/kafka/Dockerfile "$IMAGES/kafka"
}

# mongodb NAME
mongodb() {
  local root=$IMAGES/mongodb/root postgresql version parts
  scripts/setup.sh go mongodb
  # shellcheck disable=SC2012 # names of versions
  version=$(ls /usr/lib/postgresql | sort -n | tail -n 1)
  postgresql=/usr/lib/postgresql/$version
  empty_root "$root" mongodb 999
  mkdir -p "$root"/data/{db,configdb} "$root"/usr/{share/postgresql,local/bin}
  parts=("$postgresql"/bin/{initdb,postgres,pg_isready} /bin/{bash,sh,cat,chmod,mv,rm,sleep})
  mapfile -t -O ${#parts[@]} parts < <(libraries "${parts[@]}")
  carry "$root" "${parts[@]}" "$postgresql"/lib/{plpgsql,dict_snowball,*_and_*,utf8*}.so \
    "/usr/share/postgresql/$version" /usr/share/zoneinfo/UTC
  ln -s "$postgresql"/bin/* "$root/usr/local/bin/"
  cargo build ${CI:+--locked} --workspace --bin testbed
  cp "$("$TARGET/debug/testbed" path ferretdb)" testbed/images/mongodb/docker-entrypoint.sh "$root/usr/local/bin/"
  build "$1" --file testbed/images/mongodb/Dockerfile "$IMAGES/mongodb"
}

load=
wanted=()
for word in "$@"; do
  case $word in
    --load) load=yes ;;
    services* | operator* | kafka* | mongodb*) wanted+=("$word") ;;
    *)
      usage
      exit 2
      ;;
  esac
done

mkdir -p "$IMAGES"
exec 9>"$IMAGES/lock" # Tilt builds two at a time
flock 9
BUILDER=${BUILDER:-$(builder)}
[ "$BUILDER" = docker ] || scripts/setup.sh image
if [ ${#wanted[@]} -eq 0 ]; then
  wanted=(services operator)
  if [ "$BUILDER" = buildah ] && ! can_pull; then
    wanted+=(kafka mongodb)
  fi
fi
for word in "${wanted[@]}"; do
  what=${word%%=*}
  name=$(name_of "$what") file=$IMAGES/$what.tar
  if [ "$what" != "$word" ]; then
    name=${word#*=} file=$IMAGES/$what-named.tar
    [[ ${name%%/*} == *[.:]* || ${name%%/*} == localhost ]] || name=docker.io/$name
  fi
  case $what in
    kafka | mongodb) "$what" "$name" ;;
    *) ours "$what" "$name" ;;
  esac
  pack "$name" "$file"
  say "$name, $(($(stat -c %s "$file") / 1000000)) MB: $file"
  [ -z "$load" ] || "$TARGET/debug/testbed" load "$file"
done
