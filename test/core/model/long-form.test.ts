import { test } from "uvu"
import * as assert from "uvu/assert"

import type { VipModel } from "../../../src/core/model/keepalived-model.ts"
import type { ModelInput } from "../../../src/core/model/types.ts"
import { cluster, id, input, node, service, vipsIn } from "../fixture.ts"
import { A, B, build, long, OBJECTS, PORTS, ran, ranAs, TEXT } from "./long-forms.ts"

function serversOf({ address, virtualServers }: VipModel): readonly string[] {
  return virtualServers.map(({ port, protocol, scheduler, persistenceTimeout, forwardingMethod, service: name }) =>
    [address, port, protocol, scheduler, persistenceTimeout, forwardingMethod, name].join(" "),
  )
}

const servers: readonly (readonly [what: string, services: string, expected: readonly string[]])[] = [
  ["all ports", "default/b", ["80 TCP wlc 60 NAT default/b"]],
  ["a port by its name", "default/a, ports: [https]", ["443 TCP wlc 60 NAT default/a"]],
  [
    "a port by its number, in both protocols",
    "default/a, ports: [53]",
    ["53 TCP wlc 60 NAT default/a", "53 UDP wlc 60 NAT default/a"],
  ],
  [
    "ports under other numbers, and one of them twice",
    "default/a, ports: [http, {servicePort: http, port: 8080}, {servicePort: 443, port: 81}]",
    ["80 TCP wlc 60 NAT default/a", "81 TCP wlc 60 NAT default/a", "8080 TCP wlc 60 NAT default/a"],
  ],
  ["a scheduler", "default/b, scheduler: sh", ["80 TCP sh 60 NAT default/b"]],
  ["a persistence", "default/b, persistence: 300", ["80 TCP wlc 300 NAT default/b"]],
  ["no persistence, against the flag", "default/b, persistence: 0", ["80 TCP wlc  NAT default/b"]],
  ["the affinity of the Service, against the flag", "default/sticky", ["80 TCP wlc 30 NAT default/sticky"]],
  ["no persistence, against the Service", "default/sticky, persistence: 0", ["80 TCP wlc  NAT default/sticky"]],
  [
    "DR on the port of the pods, which is not that of the Service",
    "default/b, method: DR, ports: [{servicePort: 80, port: 8080}]",
    ["8080 TCP wlc 60 DR default/b"],
  ],
]
for (const [what, services, expected] of servers)
  test(`createModelBuilder() makes virtual servers of a long form with ${what}`, () => {
    const { model, problems } = build(input({ web: long(["10.4.0.50", "10.4.0.49"], services) }, OBJECTS))
    assert.equal(problems, [])
    assert.equal(
      vipsIn(model).flatMap(serversOf),
      ["10.4.0.49", "10.4.0.50"].flatMap((address) => expected.map((one) => `${address} ${one}`)),
    )
  })

const refused: readonly (readonly [services: readonly string[], message: string])[] = [
  [
    ["default/a, ports: [smtp]"],
    'PORT_NOT_FOUND: Cannot forward port "smtp" of "default/a": the Service has 80/TCP (http), 443/TCP (https), 53/UDP (dns) and 53/TCP (dns-tcp)',
  ],
  [["default/b, ports: [443]"], 'PORT_NOT_FOUND: Cannot forward port 443 of "default/b": the Service has 80/TCP'],
  [
    ["default/a, ports: [http, {servicePort: https, port: 80}]"],
    'PORT_CONFLICT: Cannot give port 80/TCP of this VIP to "default/a": two ports of the Service claim it; use another port or another VIP',
  ],
  [
    ["default/a, ports: [http]", "default/b"],
    'PORT_CONFLICT: Cannot give port 80/TCP of this VIP to "default/b": "default/a" already has it; use another port or another VIP',
  ],
  [
    ["default/b, method: DR"],
    'PORT_MAPPING_NEEDS_NAT: Cannot forward port 80 of "default/b" to port 8080 with DR: only NAT can change the port; make targetPort 80, or write method: NAT',
  ],
  [
    ["default/b, method: DR, ports: [{servicePort: 80, port: 81}]"],
    'PORT_MAPPING_NEEDS_NAT: Cannot forward port 81 of the VIP, port 80 of "default/b" to port 8080 with DR: only NAT can change the port; give the VIP port 8080, make targetPort 81, or write method: NAT',
  ],
]
for (const [services, message] of refused)
  test(`createModelBuilder() refuses ${services.join(" and ")} once for all VIPs of the entry`, () => {
    const data = { web: long(["10.4.0.50", "10.4.0.51"], ...services), "10.4.0.60": "default/b" }
    const { entries, problems } = build(input(data, OBJECTS))
    assert.equal(
      problems.map((one) => `${one.code}: ${one.message}`),
      [message],
    )
    assert.is(entries[2]?.state, "good")
  })

const told = (data: Record<string, string>, more: Partial<ModelInput> = {}) => {
  const { entries } = build(input(data, OBJECTS, more))
  return entries.map(({ declaration, address, state, vip }) =>
    [declaration.name, address, state, vip === null ? "-" : vip.virtualServers.map(({ port }) => port).join()].join(
      " ",
    ),
  )
}
const asked = (address: string): Partial<ModelInput> => ({
  others: { addresses: new Map([[address, { kind: "asked" }]]), virtualServers: new Set() },
})
const inUse = (address: string): Partial<ModelInput> => ({
  others: {
    addresses: new Map([[address, { kind: "lan", interface: "eth0", mac: "02:00:00:00:00:09" }]]),
    virtualServers: new Set(),
  },
})

const stories: readonly (readonly [
  what: string,
  text: string,
  more: Partial<ModelInput>,
  expected: readonly string[],
])[] = [
  ["its text is not YAML", "addresses: [", {}, [`web ${A} held 80`, `web ${B} held 80`]],
  ["its addresses cannot be read", `addresses: ${A}\nservices: []`, {}, [`web ${A} held 80`, `web ${B} held 80`]],
  [
    "one of its addresses is not valid",
    long([A, "10.4.0.999"], "default/b"),
    {},
    [`web ${A} held 80`, `web ${B} held 80`],
  ],
  ["its Service is gone", long([A, B], "default/none"), {}, [`web ${A} held 80`, `web ${B} held 80`]],
  [
    "its new text has other addresses and a mistake",
    long(["10.4.0.52"], "default/none"),
    {},
    ["web 10.4.0.52 left-out -", `web ${A} held 80`, `web ${B} held 80`],
  ],
  ["its new text has other addresses", long(["10.4.0.52"], "default/b"), {}, ["web 10.4.0.52 good 80"]],
  [
    "its new address is being asked for",
    long([A, "10.4.0.52"], "default/b"),
    asked("10.4.0.52"),
    [`web ${A} good 80`, "web 10.4.0.52 pending -", `web ${B} pending 80`],
  ],
  [
    "another machine has its new address",
    long(["10.4.0.52"], "default/b"),
    inUse("10.4.0.52"),
    ["web 10.4.0.52 left-out -", `web ${A} held 80`, `web ${B} held 80`],
  ],
  ["another machine has one of its addresses", TEXT, inUse(B), [`web ${A} good 80`, `web ${B} left-out -`]],
  ["it has lost an address", long([A], "default/b"), {}, [`web ${A} good 80`]],
]
for (const [what, text, more, expected] of stories)
  test(`createModelBuilder() keeps what works of an entry with two VIPs if ${what} (fault 295)`, () => {
    assert.equal(told({ web: text }, { lastGood: ran(TEXT), ...more }), expected)
  })

const renames: readonly (readonly [
  what: string,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  expected: readonly string[],
])[] = [
  ["into the long form", { [A]: "default/b" }, { web: `addresses: [${A}]\nservice: default/b` }, [`web ${A} held 80`]],
  [
    "into YAML that cannot be read",
    { [A]: "default/b" },
    { web: `addresses: [${A}\nservices: x` },
    [`web ${A} held 80`],
  ],
  ["into a text without a list", { [A]: "default/b" }, { web: `addresses: ${A}\nservices: []` }, [`web ${A} held 80`]],
  [
    "to another name",
    { web: TEXT },
    { shop: TEXT.replace("services", "service") },
    [`shop ${A} held 80`, `shop ${B} held 80`],
  ],
  ["back into the short form", { web: TEXT }, { [A]: "default/b:NATX" }, [`${A} ${A} held 80`]],
  ["and is good", { [A]: "default/b" }, { web: long([A], "default/a") }, [`web ${A} good 53,53,80,443`]],
  [
    "while the old one stays",
    { [A]: "default/b" },
    { [A]: "default/b", web: `addresses: [${A}]` },
    [`${A} ${A} good 80`, `web ${A} left-out -`],
  ],
]
for (const [what, before, after, expected] of renames)
  test(`createModelBuilder() keeps the VIP of an entry that changes ${what} (fault 296)`, () => {
    const lastGood = ranAs(before)
    assert.equal(told(after, { lastGood }), expected)
    const { model } = build(
      input(after, cluster([service("a", PORTS), service("b", { addresses: ["10.2.7.7"] })]), { lastGood }),
    )
    const held = vipsIn(model).filter(({ id: of }) =>
      expected.some((one) => one.includes(" held ") && of === id(one.split(" ")[0] ?? "")),
    )
    assert.is(held.length, expected.filter((one) => one.includes(" held ")).length)
    for (const { virtualServers } of held) assert.is(virtualServers[0]?.realServers[0]?.address, "10.2.7.7")
  })

test("createModelBuilder() tells the problem of an entry with each VIP that it keeps, and once altogether", () => {
  const { entries, problems } = build(input({ web: "addresses: [" }, OBJECTS, { lastGood: ran(TEXT) }))
  assert.is(new Set(problems.map(({ message }) => message)).size, problems.length)
  for (const entry of entries) assert.equal(entry.problems, problems)
})

test("createModelBuilder() gives an address of two entries of one ConfigMap to the first key, in any order of the file (fault 297)", () => {
  for (const data of [
    { web: TEXT, api: long([B], "default/b") },
    { api: long([B], "default/b"), web: TEXT },
  ])
    assert.equal(told(data).toSorted(), [`api ${B} good 80`, `web ${A} good 80`, `web ${B} left-out -`])
  const { problems } = build(input({ web: TEXT, [B]: "default/b" }, OBJECTS))
  assert.equal(
    problems.map(({ message }) => message),
    [
      `Cannot announce ${B} for entry "web": entry "${B}" of ConfigMap default/vips (vips.yaml:7:3) has this address, and its key comes first; remove it from one of the two entries, or choose another address`,
    ],
  )
})

test("createModelBuilder() gives an address to the entry that names it now, and not to one that is broken and named it before", () => {
  const data = { web: long([A], "default/none"), zoo: long([B], "default/b") }
  assert.equal(told(data, { lastGood: ran(TEXT) }), [`web ${A} held 80`, `zoo ${B} good 80`])
})

test("createModelBuilder() leaves out only the address of a node", () => {
  const objects = cluster([service("b")], [node("n1", B)])
  const { entries } = build(input({ web: TEXT }, objects))
  assert.equal(
    entries.map(({ address, state }) => `${address} ${state}`),
    [`${A} good`, `${B} left-out`],
  )
})

test("createModelBuilder() counts the real servers of all addresses of an entry", () => {
  const addresses = Array.from({ length: 200 }, (_, at) => `10.2.${Math.floor(at / 250)}.${(at % 250) + 1}`)
  const many = Array.from({ length: 60 }, (_, at) => `10.4.1.${at + 1}`)
  const objects = cluster([service("b", { addresses })])
  const { model, problems } = build(input({ web: long(many, "default/b"), [A]: "default/b" }, objects))
  assert.is(vipsIn(model).length, 1)
  assert.equal(
    problems.map(({ code }) => code),
    ["TOO_MANY_REAL_SERVERS"],
  )
})

test.run()
