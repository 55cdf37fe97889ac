/** What differs between the nodes and the lists of release 0.35. */
export interface Former {
  /** In the order of the file. */
  readonly vips: readonly string[]
  /** 100 and the position of the node. */
  readonly priority: number
  /** Seconds; release 0.35 always wrote 1. */
  readonly advertInterval?: number
  /** Null for multicast. */
  readonly unicast?: { readonly source: string; readonly peers: readonly string[] } | null
}

/** The keepalived.conf of release 0.35 without its virtual servers (rootfs/keepalived.tmpl), as its README shows it. */
export function formerConfiguration({ vips, priority, advertInterval = 1, unicast = null }: Former): string {
  const lines = (words: readonly string[]) => words.map((one) => `    ${one}\n`).join("")
  const peers =
    unicast === null
      ? ""
      : `  unicast_src_ip ${unicast.source}
  unicast_peer {
${lines(unicast.peers)}  }
`
  return `
global_defs {
  vrrp_version 3
  vrrp_iptables KUBE-KEEPALIVED-VIP
}

vrrp_instance vips {
  state BACKUP
  interface eth0
  virtual_router_id 50
  priority ${priority}
  nopreempt
  advert_int ${advertInterval}

  track_interface {
    eth0
  }

${peers}
  virtual_ipaddress {
${lines(vips)}  }
}
`
}
