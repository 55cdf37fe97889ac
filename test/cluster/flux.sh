#!/usr/bin/env bash
# Flux on the running control plane: its real kustomize-controller, git over HTTP on loopback, and
# flux/source.py in place of source-controller (README.md says why).
#   flux.sh up|down
#   flux.sh repo NAME     make an empty bare repository; prints the URL that serves it
#   flux.sh reconcile KIND/NAME [NAMESPACE]   ask for a reconciliation now (KIND gitrepository or kustomization)
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

case ${1:-} in
  up)
    [ -x "$BIN/kustomize-controller" ] || die "kustomize-controller is not built: run build.sh"
    kubectl apply --server-side -f "$BIN/flux-crds/" >/dev/null
    kubectl wait --for=condition=Established -f "$BIN/flux-crds/" --timeout=300s >/dev/null
    mkdir -p "$STATE/git" "$STATE/source"
    start git-http python3 "$BED/flux/git-http.py" "$STATE/git" "$GIT_PORT"
    start flux-source python3 "$BED/flux/source.py" "$STATE/source" "$SOURCE_PORT"
    start kustomize-controller env RUNTIME_NAMESPACE=default "$BIN/kustomize-controller" --watch-all-namespaces \
      --metrics-addr 0 --health-addr "127.0.0.1:$KUSTOMIZE_PORT" --log-encoding json --requeue-dependency 1s
    wait_up 300 kustomize-controller curl -fsS "http://127.0.0.1:$KUSTOMIZE_PORT/readyz"
    wait_up 300 flux-source curl -fsS "http://127.0.0.1:$SOURCE_PORT/"
    wait_up 300 git-http curl -sS "http://127.0.0.1:$GIT_PORT/"
    say "flux up" ;;
  down)
    stop kustomize-controller 2 # it would wait for running health checks and fetches
    stop flux-source; stop git-http
    say "flux down" ;;
  repo)
    git init --quiet --bare --initial-branch=main "$STATE/git/${2:?name}.git"
    git -C "$STATE/git/$2.git" config http.receivepack true
    echo "http://127.0.0.1:$GIT_PORT/$2.git" ;;
  reconcile)
    kubectl -n "${3:-default}" annotate --overwrite "${2:?kind/name}" \
      "reconcile.fluxcd.io/requestedAt=$(date +%s.%N)" >/dev/null ;;
  *) die "usage: $0 up|down|repo NAME|reconcile KIND/NAME [NAMESPACE]" ;;
esac
