# Sourced after product.sh where LAB_IMAGES is set: the pod's containers are the images' root filesystems, run as their configuration
# says (command, environment, user), with what manifests/base
# gives them: a mount and a PID namespace each, the root read-only, /run
# and /tmp in memory, and of the volumes only their own. sync: user 65532, not one capability, writes to desired/ alone. sidecar: root
# with NET_ADMIN and NET_RAW. Neither can get more (no new privileges). Not as in a cluster: no seccomp profile, no cgroups, chroot.
. /out/sync.sh
SYNC_COMMAND=("${COMMAND[@]}") SYNC_ENVIRONMENT=("${ENVIRONMENT[@]}") SYNC_USER=$IMAGE_USER
. /out/sidecar.sh
SIDECAR_COMMAND=("${COMMAND[@]}") SIDECAR_ENVIRONMENT=("${ENVIRONMENT[@]}")
# The first lines of every container: what it sees. /mnt becomes its root; the next ones hide /proc, so its number is kept before.
container_root() { # IMAGE PIDFILE
  cat << P
set -e
read -r pid _ < /proc/self/stat
echo "\$pid" > $2.new && mv $2.new $2
mount --make-rprivate /
mount -t hostfs -o $(printf %q "$IMAGES/$1") image /mnt
mount -o remount,ro,bind /mnt
mount -t proc proc /mnt/proc
mount -t sysfs -o ro sys /mnt/sys
mount --rbind /dev /mnt/dev
mount -t tmpfs -o nosuid,nodev,noexec,mode=755 run /mnt/run
mkdir -p /mnt/run/kkv/desired /mnt/run/kkv/applied
P
}
container() { # MACHINE SCRIPT LOG STATUSFILE
  { on $1 unshare --mount --pid --fork sh $2 >> $3 2>&1 < /dev/null; echo $? > $4; } &
}
sync_start() { # MACHINE
  local n=$1 v=/shared/volumes/$1 groups=${SYNC_USER#*:}
  {
    container_root sync $v/pod/sync.pid
    # Where a cluster would have its API server.
    cat << P
mkdir /mnt/run/manifests
mount --bind -o ro ${FROM:-$SOURCE} /mnt/run/manifests
mount --bind $v/desired /mnt/run/kkv/desired
mount --bind -o ro $v/applied /mnt/run/kkv/applied
mount -o remount,ro /mnt/run
exec env -i $(printf '%q ' "${SYNC_ENVIRONMENT[@]}") /usr/sbin/capsh --chroot=/mnt --drop=all --inh= --gid=$groups --groups= --uid=${SYNC_USER%:*} \
  --no-new-privs --shell=${SYNC_COMMAND[0]} -- $(printf '%q ' "${SYNC_COMMAND[@]:1}") \
  --source /run/manifests --services-configmap $CONFIGMAP ${SYNC_FLAGS[*]@Q}
P
  } > $v/pod/start.sync
  container $n $v/pod/start.sync /shared/log.$n.sync $v/pod/sync.status
}
sidecar_start() { # MACHINE FLAG...
  local n=$1 v=/shared/volumes/$1
  shift
  {
    container_root sidecar $v/pod/pid
    cat << P
mount --bind -o ro $v/desired /mnt/run/kkv/desired
mount --bind $v/applied /mnt/run/kkv/applied
mount --bind $v/state /mnt/var/lib/kube-keepalived-vip
mount -t tmpfs -o nosuid,nodev,mode=1777 tmp /mnt/tmp
${IMAGE:+mount --bind $IMAGE/s6 /mnt/etc/s6 # what a scenario broke on purpose}
# This guest's kernel has no nf_tables (init): the image's other iptables.
mount -t tmpfs -o nosuid,nodev,mode=755 sbin /mnt/usr/local/sbin
for name in iptables iptables-save iptables-restore; do
  ln -s /usr/sbin/iptables-legacy\${name#iptables} /mnt/usr/local/sbin/\$name
done
exec env -i $(printf '%q ' "${SIDECAR_ENVIRONMENT[@]}" ${POD_ENV:-}) chroot /mnt /usr/bin/setpriv --bounding-set=-all,+net_admin,+net_raw${POD_CAPABILITIES:-} \
  --inh-caps=-all --no-new-privs $(printf '%q ' "${SIDECAR_COMMAND[@]}") --node ${ADDRESS[$n]} --iface eth0 $*
P
  } > $v/pod/start
  container $n $v/pod/start /shared/log.$n $v/pod/status
}
prepare_node() { # MACHINE: the image's script, as the init container runs it
  on $1 unshare --mount sh -c "mount --make-rprivate / && mount -t hostfs -o $(printf %q "$IMAGES/sidecar") image /mnt && mount -t proc proc /mnt/proc &&
    mount -t sysfs sys /mnt/sys && mount --bind /lib/modules /mnt/usr/lib/modules && exec env -i PATH=$POD_PATH chroot /mnt prepare-node"
}
in_pod() { # MACHINE COMMAND...: as `kubectl exec -c sidecar` would
  local n=$1 pid
  shift
  read -r pid < /shared/volumes/$n/pod/pid
  on $n nsenter --target $pid --mount --pid --root --wdns=/ env -i "${SIDECAR_ENVIRONMENT[@]}" "$@"
}
# There is no Python in the pod. The machine sees its processes too.
kill_agent() { on $1 /usr/bin/python3 -S $HERE/kill9.py agent; }
kill_keepalived() { on $1 /usr/bin/python3 -S $HERE/kill9.py keepalived; }
sync_signal() { # MACHINE: SIGTERM to sync
  local pid
  read -r pid < /shared/volumes/$1/pod/sync.pid
  on $1 kill -TERM $pid
}
