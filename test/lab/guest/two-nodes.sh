# What most scenarios begin with: two nodes that run the product, five echo pods behind a third, the seed's Service.
#   two_nodes FLAG...   starts both; then `steady` waits until the VIP is served. BEFORE_START names what is to happen before that
two_nodes() {
  local n
  topology 2
  pods n3 5 6 7 8 9
  apply
  prepare_nodes
  ${BEFORE_START:-:}
  serve_pods n3 8080 5 6 7 8 9
  service echoheaders 80/tcp:8080
  nodes n1 n2
  echoheaders ${ENDPOINTS:-10.2.68.5 10.2.68.6}
  vips "${ENTRIES[@]:-$VIP: default/echoheaders}"
  for n in n1 n2; do product_start $n "$@"; done
}
steady() {
  wait_for 90 serving $VIP 80 || die "the VIP is not served after 90 s"
  masters
  MASTER=$REPLY
  [ $MASTER = n1 ] && BACKUP=n2 || BACKUP=n1
}
