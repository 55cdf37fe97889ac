import type { Link } from "../ports.ts"
import { bad, type Consequence, type Finding, good } from "./finding.ts"

/** What of a machine is looked at. */
export interface Machine {
  /** The text of a file of `/proc`, without its line end; null if it does not exist. */
  readonly read: (file: string) => string | null
  readonly link: (name: string) => Link
}

/** The kernel of this node: modules, sysctls, conntrack, the interfaces of the VIPs. */
export function kernelChecks(machine: Machine, interfaces: readonly string[]): readonly Finding[] {
  return [
    ipVs(machine),
    ...SYSCTLS.map((one) => sysctl(machine, one)),
    conntrack(machine),
    ...interfaces.flatMap((name) => [link(machine, name), reversePath(machine, name)]),
  ]
}

function ipVs({ read }: Machine): Finding {
  const check = "ip_vs"
  if (read("/proc/net/ip_vs") !== null) return good(check, "the kernel has IPVS")
  return bad(check, "wrong", "the kernel has no IPVS", {
    causes: "this node can announce VIPs, and forward nothing",
    action: "load it on the node: modprobe ip_vs; and name it in /etc/modules-load.d",
  })
}

interface Sysctl extends Pick<Consequence, "causes"> {
  readonly name: string
  readonly value: string
}

/** Those that the init container sets. */
const SYSCTLS: readonly Sysctl[] = [
  { name: "net.ipv4.ip_forward", value: "1", causes: "no packet reaches a pod" },
  {
    name: "net.ipv4.vs.conntrack",
    value: "1",
    causes: "iptables does not see forwarded connections: answers get lost",
  },
  {
    name: "net.ipv4.vs.expire_nodest_conn",
    value: "1",
    causes: "connections to a pod that is gone hang in place of an end",
  },
  {
    name: "net.ipv4.vs.expire_quiescent_template",
    value: "1",
    causes: "a client with persistence stays with a pod that drains",
  },
]

function sysctl({ read }: Machine, { name, value, causes }: Sysctl): Finding {
  const found = read(`/proc/sys/${name.replaceAll(".", "/")}`)
  if (found === value) return good(name, `it is ${value}`)
  const action = `set it on the node: sysctl -w ${name}=${value}; and in /etc/sysctl.d`
  if (found === null) return bad(name, "unknown", "this kernel does not show it", { causes, action: "see ip_vs" })
  return bad(name, "wrong", `it is ${found} (expected ${value})`, { causes, action })
}

/** Share of the table from which on it counts as full. */
const FULL = 0.9

function conntrack({ read }: Machine): Finding {
  const check = "conntrack"
  const count = Number(read("/proc/sys/net/netfilter/nf_conntrack_count") ?? Number.NaN)
  const most = Number(read("/proc/sys/net/netfilter/nf_conntrack_max") ?? Number.NaN)
  if (Number.isNaN(count) || Number.isNaN(most)) return good(check, "the kernel counts no connections")
  const is = `${count} of ${most} connections`
  if (count < most * FULL) return good(check, is)
  return bad(check, "wrong", is, {
    causes: "the kernel drops new connections, also those that VIPs forward",
    action: "raise net.netfilter.nf_conntrack_max on the node",
  })
}

const LINKS = {
  absent: "it does not exist",
  down: "it is down",
  "no-carrier": "it has no carrier: the cable or the switch port",
} as const

function link(machine: Machine, name: string): Finding {
  const check = `interface ${name}`
  const found = machine.link(name)
  if (found === "up") return good(check, `it is up, MTU ${machine.read(`/sys/class/net/${name}/mtu`) ?? "unknown"}`)
  return bad(check, "wrong", LINKS[found], {
    causes: "this node cannot be master, and hears no other node",
    action: `bring it up (ip link set ${name} up), or name another one with --iface`,
  })
}

const STRICT = 1

/** The larger value of both counts. Source: Linux, Documentation/networking/ip-sysctl.rst, rp_filter. */
function reversePath({ read }: Machine, name: string): Finding {
  const check = `rp_filter ${name}`
  const values = ["all", name].map((one) => read(`/proc/sys/net/ipv4/conf/${one}/rp_filter`))
  const known = values.flatMap((text) => (text === null ? [] : Number(text)))
  const value = Math.max(...known)
  if (known.length < values.length) {
    return bad(check, "unknown", "this kernel does not show it", { causes: "see rp_filter", action: `look at ${name}` })
  }
  if (value !== STRICT) return good(check, value === 0 ? "off" : "loose")
  return bad(check, "look", "strict", {
    causes: `clients to which the route does not leave by ${name} get no answer: the kernel drops their packets`,
    action: `if there are such clients: sysctl -w net.ipv4.conf.${name}.rp_filter=2, and in /etc/sysctl.d`,
  })
}
