import { test } from "uvu"
import * as assert from "uvu/assert"
import type { KeepalivedModel } from "../../../src/core/model/keepalived-model.ts"
import { createModelBuilder } from "../../../src/core/model/build-model.ts"
import { othersIn } from "../../../src/sidecar/effect/ownership.ts"
import type { KernelAddress, KernelVirtualServer, RunningKeepalived } from "../../../src/sidecar/ports.ts"
import type { Ledger } from "../../../src/sidecar/volume/ledger.ts"
import { cluster, input, service, SETTINGS } from "../../core/fixture.ts"

const LIVES: RunningKeepalived = { parent: { pid: 1, startTime: "1" }, checker: null, vrrp: null }

function modelFor(): KeepalivedModel {
  const { model } = createModelBuilder(SETTINGS)(input({ "10.4.0.50": "default/a" }, cluster([service("a")])))
  if (model === null) throw new Error("the fixture has no model")
  return model
}

/** `10.4.0.50/32 eth0 keepalived` */
function addressOf(text: string): KernelAddress {
  const [cidr = "", name = "", protocol = null] = text.split(" ")
  const [address = "", prefixLength = ""] = cidr.split("/")
  return { address, prefixLength: Number(prefixLength), interface: name, protocol }
}

/** `10.4.0.50 80 TCP` */
function serverOf(text: string): KernelVirtualServer {
  const [address = "", port = ""] = text.split(" ")
  return { address, port: Number(port), protocol: "TCP", scheduler: "rr", realServers: [] }
}

interface Host {
  readonly addresses: readonly string[]
  readonly servers?: readonly string[]
  readonly claimed?: readonly string[]
  readonly isLost?: boolean
  readonly lives?: boolean
}

/** What is said of the one VIP: the holder of its address, and its virtual servers that are somebody else's. */
async function said({ addresses, servers = [], claimed = [], isLost = false, lives = false }: Host): Promise<string> {
  const vips = claimed.filter((one) => !one.includes(" "))
  const ledger: Ledger = {
    vips: new Set(vips),
    additions: new Set(vips.map((vip) => `${vip} eth0`)),
    virtualServers: new Set(claimed.filter((one) => one.includes(" "))),
    isLost,
  }
  const others = await othersIn(modelFor(), {
    kernel: {
      allAddresses: () => Promise.resolve(addresses.map(addressOf)),
      virtualServers: () => Promise.resolve(servers.map(serverOf)),
    },
    keepalived: { running: () => Promise.resolve(lives ? LIVES : null) },
    ledger: () => Promise.resolve(ledger),
  })
  if (others === null) return "nothing"
  const holder = others.addresses.get("10.4.0.50")
  const place = holder?.kind !== "host" ? [] : [`${holder.interface}/${holder.prefixLength}`]
  return [...place, ...[...others.virtualServers].filter((name) => name.startsWith("10.4.0.50 "))].join(", ")
}

const VIP = "10.4.0.50"
const SERVER = "10.4.0.50 80 TCP"
const NODE = "10.4.0.3/24 eth0"
const ANCHOR = "169.254.50.1/32 eth0"
const CLAIMED = [VIP, "169.254.50.1", SERVER]

const cases: [name: string, host: Host, said: string][] = [
  ["a host that has nothing of it", { addresses: [NODE], servers: ["10.96.0.1 443 TCP"] }, "nothing"],
  ["the address on another interface", { addresses: [NODE, "10.4.0.50/24 cni0"] }, "cni0/24"],
  ["the address on kube-proxy's interface", { addresses: [NODE, "10.4.0.50/32 kube-ipvs0"] }, "kube-ipvs0/32"],
  ["the address with another prefix", { addresses: [NODE, "10.4.0.50/24 eth0"] }, "eth0/24"],
  ["an unclaimed /32", { addresses: [NODE, "10.4.0.50/32 eth0"] }, "eth0/32"],
  [
    "a /32 of another keepalived, where the ledger is whole",
    { addresses: [NODE, `${ANCHOR} keepalived`, "10.4.0.50/32 eth0 keepalived"], claimed: ["169.254.50.1"] },
    "eth0/32",
  ],
  ["an unclaimed virtual server", { addresses: [NODE], servers: [SERVER] }, SERVER],
  [
    "an unclaimed virtual server, behind a VIP of ours",
    { addresses: [NODE, ANCHOR, "10.4.0.50/32 eth0"], servers: [SERVER], claimed: [VIP, "169.254.50.1"] },
    SERVER,
  ],
  [
    "what is in the ledger, though others have the address too",
    { addresses: [NODE, "10.4.0.50/24 cni0"], servers: [SERVER], claimed: CLAIMED },
    "nothing",
  ],
  [
    "what a killed keepalived left, the ledger being lost",
    { addresses: [NODE, ANCHOR, "10.4.0.50/32 eth0"], servers: [SERVER], isLost: true },
    "nothing",
  ],
  [
    "the same with the protocol that keepalived 2.3.2 and later tells",
    {
      addresses: [NODE, `${ANCHOR} keepalived`, "10.4.0.50/32 eth0 keepalived"],
      servers: [SERVER],
      isLost: true,
    },
    "nothing",
  ],
  [
    "an address that was not added as the anchor was, the ledger being lost",
    { addresses: [NODE, `${ANCHOR} keepalived`, "10.4.0.50/32 eth0"], servers: [SERVER], isLost: true },
    `eth0/32, ${SERVER}`,
  ],
  [
    "a /32 without any anchor, the ledger being lost",
    { addresses: [NODE, "10.4.0.50/32 eth0"], isLost: true, lives: true },
    "eth0/32",
  ],
  [
    "the table of a backup whose keepalived lives on, the ledger being lost",
    { addresses: [NODE], servers: [SERVER], isLost: true, lives: true },
    "nothing",
  ],
  [
    "a table that nobody vouches for, the ledger being lost",
    { addresses: [NODE], servers: [SERVER], isLost: true },
    SERVER,
  ],
]
for (const [name, host, expected] of cases)
  test(`othersIn() on ${name} (faults 211, 212)`, async () => {
    assert.is(await said(host), expected)
  })

test("othersIn() does not look where all that is asked for is claimed", async () => {
  const looks = () => Promise.reject(new Error("it looked"))
  const vips = new Set(["10.4.0.50", "169.254.50.1"])
  const additions = new Set([...vips].map((vip) => `${vip} eth0`))
  const ledger = { vips, additions, virtualServers: new Set([SERVER]), isLost: false }
  const others = await othersIn(modelFor(), {
    kernel: { allAddresses: looks, virtualServers: looks },
    keepalived: { running: () => Promise.resolve(null) },
    ledger: () => Promise.resolve(ledger),
  })
  assert.is(others, null)
})

test.run()
