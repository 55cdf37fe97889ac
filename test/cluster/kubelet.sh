#!/usr/bin/env bash
# Real kubelets on one machine, each with a containerd of its own. A node is a set of namespaces (net, mount, pid, uts, ipc)
# whose /var/lib, /var/log and /run are private, so kubelet and containerd run with their ordinary paths. Needs root.
#   kubelet.sh lan up|down          network namespace $LAN with the bridge: the control plane runs in it, on 10.4.0.1
#   kubelet.sh store ARCHIVE..      imports images once, into a store of which every new node gets a hard-linked copy
#   kubelet.sh up NODE [ARCHIVE..]  NODE is a letter and a number 1..99 (n1); imports more archives, waits for Ready
#   kubelet.sh load NODE ARCHIVE..  imports more images
#   kubelet.sh on NODE COMMAND..    runs a command inside the node (all its namespaces)
#   kubelet.sh down NODE [clean]    power cut: everything in the node dies at once; clean: forget its disk and Node object too
set -euo pipefail
SELF=$(readlink -f "$0")
. "$(dirname "$SELF")/lib.sh" # BIN STATE KUBECONFIG say die start stop alive wait_up
LAN=${BED_LAN:-kl}                           # name of the LAN's network namespace; prefix of the nodes' ones and of the cgroups
CNI=${BED_CNI:-$BIN/cni} RUNC=${BED_RUNC:-$(command -v runc)}

node() { # NODE: sets what the rest needs to know
  [[ $1 =~ ^[a-z]+([0-9]{1,2})$ ]] || die "not a node name: $1"
  N=$1 I=$((10#${BASH_REMATCH[1]})) D=$STATE/nodes/$1 NS=$LAN-$1 CG=$LAN/$1
}
k() { ip netns exec "$LAN" "$BIN/kubectl" "$@"; }
pid1() { local p; read -r p _ <"$STATE/pids/node-$N" && pgrep -P "$p"; }
inside() { local p; p=$(pid1); [ -n "$p" ] && nsenter -t "$p" --all "$@"; }
in_cgroups() { local d; for d in /sys/fs/cgroup/*/; do [ ! -f "$d/cgroup.procs" ] || "$1" "${d%/}"; done; }

lan_up() {
  [ ! -e "/run/netns/$LAN" ] || return 0
  ip netns add "$LAN"
  ip -n "$LAN" link set lo up
  ip -n "$LAN" address add 10.96.0.1/32 dev lo   # the `kubernetes` Service, without a kube-proxy
  ip -n "$LAN" link add br0 type bridge
  ip -n "$LAN" address add 10.4.0.1/24 dev br0
  ip -n "$LAN" link set br0 up
  ip netns exec "$LAN" sysctl -qw net.ipv4.ip_forward=1
}
lan_down() {
  [ ! -e "/run/netns/$LAN" ] || ip netns del "$LAN"
  in_cgroups forget_lan
}
forget_lan() { [ ! -d "$1/$LAN" ] || rmdir "$1/$LAN" || say "nodes left in $1/$LAN"; }

containerd_config() {
  cat >"$D/containerd.toml" <<EOF
version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = 'localhost/pause:1'
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true   # this machine's root lacks CAP_SYS_RESOURCE
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['$CNI']
  conf_dir = '$D/cni'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
    BinaryName = '$RUNC'
    SystemdCgroup = false
EOF
}
write_config() {
  mkdir -p "$D"/{log,cni}
  : >"$D/resolv.conf"
  [ -f "$D/kubeconfig" ] || "$BED/control-plane.sh" kubeconfig-for "system:node:$N" system:nodes |
    sed 's#server: .*, cert#server: "https://10.96.0.1:443", cert#' >"$D/kubeconfig"
  cat >"$D/cni/10-bridge.conflist" <<EOF
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.2.$I.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
EOF
  containerd_config
  cat >"$D/kubelet.yaml" <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
failCgroupV1: false               # the default since 1.35 is to refuse
cgroupDriver: cgroupfs
cgroupRoot: /$CG
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $STATE/pki/ca.crt}}
authorization: {mode: Webhook}
failSwapOn: false
resolvConf: $D/resolv.conf
volumePluginDir: /var/lib/kubelet/volume-plugins
evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
imageGCHighThresholdPercent: 100
EOF
}

# Runs as PID 1 of the node.
node_main() {
  local p s=$D/fake-sysctl
  hostname "$N"
  mount -t tmpfs tmpfs /mnt; mkdir /mnt/cgroup
  mount --rbind /sys/fs/cgroup /mnt/cgroup       # a new /sys shows this network namespace; keep the cgroup mounts
  umount -l /sys; mount -t sysfs sysfs /sys; mount --rbind /mnt/cgroup /sys/fs/cgroup; umount -l /mnt
  mount -t tmpfs -o mode=755 tmpfs /run; mkdir -p /run/lock
  mount --bind "$D/lib" /var/lib
  mount --bind "$D/log" /var/log
  mkdir -p "$s"                                  # the kubelet would set these for the whole machine
  for p in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    echo "${p#*=}" >"$s/$(basename "${p%=*}")"
    mount --bind "$s/$(basename "${p%=*}")" "/proc/sys/${p%=*}"
  done
  mount --make-rshared /                         # within this node; not before: the umounts above would propagate
  forever containerd "$BIN/containerd" --config "$D/containerd.toml" &
  until [ -e "$D/go" ]; do sleep 0.05; done      # the first images come before the kubelet
  forever kubelet "$BIN/kubelet" --config "$D/kubelet.yaml" --kubeconfig "$D/kubeconfig" \
    --hostname-override "$N" --node-ip "10.4.0.$((I + 10))" --v "${KUBELET_V:-2}" &
  wait
}
forever() { # NAME COMMAND..: as systemd's Restart=always would
  local name=$1; shift
  while :; do "$@" >>"$D/$name.log" 2>&1 || true; echo "$name ended, restarted" | tee -a "$D/$name.log" >&2; sleep 1; done
}

# A containerd without a kubelet, for as long as the imports take.
store() { # ARCHIVE..
  D=$STATE/store
  rm -rf "$D"; mkdir -p "$D/cni"; containerd_config
  unshare --mount --pid --fork --kill-child --mount-proc "$SELF" store_main "$BIN/images/pause.tar" "$@"
}
store_main() {
  local a; D=$STATE/store
  mount -t tmpfs tmpfs /run
  "$BIN/containerd" --config "$D/containerd.toml" --root "$D/containerd" >"$D/containerd.log" 2>&1 &
  until "$BIN/ctr" version >/dev/null 2>&1; do sleep 0.1; done
  for a; do "$BIN/ctr" -n k8s.io images import --local "$a" >&2; done
  kill $!; wait $! || true
}
new_disk() {
  local f
  mkdir -p "$D/lib"
  [ -d "$STATE/store/containerd" ] || return 0
  cp -al "$STATE/store/containerd" "$D/lib/containerd"  # layers and blobs are never written to; the data bases are
  find "$D/lib/containerd" -name '*.db' | while read -r f; do cp --remove-destination "$(readlink -f "$STATE/store/${f#"$D/lib/"}")" "$f"; done
}

make_cgroup() { # HIERARCHY
  local p f
  for p in "$LAN" "$CG"; do
    mkdir -p "$1/$p"
    for f in cpuset.cpus cpuset.mems; do         # empty in a new cgroup of version 1, which then takes no process
      [ ! -f "$1/$p/$f" ] || [ -n "$(cat "$1/$p/$f")" ] || cat "$(dirname "$1/$p")/$f" >"$1/$p/$f"
    done
  done
  echo $BASHPID >"$1/$CG/cgroup.procs"
}
drop_cgroup() { # HIERARCHY; its processes may take a moment to go
  local i
  for ((i = 0; i < 100; i++)); do
    [ -d "$1/$CG" ] || return 0
    find "$1/$CG" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.05
  done
  say "cannot remove $1/$CG"
}

load() { # ARCHIVE..
  local a
  for a; do inside "$BIN/ctr" -n k8s.io images import --local "$(readlink -f "$a")" >>"$D/import.log" 2>&1 || die "cannot import $a: $(tail -1 "$D/import.log")"; done
}

up() {
  local t0; t0=$(now_ms)
  alive "node-$N" && return 0
  [ -e "/run/netns/$LAN" ] || die "no LAN: $0 lan up"
  [ -e "/run/netns/$NS" ] || {
    ip netns add "$NS"
    ip -n "$LAN" link add "$N" type veth peer name eth0 netns "$NS"
    ip -n "$LAN" link set "$N" master br0 up
    ip -n "$NS" link set lo up
    ip -n "$NS" address add "10.4.0.$((I + 10))/24" dev eth0
    ip -n "$NS" link set eth0 up
    ip -n "$NS" route add default via 10.4.0.1
    ip -n "$LAN" route replace "10.2.$I.0/24" via "10.4.0.$((I + 10))"
    ip netns exec "$NS" sysctl -qw net.ipv4.ip_forward=1
  }
  [ -d "$D/lib" ] || new_disk
  write_config; rm -f "$D/go"
  (in_cgroups make_cgroup
   start "node-$N" nsenter "--net=/run/netns/$NS" unshare --mount --uts --ipc --pid --fork --kill-child --mount-proc "$SELF" node_main "$N")
  wait_up 300 "node-$N" inside true
  wait_up 300 "node-$N" inside "$BIN/ctr" version
  [ -d "$STATE/store" ] || load "$BIN/images/pause.tar"
  load "$@"
  touch "$D/go"
  wait_up 300 "node-$N" inside curl -fsS http://127.0.0.1:10248/healthz  # after a crash the API still says Ready
  wait_up 300 "node-$N" k wait --for=condition=Ready "node/$N" --timeout=1s
  say "node $N ready in $(($(now_ms) - t0)) ms"
}

down() {
  stop "node-$N" 0
  in_cgroups drop_cgroup
  [ ! -e "/run/netns/$NS" ] || { ip -n "$LAN" link del "$N"; ip netns del "$NS"; }
  [ "${1:-}" != clean ] || { rm -rf "$D"; k delete node "$N" --ignore-not-found >/dev/null 2>&1 || true; }
}

what=${1:-}; shift || true
case $what in
  lan) "lan_${1:?up or down}" ;;
  up | load | down | node_main) node "${1:?NODE}"; shift; "$what" "$@" ;;
  store | store_main) "$what" "$@" ;;
  on) node "${1:?NODE}"; shift; inside "$@" ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$SELF"; exit 2 ;;
esac
