#!/usr/bin/env bash
# A real Kubernetes control plane as plain processes: etcd, kube-apiserver, kube-controller-manager, kube-scheduler.
#   control-plane.sh up [PROGRAM...]     starts what does not run, in this order, each until it is ready; all without PROGRAM
#   control-plane.sh down [PROGRAM...]   ends them, in the opposite order; the data stay for the next `up`
#   control-plane.sh status | kubeconfig | kubeconfig-for CN [GROUP]   the last makes a user with a client certificate
# Environment: BED_STATE, BED_ADDRESS and BED_PORT_BASE (lib.sh says what they are), BED_APISERVER_ARGS (further flags).
# What it is asked for stands in the API server's audit log, $STATE/audit.log, one JSON line a request.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

PKI=$STATE/pki
URL=https://$ADDRESS:$API_PORT
PROGRAMS=(etcd kube-apiserver kube-controller-manager kube-scheduler)

sign() { # NAME SUBJECT EKU [SAN]
  openssl ecparam -name prime256v1 -genkey -noout -out "$PKI/$1.key" 2> /dev/null
  openssl req -new -key "$PKI/$1.key" -subj "$2" 2> /dev/null |
    openssl x509 -req -CA "$PKI/ca.crt" -CAkey "$PKI/ca.key" -CAcreateserial -days 3650 -sha256 \
      -extfile <(printf 'keyUsage=digitalSignature\nextendedKeyUsage=%s\n%s' "$3" "${4:+subjectAltName=$4}") \
      -out "$PKI/$1.crt" 2> /dev/null
}

kubeconfig() { # NAME FILE: certificates inline, so that the file stands alone
  (umask 077 && cat > "$2") << EOF
apiVersion: v1
kind: Config
clusters: [{name: bed, cluster: {server: "$URL", certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "$PKI/$1.crt"), client-key-data: $(base64 -w0 "$PKI/$1.key")}}]
contexts: [{name: bed, context: {cluster: bed, user: $1}}]
current-context: bed
EOF
}

make_pki() {
  [ ! -f "$PKI/done" ] || return 0
  mkdir -p "$PKI"
  openssl ecparam -name prime256v1 -genkey -noout -out "$PKI/ca.key" 2> /dev/null
  openssl req -x509 -new -key "$PKI/ca.key" -subj /CN=bed-ca -days 3650 -sha256 -out "$PKI/ca.crt" 2> /dev/null
  # Nothing signs with this one: it only keeps the controller manager and scheduler from complaining.
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$PKI/front-proxy-ca.key" \
    -subj /CN=bed-front-proxy-ca -days 3650 -out "$PKI/front-proxy-ca.crt" 2> /dev/null
  sign apiserver /CN=kube-apiserver serverAuth \
    DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:10.96.0.1,IP:10.4.0.1
  sign admin /O=system:masters/CN=admin clientAuth
  sign kube-controller-manager /CN=system:kube-controller-manager clientAuth
  sign kube-scheduler /CN=system:kube-scheduler clientAuth
  openssl genrsa -out "$PKI/sa.key" 2048 2> /dev/null
  openssl rsa -in "$PKI/sa.key" -pubout -out "$PKI/sa.pub" 2> /dev/null
  touch "$PKI/done"
}

up_etcd() {
  start etcd "$BIN/etcd" --name bed --data-dir "$STATE/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls "http://127.0.0.1:$ETCD_PORT" --advertise-client-urls "http://127.0.0.1:$ETCD_PORT" \
    --listen-peer-urls "http://127.0.0.1:$ETCD_PEER_PORT" --initial-advertise-peer-urls "http://127.0.0.1:$ETCD_PEER_PORT" \
    --initial-cluster "bed=http://127.0.0.1:$ETCD_PEER_PORT"
  wait_up 300 etcd curl -fsS "http://127.0.0.1:$ETCD_PORT/health"
}

up_kube-apiserver() {
  local more
  read -ra more <<< "${BED_APISERVER_ARGS:-}"
  cat > "$STATE/audit-policy.yaml" << 'EOF'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, users: [admin, "system:apiserver", "system:kube-scheduler", "system:kube-controller-manager"]}
- {level: None, userGroups: ["system:serviceaccounts:kube-system"]}
- {level: Metadata}
EOF
  # A loopback address cannot be an endpoint of the `kubernetes` Service, and this one wants none: hence the reconciler "none".
  start kube-apiserver "$BIN/kube-apiserver" --etcd-servers "http://127.0.0.1:$ETCD_PORT" \
    --bind-address "$ADDRESS" --secure-port "$API_PORT" --advertise-address "$ADDRESS" --endpoint-reconciler-type none \
    --client-ca-file "$PKI/ca.crt" --tls-cert-file "$PKI/apiserver.crt" --tls-private-key-file "$PKI/apiserver.key" \
    --requestheader-client-ca-file "$PKI/front-proxy-ca.crt" --requestheader-allowed-names front-proxy-client \
    --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group \
    --requestheader-extra-headers-prefix X-Remote-Extra- \
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
    --service-cluster-ip-range 10.96.0.0/16 --allow-privileged=true \
    --service-account-issuer https://kubernetes.default.svc --api-audiences https://kubernetes.default.svc \
    --service-account-key-file "$PKI/sa.pub" --service-account-signing-key-file "$PKI/sa.key" \
    --kubelet-client-certificate "$PKI/admin.crt" --kubelet-client-key "$PKI/admin.key" --kubelet-preferred-address-types InternalIP \
    --audit-policy-file "$STATE/audit-policy.yaml" --audit-log-path "$STATE/audit.log" "${more[@]}"
  wait_up 300 kube-apiserver kubectl get --raw /readyz
}

up_kube-controller-manager() {
  start kube-controller-manager "$BIN/kube-controller-manager" --leader-elect=false \
    --bind-address 127.0.0.1 --secure-port "$KCM_PORT" \
    --kubeconfig "$STATE/kube-controller-manager.kubeconfig" \
    --authentication-kubeconfig "$STATE/kube-controller-manager.kubeconfig" \
    --authorization-kubeconfig "$STATE/kube-controller-manager.kubeconfig" \
    --use-service-account-credentials --service-account-private-key-file "$PKI/sa.key" --root-ca-file "$PKI/ca.crt" \
    --cluster-signing-cert-file "$PKI/ca.crt" --cluster-signing-key-file "$PKI/ca.key" \
    --flex-volume-plugin-dir "$STATE/flexvolume" --kube-api-qps 200 --kube-api-burst 400
  wait_up 300 kube-controller-manager curl -fsSk "https://127.0.0.1:$KCM_PORT/healthz"
  # Pods are admitted only once the controller manager has made this.
  wait_up 300 kube-controller-manager kubectl -n default get serviceaccount default
}

up_kube-scheduler() {
  start kube-scheduler "$BIN/kube-scheduler" --leader-elect=false \
    --bind-address 127.0.0.1 --secure-port "$SCHED_PORT" \
    --kubeconfig "$STATE/kube-scheduler.kubeconfig" \
    --authentication-kubeconfig "$STATE/kube-scheduler.kubeconfig" \
    --authorization-kubeconfig "$STATE/kube-scheduler.kubeconfig"
  wait_up 300 kube-scheduler curl -fsSk "https://127.0.0.1:$SCHED_PORT/healthz"
}

up() { # [PROGRAM...]
  local t0 program
  t0=$(now_ms)
  for program in "${PROGRAMS[@]}" kubectl; do
    [ -x "$BIN/$program" ] || die "$program is not built: run build.sh kube"
  done
  mkdir -p "$STATE"
  chmod 700 "$STATE"
  make_pki
  for program in admin kube-controller-manager kube-scheduler; do
    [ -f "$STATE/$program.kubeconfig" ] || kubeconfig "$program" "$STATE/$program.kubeconfig"
  done
  for program in "${PROGRAMS[@]}"; do
    [[ $# -eq 0 || " $* " == *" $program "* ]] && "up_$program"
  done
  say "${*:-control plane} ready in $(($(now_ms) - t0)) ms"
}

down() { # [PROGRAM...]
  local i
  for ((i = ${#PROGRAMS[@]} - 1; i >= 0; i--)); do
    [[ $# -eq 0 || " $* " == *" ${PROGRAMS[i]} "* ]] && stop "${PROGRAMS[i]}"
  done
  say "${*:-control plane} down"
}

status() {
  local f name pid
  for f in "$STATE"/pids/*; do
    [ -f "$f" ] || continue
    name=${f##*/}
    read -r pid _ < "$f"
    if alive "$name"; then
      printf '%-26s pid %-8s RSS %4d MiB\n' "$name" "$pid" $(($(awk '/^VmRSS/{print $2}' "/proc/$pid/status") / 1024))
    else
      printf '%-26s dead\n' "$name"
    fi
  done
}

what=${1:-}
shift || true
case $what in
  up) up "$@" ;;
  down) down "$@" ;;
  status) status ;;
  kubeconfig) echo "$KUBECONFIG" ;;
  kubeconfig-for)
    [ -n "${1:-}" ] || die "usage: $0 kubeconfig-for CN [GROUP]"
    sign "user-$1" "/${2:+O=$2/}CN=$1" clientAuth
    kubeconfig "user-$1" "$STATE/user-$1.kubeconfig"
    cat "$STATE/user-$1.kubeconfig"
    ;;
  *) die "usage: $0 up [PROGRAM...]|down [PROGRAM...]|status|kubeconfig|kubeconfig-for CN [GROUP]" ;;
esac
