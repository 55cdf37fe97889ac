import { virtualServerKey } from "../../../src/core/model/keepalived-model.ts"
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { additionName, additionsOf, type KernelRole } from "../../../src/sidecar/effect/addresses.ts"
import {
  type Differences,
  differences,
  differenceText,
  type IntendedEffect,
  type KernelState,
} from "../../../src/sidecar/effect/differences.ts"
import type { KernelVirtualServer } from "../../../src/sidecar/ports.ts"

const nothingOwned = { additions: [], virtualServers: [] }

type Roles = readonly KernelRole[]

/** A kernel that shows just what is intended of a node with these roles in the instances. */
function kernelOf({ instances, ...intended }: IntendedEffect, roles: Roles): KernelState {
  const addresses = new Map<string, ReadonlySet<string>>()
  for (const [at, { anchor, vips, interface: name }] of instances.entries()) {
    const own = roles[at] === "MASTER" ? [anchor, ...vips] : []
    addresses.set(name, new Set(["10.4.0.3", ...(addresses.get(name) ?? []), ...own]))
  }
  const virtualServers = intended.virtualServers.map((server) => ({
    address: server.address,
    port: server.port,
    protocol: server.protocol,
    scheduler: server.scheduler,
    realServers: server.realServers.map((real) => ({ ...real, forwardingMethod: server.forwardingMethod })),
  }))
  return { addresses, virtualServers }
}

const realServer = fc.record({
  address: fc.integer({ min: 1, max: 250 }).map((n) => `10.2.1.${n}`),
  port: fc.constantFrom(80, 8080),
  weight: fc.constantFrom(0, 1, 100),
})
const virtualServer = fc.record({
  address: fc.constantFrom("10.4.0.50", "10.4.0.51", "10.4.0.52"),
  port: fc.constantFrom(53, 80, 443),
  protocol: fc.constantFrom("TCP" as const, "UDP" as const),
  scheduler: fc.constantFrom("wlc", "rr"),
  forwardingMethod: fc.constantFrom("NAT" as const, "DR" as const),
  checked: fc.boolean(),
  realServers: fc.uniqueArray(realServer, { minLength: 1, maxLength: 4, selector: (r) => `${r.address}:${r.port}` }),
})
const vips = { anchor: "169.254.50.1", interface: "eth0", name: "vips" }
const lan = { anchor: "169.254.51.1", interface: "eth1", name: "lan" }
const group = { anchor: "169.254.52.1", interface: "eth0", name: "group" }
const addressesOf = (prefix: string) =>
  fc.uniqueArray(fc.constantFrom(`${prefix}.50`, `${prefix}.51`, `${prefix}.52`), { minLength: 1 })
const instances = fc
  .tuple(addressesOf("10.4.0"), addressesOf("10.8.0"), addressesOf("10.4.1"), fc.integer({ min: 1, max: 3 }))
  .map(([first, second, third, count]) =>
    [
      { ...vips, vips: first },
      { ...lan, vips: second },
      { ...group, vips: third },
    ].slice(0, count),
  )
const intendedEffect = fc.record({
  instances,
  virtualServers: fc.uniqueArray(virtualServer, { minLength: 1, maxLength: 5, selector: virtualServerKey }),
})
const roles = fc.array(fc.constantFrom("MASTER" as const, "BACKUP" as const), { minLength: 3, maxLength: 3 })
const MASTER = ["MASTER", "MASTER", "MASTER"] as const
const BACKUP = ["BACKUP", "BACKUP", "BACKUP"] as const

/** The kinds of difference that were found, and how many of each. */
function kindsOf(found: Differences): Record<string, number> {
  const { roles: _, ...lists } = found
  return Object.fromEntries(
    Object.entries(lists).flatMap(([kind, list]) => (list.length === 0 ? [] : [[kind, list.length]])),
  )
}

test("differences() finds nothing where the kernel shows what is intended", () => {
  fc.assert(
    fc.property(intendedEffect, roles, (intended, roles) => {
      const additions = intended.instances.flatMap(additionsOf).map(additionName)
      const owned = { additions, virtualServers: intended.virtualServers.map(virtualServerKey) }
      const found = differences(intended, kernelOf(intended, roles), owned)
      assert.equal(found.roles, new Map(intended.instances.map(({ name }, at) => [name, roles[at]])))
      assert.equal(kindsOf(found), {})
      assert.is(differenceText(found), null)
    }),
  )
})

const foreign: KernelVirtualServer = {
  address: "10.9.9.9",
  port: 99,
  protocol: "TCP",
  scheduler: "rr",
  realServers: [],
}

/** Each changes one thing in the kernel; the first virtual server and its first real server are what it is done to. */
const mutations: [name: string, kind: keyof Differences, mutate: (kernel: MutableKernel) => void][] = [
  ["a VIP lost", "missingVips", (kernel) => kernel.addresses.get(kernel.interface)?.delete(kernel.vip)],
  ["a VIP too many", "surplusVips", (kernel) => kernel.addresses.get(kernel.interface)?.add("10.4.0.99")],
  ["a virtual server lost", "missingVirtualServers", (kernel) => kernel.servers.shift()],
  ["a virtual server too many", "surplusVirtualServers", (kernel) => kernel.servers.push(foreign)],
  ["a real server lost", "missingRealServers", (kernel) => kernel.servers[0]?.realServers.shift()],
  [
    "a real server too many",
    "surplusRealServers",
    (kernel) =>
      kernel.servers[0]?.realServers.push({ address: "10.2.9.9", port: 1, forwardingMethod: "NAT", weight: 1 }),
  ],
  ["another scheduler", "wrong", (kernel) => kernel.change({ scheduler: "sh" })],
  ["another weight", "wrong", (kernel) => kernel.changeReal({ weight: 7 })],
  ["another method", "wrong", (kernel) => kernel.changeReal({ forwardingMethod: "TUN" })],
]

type Writable = { -readonly [K in keyof KernelVirtualServer]: KernelVirtualServer[K] }
type MutableServer = Omit<Writable, "realServers"> & { realServers: KernelVirtualServer["realServers"][number][] }
interface MutableKernel {
  /** A VIP of the last instance, and its interface. */
  readonly vip: string
  readonly interface: string
  readonly addresses: Map<string, Set<string>>
  readonly servers: (MutableServer | KernelVirtualServer)[] & { 0?: MutableServer }
  change(part: Partial<MutableServer>): void
  changeReal(part: Partial<KernelVirtualServer["realServers"][number]>): void
}

function mutable(kernel: KernelState, { instances }: IntendedEffect): MutableKernel {
  const last = instances.at(-1)
  const servers = (kernel.virtualServers ?? []).map((server) => ({ ...server, realServers: [...server.realServers] }))
  const first = servers[0]
  return {
    vip: last?.vips[0] ?? "",
    interface: last?.interface ?? "",
    addresses: new Map([...kernel.addresses].map(([name, addresses]) => [name, new Set(addresses)])),
    servers,
    change: (part) => Object.assign(first ?? {}, part),
    changeReal: (part) => {
      const real = first?.realServers[0]
      if (first !== undefined && real !== undefined) first.realServers[0] = { ...real, ...part }
    },
  }
}

for (const [name, kind, mutate] of mutations) {
  test(`differences() finds ${name}, and nothing else`, () => {
    fc.assert(
      fc.property(intendedEffect, (drawn) => {
        const intended = {
          ...drawn,
          virtualServers: drawn.virtualServers.map((server) => ({ ...server, checked: false })),
        }
        const changed = mutable(kernelOf(intended, MASTER), intended)
        mutate(changed)
        const owned = { additions: [`10.4.0.99 ${changed.interface}`], virtualServers: [virtualServerKey(foreign)] }
        const found = differences(intended, { addresses: changed.addresses, virtualServers: changed.servers }, owned)
        assert.equal(kindsOf(found), { [kind]: 1 })
        assert.is.not(differenceText(found), null)
      }),
    )
  })
}

const one: IntendedEffect = {
  instances: [{ ...vips, vips: ["10.4.0.50"] }],
  virtualServers: [
    {
      address: "10.4.0.50",
      port: 80,
      protocol: "TCP",
      scheduler: "wlc",
      forwardingMethod: "NAT",
      checked: false,
      realServers: [
        { address: "10.2.1.11", port: 8080, weight: 1 },
        { address: "10.2.2.11", port: 8080, weight: 1 },
      ],
    },
  ],
}
const checked = { ...one, virtualServers: one.virtualServers.map((server) => ({ ...server, checked: true })) }

test("differences() leaves alone what was never ours", () => {
  const kernel = kernelOf(one, MASTER)
  const found = differences(
    one,
    {
      addresses: new Map([["eth0", new Set([...(kernel.addresses.get("eth0") ?? []), "10.4.0.99"])]]),
      virtualServers: [...(kernel.virtualServers ?? []), foreign],
    },
    nothingOwned,
  )
  assert.equal(kindsOf(found), {})
})

test("differences() lets a checked real server be absent or at weight 0, but not at another weight", () => {
  const backup = kernelOf(one, BACKUP)
  const [server] = backup.virtualServers ?? []
  const [real] = server?.realServers ?? []
  if (server === undefined || real === undefined) throw new Error("Cannot go on: the table is empty")
  const found = (intended: IntendedEffect, weight: number) =>
    kindsOf(
      differences(
        intended,
        { ...backup, virtualServers: [{ ...server, realServers: [{ ...real, weight }] }] },
        nothingOwned,
      ),
    )
  assert.equal(found(checked, 0), {})
  assert.equal(found(checked, 1), {})
  assert.equal(found(checked, 5), { wrong: 1 })
  assert.equal(found(one, 0), { wrong: 1, missingRealServers: 1 })
})

test("differences() finds every VIP of ours on a BACKUP, also one that is intended", () => {
  const addresses = new Map([["eth0", new Set(["10.4.0.3", "10.4.0.50", "10.4.0.51", "10.4.0.77"])]])
  const kernel = { ...kernelOf(one, BACKUP), addresses }
  const found = differences(one, kernel, { additions: ["10.4.0.51 eth0", "10.4.0.77 eth1"], virtualServers: [] })
  assert.equal([...found.roles], [["vips", "BACKUP"]])
  assert.equal([found.missingVips, found.surplusVips.map(additionName)], [[], ["10.4.0.50 eth0", "10.4.0.51 eth0"]])
})

test("differences() finds everything missing in a kernel without IPVS", () => {
  const found = differences(one, { ...kernelOf(one, BACKUP), virtualServers: null }, nothingOwned)
  assert.equal(found.missingVirtualServers, [{ address: "10.4.0.50", port: 80, protocol: "TCP" }])
})

test("differences() takes LOCAL for any method", () => {
  const [server] = kernelOf(one, MASTER).virtualServers ?? []
  const realServers = (server?.realServers ?? []).map((real) => ({ ...real, forwardingMethod: "LOCAL" as const }))
  const kernel = {
    ...kernelOf(one, MASTER),
    virtualServers: server === undefined ? [] : [{ ...server, realServers }],
  }
  assert.equal(kindsOf(differences(one, kernel, nothingOwned)), {})
})

const two: IntendedEffect = { ...one, instances: [...one.instances, { ...lan, vips: ["10.8.0.50"] }] }

test("differences() takes a VIP on the interface of another instance for one too many, and misses it on its own", () => {
  const addresses = new Map([
    ["eth0", new Set(["169.254.50.1", "10.4.0.50", "10.8.0.50"])],
    ["eth1", new Set(["169.254.51.1"])],
  ])
  const owned = { additions: ["10.8.0.50 eth0"], virtualServers: [] }
  const found = differences(two, { ...kernelOf(two, MASTER), addresses }, owned)
  assert.is(differenceText(found), "missing: 10.8.0.50 on eth1; surplus: 10.8.0.50 on eth0")
  const foreign = differences(two, { ...kernelOf(two, MASTER), addresses }, nothingOwned)
  assert.is(differenceText(foreign), "missing: 10.8.0.50 on eth1")
})

test("differences() expects nothing on an interface that does not exist, and compares the others", () => {
  const addresses = new Map([["eth0", new Set(["169.254.50.1"])]])
  const found = differences(two, { ...kernelOf(two, MASTER), addresses }, nothingOwned)
  assert.equal([...found.roles], [["vips", "MASTER"]])
  assert.is(differenceText(found), 'interface "eth1" does not exist; missing: 10.4.0.50 on eth0')
})

const onEth0 = (address: string) => ({ address, interface: "eth0" })

test("differenceText() names three of each kind", () => {
  const key = { address: "10.4.0.50", port: 80, protocol: "TCP" as const }
  const real = { address: "10.2.1.11", port: 8080 }
  const found: Differences = {
    roles: new Map([["vips", "MASTER"]]),
    missingInterfaces: [],
    missingVips: [onEth0("10.4.0.1"), onEth0("10.4.0.2")],
    missingVirtualServers: [key],
    missingRealServers: [{ server: key, real }],
    surplusVips: [],
    surplusVirtualServers: [{ ...key, port: 443 }],
    surplusRealServers: [],
    wrong: [
      { server: key, real, field: "weight", intended: "1", actual: "0" },
      { server: key, real: null, field: "scheduler", intended: "wlc", actual: "rr" },
    ],
  }
  assert.is(
    differenceText(found),
    "missing: 10.4.0.1, 10.4.0.2, 10.4.0.50 80 TCP and 1 more; surplus: 10.4.0.50 443 TCP; " +
      "weight of 10.2.1.11:8080 in 10.4.0.50 80 TCP is 0, expected 1, scheduler of 10.4.0.50 80 TCP is rr, expected wlc",
  )
})

test.run()
