#!/bin/bash
# kube-proxy beside the product: in IPVS mode it deletes every virtual server that is not its own; in iptables mode it does nothing to
# us. part.sh runs it in the lab's guest, as beside-kube-proxy.sh says.
. /checkout/test/cluster/lab/beside-kube-proxy.sh
all_there() {
  local n
  for n in 5 6 7; do has_real_server $MASTER 10.2.68.$n 8080 || return 1; done
  has_virtual_server $MASTER $VIP 80
}

scenario kube-proxy-iptables
nap 3
drifts $BACKUP
before=$REPLY
kube_proxy $BACKUP iptables
wait_for 60 file_has /shared/log.$BACKUP.kube-proxy 'SyncProxyRules complete" ipFamily="IPv4"'
check "kube-proxy in iptables mode has programmed the Service" eval 'on $BACKUP iptables -w 10 -t nat -S KUBE-SERVICES | grep -q default/web'
nap 10
drifts $BACKUP
figures "{\"drifts\": $((REPLY - before))}"
check "it does nothing to us" test $REPLY = $before
check "and is not accused" not status_has $BACKUP KUBE_PROXY_IPVS
end_kube_proxy $BACKUP

scenario kube-proxy-ipvs
quiet
probe proxied tcp $VIP 80 50
kube_proxy $MASTER ipvs
began=$(now)
check "kube-proxy in IPVS mode has its interface" wait_for 40 ns $MASTER ip link show kube-ipvs0
check "status names it and the setting that is missing" \
  wait_for 60 eval 'status_has $MASTER KUBE_PROXY_IPVS && status_has $MASTER "ipvs.excludeCIDRs: [$VIP/32]"'
kkv $MASTER status
described() { k -n $NAMESPACE describe configmap vip-configmap > /shared/log.describe 2>&1 && grep "KubeProxyIPVS" /shared/log.describe | grep -qF "ipvs.excludeCIDRs: [$VIP/32]"; }
check "kubectl describe configmap says the same" wait_for 60 described
cat /shared/log.describe
check "the other node accuses nobody" not status_has $BACKUP KUBE_PROXY_IPVS
# The endpoints change, and kube-proxy syncs at once as well.
log_count $MASTER "Starting Keepalived"
starts=$REPLY
web 10.2.68.5 10.2.68.6 10.2.68.7
check "a change is applied nevertheless" wait_for 40 live_has $MASTER 10.2.68.7
nap 15
log_count $MASTER "Starting Keepalived"
figures "{\"starts\": $((REPLY - starts))}"
check "keepalived is not restarted for what kube-proxy does" test $REPLY = $starts
one_master
check "no transition" test "$REPLY" = $MASTER
log_count $MASTER '"repaired":true'
seconds=$(awk -v a=$began -v b=$(now) 'BEGIN { printf "%d", b - a }')
figures "{\"repairs\": $REPLY, \"seconds\": $seconds}"
# 2, 4, 8, 16 and from then on 30 s apart.
check "repaired, and no more often than the pauses allow" test $REPLY -ge 2 -a $REPLY -le $((6 + seconds / 30))
probed proxied
figures "$REPLY"
check "some requests were lost: kube-proxy did delete" at_least "$REPLY" lost 1

scenario kube-proxy-excluded
end_kube_proxy $MASTER
# What status said is what is set, as it stands there.
text_of /shared/volumes/$MASTER/applied/status.yaml
[[ $REPLY =~ ipvs\.excludeCIDRs:\ \[([0-9./, ]+)\] ]]
cidrs=${BASH_REMATCH[1]// /}
kube_proxy $MASTER ipvs --ipvs-exclude-cidrs=$cidrs
check "with the setting from status the virtual server is back" wait_for 60 all_there
quiet
drifts $MASTER
before=$REPLY
probe excluded tcp $VIP 80 50
nap 20
probed excluded
figures "$REPLY"
check "for 20 s and four syncs none is lost" is "$REPLY" lost 0
drifts $MASTER
check "nothing was repaired" test $REPLY = $before
check "kube-proxy has its own virtual servers beside ours" eval 'on $MASTER ipvsadm -Ln | grep -q "10\.96\."'
end_kube_proxy $MASTER
finish
