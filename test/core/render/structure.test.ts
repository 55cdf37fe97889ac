import { test } from "uvu"
import * as assert from "uvu/assert"

import { parsePiece } from "../../../src/core/render/piece.ts"

const HEAD = { kind: "head" } as const
const SERVER = { kind: "virtual-server", entry: "10.4.0.50", key: "10.4.0.50 80 TCP" } as const

const TEXT = `
# Service: default/echo
virtual_server 10.4.0.50 80 {
  lvs_sched wlc
  lvs_method NAT
  protocol TCP

  real_server 10.2.1.5 8080 {
    weight 1
  }

  real_server 10.2.1.6 8080 {
    weight 0
  }
}
`

test("pieceOf() lists the virtual servers of a text", () => {
  const { lines, parsed } = parsePiece(TEXT, SERVER)
  assert.is(lines, 15)
  assert.equal(parsed, {
    instances: [],
    addresses: [],
    virtualServers: [{ address: "10.4.0.50", port: 80, protocol: "TCP", realServers: 2 }],
  })
})

const INSTANCE = `vrrp_instance vips {
  virtual_ipaddress {
    169.254.50.1/32 dev eth0
  }
  virtual_ipaddress_excluded {
    10.4.0.50/32 dev eth0
    10.4.0.51/32 dev eth0
  }
}
`

test("pieceOf() lists the instances and addresses of a text", () => {
  const { instances, addresses } = parsePiece(INSTANCE, HEAD).parsed
  assert.equal(instances, ["vips"])
  assert.equal(
    addresses.map((one) => `${one.address} ${one.interface}`),
    ["169.254.50.1 eth0", "10.4.0.50 eth0", "10.4.0.51 eth0"],
  )
})

for (const [what, from, to, why] of [
  ["a second protocol", "  protocol TCP\n", "  protocol TCP\n  protocol TCP\n", "line 7.*already has a protocol"],
  ["an unknown word", "lvs_sched wlc", "lvs_schet wlc", 'line 4.*"lvs_schet wlc" is not allowed'],
  ["a word in another block", "    weight 1", "    protocol TCP", 'line 9.*"protocol TCP".*real_server'],
  ["an include", "\n# Service", "\ninclude /etc/passwd\n# Service", 'line 2.*"include /etc/passwd"'],
  ["an extra brace", /$/, "}\n", "line 16.*unmatched closing brace"],
  ["a missing brace", /\}\n$/, "", 'line 15 of the virtual server.*"virtual_server" is never closed'],
  ["a long line", "default/echo", "w".repeat(1000), "line 2.*1011 characters"],
  ["a scheduler that IPVS does not have", "wlc", "fast", 'line 4.*"lvs_sched fast" is not allowed'],
  ["a comment that keepalived may misread", "default/echo", "default/echo {", "line 2"],
  ["a port that begins with 0", "10.4.0.50 80", "10.4.0.50 080", "line 3"],
  ["a last line without an end", /\}\n$/, "}", "line 15"],
  ["words after a brace", "}\n\n", "} weight 1\n\n", "line 10"],
] as const)
  test(`pieceOf() throws for ${what}`, () => {
    const text = TEXT.replace(from, to)
    assert.is.not(text, TEXT)
    assert.throws(
      () => parsePiece(text, SERVER),
      (error: unknown) => error instanceof Error && new RegExp(why).test(error.message),
    )
  })

test("pieceOf() throws for a duplicate address", () =>
  assert.throws(
    () => parsePiece(INSTANCE.replace("10.4.0.51", "10.4.0.50"), HEAD),
    /line 7 of the head.*appears twice/,
  ))

test("pieceOf() names the virtual server of a wrong line", () =>
  assert.throws(() => parsePiece(TEXT.replace("wlc", "#"), SERVER), /line 4 of the virtual server 10\.4\.0\.50 80 TCP/))

test.run()
