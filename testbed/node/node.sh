#!/usr/bin/env bash
# node.sh NUMBER: one node: its network, its view of the machine's files, containerd, kube-proxy and kubelet.
#
# File 3 is the machine's network, file 4 the router's. The node has a /proc, /run and /var of its own, so what its
# programs keep in their usual places meets neither the machine's nor another node's.
set -euo pipefail

name=node$1
address=${ROUTER%.*}.$((10 + $1))
pods=$(awk -F '[./]' -v n="$1" '{ print $1 "." $2 "." $3 + n - 1 ".0/24" }' <<<"$PODS")

mount -t proc proc /proc
router() { nsenter --net=/proc/self/fd/4 "$@"; }
ip link set lo up
ip link add eth0 type veth peer name "$name" netns /proc/self/fd/4
ip address add "$address" peer "$ROUTER" dev eth0
ip link set eth0 up
ip route add default via "$ROUTER"
echo 1 >/proc/sys/net/ipv4/ip_forward
router ip address add "$ROUTER" peer "$address" dev "$name"
router ip link set "$name" up
router ip route add "$pods" via "$address"
[ "$1" -ne 1 ] || router ip route add "$SERVICES" via "$address"
exec 3<&- 4<&-

here=$PWD
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/node /run/volumes /run/tmp /run/var/upper /run/var/work /run/lock
mount --bind "$here/$name" /run/node
mount --bind "$here/volumes" /run/volumes
mount -t overlay -o lowerdir=/var,upperdir=/run/var/upper,workdir=/run/var/work overlay /var
mkdir -p /run/node/{cni,containerd,kubelet,logs} /var/lib/kubelet /var/log/pods
mount --bind /run/node/kubelet /var/lib/kubelet
mount --bind /run/node/logs /var/log/pods
export TMPDIR=/run/tmp

# The kubelet wants these so, and would set them for the whole machine.
wants() {
  echo "$2" >"/run/${1##*/}"
  mount --bind "/run/${1##*/}" "/proc/sys/$1"
}
wants vm/overcommit_memory 1
wants vm/panic_on_oom 0
wants kernel/panic 10
wants kernel/panic_on_oops 1
wants kernel/keys/root_maxkeys 1000000
wants kernel/keys/root_maxbytes 25000000

# A control group, where all kinds of control know it.
for root in $(findmnt -rn -o TARGET -t cgroup,cgroup2); do
  mkdir -p "$root/$CGROUP/$name"
  [ -e "$root/cgroup.controllers" ] || continue
  for controller in $(cat "$root/cgroup.controllers"); do
    for parent in "$root" "$root/$CGROUP"; do
      echo "+$controller" >"$parent/cgroup.subtree_control" || true
    done
  done
done

cat >/run/node/cni/pods.conflist <<END
{ "cniVersion": "1.0.0", "name": "pods", "plugins": [
  { "type": "ptp", "ipam": { "type": "host-local", "dataDir": "/run/cni", "ranges": [[{ "subnet": "$pods" }]],
    "routes": [{ "dst": "0.0.0.0/0" }] } },
  { "type": "portmap", "capabilities": { "portMappings": true } }
] }
END
cat >/run/node/containerd.toml <<END
version = 3
root = "/run/node/containerd"
state = "/run/containerd"
[grpc]
address = "/run/node/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "/run/containerd/opt"
[plugins."io.containerd.nri.v1.nri"]
disable = true
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "localhost/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
disable_apparmor = true # its profile would stay in the kernel
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["$CNI"]
conf_dir = "/run/node/cni"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
END
cat >/run/node/kube-proxy.yaml <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: { kubeconfig: $here/kube-proxy.kubeconfig }
hostnameOverride: $name
clusterCIDR: $PODS
conntrack: { maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s }
END
# Nothing is thrown out of a node because the machine's disk is rather full.
cat >/run/node/kubelet.yaml <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $address
authentication:
  anonymous: { enabled: false }
  webhook: { enabled: true }
  x509: { clientCAFile: $here/ca.crt }
authorization: { mode: Webhook }
containerRuntimeEndpoint: unix:///run/node/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$CGROUP/$name
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
protectKernelDefaults: true
clusterDomain: cluster.local
clusterDNS: [$ROUTER]
resolvConf: ""
maxPods: 200
syncFrequency: 10s # Secrets and ConfigMaps reach pods as fast
imageGCHighThresholdPercent: 100
evictionHard: { nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%" }
volumePluginDir: /run/node/plugins
END

containerd --config /run/node/containerd.toml >/run/node/containerd.log 2>&1 &
kube-proxy --config /run/node/kube-proxy.yaml >/run/node/kube-proxy.log 2>&1 &
until ctr -a /run/node/containerd.sock version >/dev/null 2>&1; do
  kill -0 %1 2>/dev/null || exit 1
  sleep 0.05
done
ctr -a /run/node/containerd.sock -n k8s.io images import --local "$here/pause.tar" >/dev/null
kubelet --config /run/node/kubelet.yaml --kubeconfig "$here/$name.kubeconfig" --hostname-override "$name" \
  --node-ip "$address" >/run/node/kubelet.log 2>&1 &

wait -n # none of them ends by itself
exit 1
