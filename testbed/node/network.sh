#!/usr/bin/env bash
# network.sh: the first process of a cluster's nodes, in namespaces of its own. It joins the nodes to each other and to
# the machine, runs what they share (DNS, volumes), and starts them; all that they start ends with it.
#
# Its directory holds what it makes. File 3 is the machine's network. The variables are set by src/nodes.
#
#   198.18.N.1 the machine   .2 this router, with DNS   .11… the nodes   N+4…N+7 Services   N+8… pods, by node
set -euo pipefail

# Whoever ends this process ends all; so this is the process to remember. /proc still tells the machine's numbers.
read -r stat </proc/self/stat
echo "$stat" >process.new
mv process.new process
mount -t proc proc /proc
ulimit -n "$(ulimit -Hn)" # Kafka, for one, has many files

machine() { nsenter --net=/proc/self/fd/3 "$@"; }

ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
ip link add eth0 type veth peer name "$LINK" netns /proc/self/fd/3
ip address add "$ROUTER" peer "$MACHINE" dev eth0
ip link set eth0 up
machine ip address add "$MACHINE" peer "$ROUTER" dev "$LINK"
machine ip link set "$LINK" up
machine ip route add "$NETWORK" via "$ROUTER"

# What holds a pod's namespaces only has to be there.
bash archive.sh localhost/pause:1 "$(command -v busybox)" sleep infinity >pause.tar

# The machine is reachable; now the API server starts there.
touch network.ready
until [ -e start ]; do sleep 0.02; done

# What is mounted in there, all nodes see.
mkdir volumes
mount --bind volumes volumes
mount --make-shared volumes
for ((i = 1; i <= NODES; i++)); do
  mkdir "node$i"
  unshare --net --mount --propagation slave --pid --fork --kill-child bash node.sh "$i" 4</proc/self/ns/net >"node$i/log" 2>&1 &
done

# Of other names than those of the cluster, nobody here knows any.
cat >Corefile <<END
cluster.local in-addr.arpa {
  bind $ROUTER
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $PWD/admin.kubeconfig
    ttl 5
  }
}
. {
  bind $ROUTER
  errors
  template ANY ANY {
    rcode NXDOMAIN
  }
}
END
# A line through the file `dns` ends it, another one starts it again. It is open all the time, for who opens it anew
# might meet the end of the line before.
dns() {
  local server
  while true; do
    coredns -conf Corefile &
    server=$!
    read -r _ <&5
    kill "$server"
    wait
    read -r _ <&5
  done
}
mkfifo dns
exec 5<>dns
dns &
volumes admin.kubeconfig "$PWD/volumes" /run/volumes >volumes.log 2>&1 &

wait -n # none of them ends by itself
echo "something of the nodes ended; their last words:"
tail -n 4 -- *.log node*/*log
exit 1
