# The product on a machine, as the DaemonSet's pod runs it there: two containers, the host's network.
#   product_start MACHINE [FLAG...]  flags of `kkv sidecar`; sync gets its own from SYNC_FLAGS
# sync: user 65532, no capabilities; desired/ writable, applied/ readable. sidecar: image/s6/init as PID 1 of a PID namespace, root with
# NET_ADMIN and NET_RAW alone, /run a tmpfs of its own, desired/ read-only. Each has the built product of this checkout.
# With LAB_IMAGES each container has the root filesystem of its image instead (containers.sh).
# Volumes lie under /shared/volumes/MACHINE, where the scenario can read them without a process: desired and applied (emptyDir: gone with
# the pod), state (hostPath: stays). Logs: /shared/log.MACHINE.sync, /shared/log.MACHINE (s6, agent and keepalived).
CONFIGMAP=default/vip-configmap
SYNC_FLAGS=()
SYNC_SOURCE=() # in place of the manifests below SOURCE
declare -A SYNC_SOURCE_OF=() # the same for one machine alone
POD_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
volume() { echo /shared/volumes/$1/$2; }
prepare_nodes() { # what the privileged init container does, on each machine
  local n
  for n in "${MACHINES[@]}"; do prepare_node $n > /shared/log.$n.prepare 2>&1 || die "prepare-node failed on $n"; done
}
prepare_node() { on $1 /checkout/image/prepare-node; }
product_start() {
  local n=$1 v=/shared/volumes/$1
  shift
  # A volume with a file system of its own (small_volumes) stays; what is in it does not.
  rm -rf $v/desired/{*,.[!.]*} $v/applied/{*,.[!.]*} $v/pod
  mkdir -p $v/desired $v/applied $v/state $v/pod
  chown 65532 $v/desired
  sync_start $n
  sidecar_start $n "$@"
}
sidecar_start() { # MACHINE FLAG...
  local n=$1 v=/shared/volumes/$1
  shift
  cat > $v/pod/start << P
set -e
# The process's number as its node counts, before the new /proc hides it.
read -r pid _ < /proc/self/stat
echo "\$pid" > $v/pod/pid.new && mv $v/pod/pid.new $v/pod/pid
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs -o nosuid,nodev,noexec,mode=755 run /run
mount -t tmpfs -o nosuid,nodev,mode=1777 tmp /tmp
mkdir -p /run/kkv/desired /run/kkv/applied /var/lib/kube-keepalived-vip
mount --bind -o ro $v/desired /run/kkv/desired
mount --bind $v/applied /run/kkv/applied
mount --bind $v/state /var/lib/kube-keepalived-vip
mount --bind ${IMAGE:-/checkout/image}/s6 /etc/s6
exec env -i PATH=$POD_PATH ${POD_ENV:-} setpriv --bounding-set=-all,+net_admin,+net_raw${POD_CAPABILITIES:-} --inh-caps=-all --no-new-privs \
  /etc/s6/init --node ${ADDRESS[$n]} --iface eth0 $*
P
  { on $n unshare --mount --pid --fork sh $v/pod/start >> /shared/log.$n 2>&1 < /dev/null; echo $? > $v/pod/status; } &
}
sync_start() { # MACHINE: the pod's other container
  local v=/shared/volumes/$1 from=("${SYNC_SOURCE[@]}")
  [ -z "${SYNC_SOURCE_OF[$1]:-}" ] || from=(${SYNC_SOURCE_OF[$1]})
  [ ${#from[@]} -gt 0 ] || from=(--source ${FROM:-$SOURCE})
  { on $1 env -i PATH=$POD_PATH KKV_NODE=${ADDRESS[$1]} setpriv --reuid=65532 --regid=65532 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs \
      kkv sync "${from[@]}" --desired $v/desired --services-configmap $CONFIGMAP "${SYNC_FLAGS[@]}" \
      >> /shared/log.$1.sync 2>&1 < /dev/null; } &
}
in_pod() { # MACHINE COMMAND...: as `kubectl exec` would
  local n=$1 pid
  shift
  read -r pid < /shared/volumes/$n/pod/pid
  on $n nsenter --target $pid --mount --pid --wd=/ env PATH=$POD_PATH "$@"
}
product_signal() { # MACHINE: SIGTERM to the pod's PID 1
  local pid
  read -r pid < /shared/volumes/$1/pod/pid
  on $1 kill -TERM $pid
}
product_stop() { product_signal $1; wait_for ${2:-20} test -s /shared/volumes/$1/pod/status; }
product_exit() { read -r REPLY < /shared/volumes/$1/pod/status; }
kill_agent() { in_pod $1 /usr/bin/python3 -S $HERE/kill9.py agent; }
kill_keepalived() { in_pod $1 /usr/bin/python3 -S $HERE/kill9.py keepalived; } # all its processes at once, no goodbye
kkv() { local n=$1; shift; in_pod $n kkv "$@"; }
status_has() { file_has /shared/volumes/$1/applied/status.yaml "$2"; } # MACHINE TEXT
live_has() { file_has /shared/volumes/$1/applied/keepalived.conf "$2"; } # MACHINE TEXT
log_count() { count_in /shared/log.$1 "$2"; } # MACHINE TEXT: how often, in REPLY
serving() { # ADDRESS PORT: one machine holds the VIP, and every machine forwards it
  local n
  one_master $1 || return 1
  for n in "${MACHINES[@]}"; do has_virtual_server $n $1 $2 || return 1; done
}
