#!/usr/bin/env bash
# setup.sh up|test|check|bench, or any of: rust cc go kafka mongodb pods testbed node nginx journeys fuzz deny image
#
# Makes sure that what these need is there, and says what it does. On Debian and Ubuntu it installs what is missing
# (as root or with sudo); elsewhere it says what to install. What is there and new enough is left alone, so running
# it again costs nothing.
. "$(dirname "$0")/lib.sh"

GO_WANTED=1.26 # what the Kubernetes of the testbed asks for
GO_TOOLCHAIN=1.26.8 # taken where the distribution's Go is older than GO_WANTED
JAVA_WANTED=17
NODE_WANTED=20
NODE_MAJOR=22 # taken where the distribution's Node is older than NODE_WANTED
CARGO_DENY=0.20

usage() { sed -n '2,6s/^# \{0,1\}//p' "$0"; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# packages PACKAGE…: installs packages of Debian or Ubuntu, because of what the caller found missing.
packages() {
  have apt-get || die "missing on this machine: $* (these are the names of Debian's packages). Install them, then run this again."
  [ "$(id -u)" -eq 0 ] || have sudo || die "missing: $*. Run as root: apt-get install $*"
  if [ "$(id -u)" -ne 0 ]; then
    say "sudo is needed to install: $*"
    sudo -v || die "missing: $*. Run as root: apt-get install $*"
  fi
  if [ -z "${APT_UPDATED:-}" ]; then
    quietly "reading the lists of packages (apt-get update)" as_root apt-get update || die "apt-get update failed"
    APT_UPDATED=yes
  fi
  quietly "installing $*" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" ||
    die "could not install: $*"
}

need_rust() {
  have cargo || die "there is no Rust toolchain (cargo). Install one with rustup, see https://rustup.rs, then run this again."
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  found=$(cargo --version | awk '{print $2}')
  version_at_least "$wanted" "$found" || die "Rust $wanted or newer is needed, cargo is $found. With rustup: rustup update stable"
}

need_rust_tools() {
  local component
  for component in fmt clippy; do
    cargo "$component" --version >/dev/null 2>&1 && continue
    have rustup || die "cargo $component is missing. Install the component of your Rust toolchain that has it."
    quietly "adding $component to the Rust toolchain" rustup component add "${component/fmt/rustfmt}" || die "rustup failed"
  done
}

need_cc() {
  local missing=()
  have cc || missing+=(build-essential)
  have make || missing+=(make)
  have pkg-config || missing+=(pkg-config)
  # The Kafka client links the machine's OpenSSL.
  pkg-config --exists openssl 2>/dev/null || missing+=(libssl-dev)
  [ ${#missing[@]} -eq 0 ] || packages "${missing[@]}"
}

go_version() { "$1" version 2>/dev/null | sed -n 's/^go version go\([0-9.]*\).*/\1/p'; }

go_is_new_enough() {
  local dir found
  # All of the PATH: a distribution's old Go may stand before a newer one. The testbed looks in the same way.
  while IFS= read -r -d : dir; do
    [ -x "$dir/go" ] || continue
    found=$(go_version "$dir/go")
    [ -n "$found" ] && version_at_least "$GO_WANTED" "$found" && return 0
  done <<<"$PATH:"
  return 1
}

need_go() {
  go_is_new_enough && return
  have go || packages golang-go ca-certificates
  go_is_new_enough && return
  # Go publishes its toolchains as modules, so an old Go fetches a new one.
  local arch modules=$CACHE/go-toolchain dir
  arch=$(go env GOARCH)
  quietly "fetching Go $GO_TOOLCHAIN into the cache (this machine's is $(go_version go), $GO_WANTED is needed)" \
    env GOMODCACHE="$modules" GOFLAGS= go mod download "golang.org/toolchain@v0.0.1-go$GO_TOOLCHAIN.linux-$arch" ||
    die "could not fetch Go $GO_TOOLCHAIN. Install Go $GO_WANTED or newer (https://go.dev/dl) and put it on the PATH."
  dir=$modules/golang.org/toolchain@v0.0.1-go$GO_TOOLCHAIN.linux-$arch
  chmod u+w "$dir/bin" "$dir/bin"/* "$dir/pkg/tool"/*/* # as modules, they come without the right to run
  chmod +x "$dir/bin"/* "$dir/pkg/tool"/*/*
  mkdir -p "$CACHE/bin"
  ln -sf "$dir/bin/go" "$CACHE/bin/go"
  go_is_new_enough || die "the Go in $dir does not run"
}

java_version() { java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'; }

# Kafka's jars come through Maven; the testbed fetches them.
need_kafka() {
  local missing=()
  have java || missing+=(default-jre-headless)
  have mvn || missing+=(maven)
  [ ${#missing[@]} -eq 0 ] || packages "${missing[@]}"
  [ "$(java_version)" -ge "$JAVA_WANTED" ] || die "Java $JAVA_WANTED or newer is needed, this is $(java_version)"
}

postgresql_is_there() { have initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }

# The testbed's MongoDB-protocol server stores in a PostgreSQL of its own: only the programs are needed, so the
# packages are kept from starting a server.
need_mongodb() {
  postgresql_is_there && return
  packages postgresql-common
  say "telling PostgreSQL's packages not to start a server (create_main_cluster in /etc/postgresql-common/createcluster.conf)"
  as_root sed -i 's/^#* *create_main_cluster *=.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  packages postgresql
  postgresql_is_there || die "PostgreSQL was installed, but its initdb is not in /usr/lib/postgresql/*/bin"
}

# What the testbed's nodes run that it does not build itself: runc, the plugins that link pods, packet filters; and a
# program that needs no libraries, for images.
need_pods() {
  local missing=() dir found=
  local PATH=$PATH:/usr/sbin:/sbin # which are not on everybody's PATH
  have ip || missing+=(iproute2)
  have unshare || missing+=(util-linux)
  have iptables || missing+=(iptables)
  have conntrack || missing+=(conntrack)
  have runc || missing+=(runc)
  if ! have busybox || ldd "$(command -v busybox)" >/dev/null 2>&1; then
    missing+=(busybox-static)
  fi
  for dir in /usr/lib/cni /opt/cni/bin /usr/libexec/cni; do
    [ ! -x $dir/host-local ] || found=yes
  done
  [ -n "$found" ] || missing+=(containernetworking-plugins)
  [ ${#missing[@]} -eq 0 ] || packages "${missing[@]}"
}

need_testbed() { needs go kafka mongodb pods; }

node_is_new_enough() {
  have node && [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge "$NODE_WANTED" ]
}

need_node() {
  if ! have npm || ! have node; then
    packages nodejs npm
  fi
  node_is_new_enough && return
  local arch package
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) die "Node $NODE_WANTED or newer is needed, this is $(node --version)" ;;
  esac
  package=node-linux-$arch
  quietly "fetching Node $NODE_MAJOR into the cache (this machine's is $(node --version), $NODE_WANTED is needed)" \
    npm install --prefix "$CACHE/node" --no-audit --no-fund "$package@$NODE_MAJOR" ||
    die "could not fetch Node $NODE_MAJOR. Install Node $NODE_WANTED or newer (https://nodejs.org) and put it on the PATH."
  mkdir -p "$CACHE/bin"
  ln -sf "$CACHE/node/node_modules/$package/bin/node" "$CACHE/bin/node"
  hash -r
  node_is_new_enough || die "the Node in $CACHE/node does not run"
}

# The packages that the journeys use, exactly as locked.
need_journeys() {
  need_node
  local dir=tests/journeys
  [ -f "$dir/package-lock.json" ] || return 0
  # npm writes this file last, so it also tells a whole installation from a broken one.
  [ "$dir/node_modules/.package-lock.json" -nt "$dir/package-lock.json" ] && return
  quietly "installing the journeys' npm packages" npm ci --prefix "$dir" --no-audit --no-fund || die "npm ci failed in $dir"
  touch "$dir/node_modules/.package-lock.json"
}

# tests/fuzz/run.sh makes a virtual environment of its own, which takes Python and two of its modules.
need_fuzz() {
  have python3 && python3 -c 'import ensurepip, venv' 2>/dev/null || packages python3 python3-venv
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    die "Python 3.10 or newer is needed, this is $(python3 --version)"
}

need_deny() {
  have cargo-deny && return
  need_cc
  # Unoptimised it builds in a third of the time, and its checks still take seconds.
  quietly "building cargo-deny $CARGO_DENY into the cache (once, some minutes)" \
    cargo install --debug cargo-deny --version "^$CARGO_DENY" --locked --root "$CACHE" || die "could not build cargo-deny"
}

# The gateway's peer in the benchmark. Debian's package would start a server on port 80, so only its program is taken.
need_nginx() {
  # It may be in sbin, which is not on everybody's PATH.
  [ -n "$(PATH=$PATH:/usr/sbin command -v nginx)" ] && return
  have apt-get || die "nginx is missing. Install it, then run this again."
  local dir=$CACHE/nginx
  mkdir -p "$dir" "$CACHE/bin"
  (cd "$dir" && apt-get download nginx >/dev/null 2>&1) || {
    quietly "reading the lists of packages (apt-get update)" as_root apt-get update || die "apt-get update failed"
    (cd "$dir" && quietly "fetching nginx into the cache" apt-get download nginx) || die "could not fetch nginx"
  }
  dpkg-deb -x "$dir"/nginx_*.deb "$dir"
  "$dir/usr/sbin/nginx" -v 2>/dev/null || die "the nginx in $dir does not run: $(ldd "$dir/usr/sbin/nginx" | grep 'not found')"
  ln -sf "$dir/usr/sbin/nginx" "$CACHE/bin/nginx"
}

# Packs images where there is no Docker.
need_image() {
  have buildah || packages buildah ca-certificates
}

need_curl() {
  have curl || packages curl ca-certificates
}

needs() {
  local need
  for need in "$@"; do
    case $need in
      up) needs rust cc ;;
      test) needs rust cc testbed curl journeys fuzz ;;
      check) needs test rust_tools deny ;;
      bench) needs rust cc testbed curl node nginx ;;
      rust | rust_tools | cc | go | kafka | mongodb | pods | testbed | node | nginx | journeys | fuzz | deny | image | curl) "need_$need" ;;
      *) die "unknown: $need
$(usage)" ;;
    esac
  done
}

[ $# -gt 0 ] || {
  usage
  exit 2
}
needs "$@"
