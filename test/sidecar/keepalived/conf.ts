/** A keepalived.conf as we render it, in short. */
export function conf(
  options: { readonly vips?: readonly string[]; readonly globals?: string; readonly more?: string } = {},
): string {
  const { vips = ["10.4.0.50"], globals = "", more = "" } = options
  return `global_defs {
  router_id n1
  max_auto_priority -1
  vrrp_version 3
  vrrp_skip_check_adv_addr
${globals}}
track_file release {
  file /run/keepalived/release
  weight 0
}
vrrp_instance vips {
  state BACKUP
  interface eth0
  virtual_router_id 50
  priority 254
  advert_int 0.1
  nopreempt
  track_file {
    release
  }
  virtual_ipaddress {
    169.254.50.1/32 dev eth0
  }
  virtual_ipaddress_excluded {
${vips.map((vip) => `    ${vip}/32 dev eth0\n`).join("")}  }
}
${more}`
}

/** @param realServers Such as `10.2.1.11 8080`. */
export function virtualServer(realServers: readonly string[]): string {
  const blocks = realServers.map((real) => `  real_server ${real} {\n    weight 1\n  }\n`)
  return `virtual_server 10.4.0.50 80 {\n  lvs_sched wlc\n  lvs_method NAT\n  protocol TCP\n${blocks.join("")}}\n`
}
