import type { DeclareCode } from "../../src/core/declare/problem-codes.ts"

/**
 * What an entry of the VIP ConfigMap may say: one table for every reader of that grammar, which are the parser, sync (which
 * Services are named) and the admission policy.
 */

/** An entry that every reader takes. */
export interface TakenEntry {
  readonly text: string
  /** `namespace/service:METHOD`, in the order of the lines. */
  readonly targets: readonly string[]
}

const LONGEST = `${"n".repeat(63)}/${"s".repeat(63)}`

export const TAKEN: readonly TakenEntry[] = [
  { text: "", targets: [] },
  { text: "\n", targets: [] },
  { text: "#", targets: [] },
  { text: "default/echo", targets: ["default/echo:NAT"] },
  { text: "default/echo:NAT", targets: ["default/echo:NAT"] },
  { text: "default/echo:DR", targets: ["default/echo:DR"] },
  { text: "default/echo:nat", targets: ["default/echo:NAT"] },
  { text: "default/echo:dr", targets: ["default/echo:DR"] },
  { text: "default/echo:Dr # as the LAN wants it", targets: ["default/echo:DR"] },
  { text: "default/echo\t# after a tab", targets: ["default/echo:NAT"] },
  { text: "# front end\ndefault/a\n  # mail: a/b:NAT\ndefault/b:DR", targets: ["default/a:NAT", "default/b:DR"] },
  {
    text: "# a: b\n  # default/a\ndefault/a # default/b\ndefault/b",
    targets: ["default/a:NAT", "default/b:NAT"],
  },
  { text: "default/a\ndefault/b:DR\n", targets: ["default/a:NAT", "default/b:DR"] },
  { text: "default/a\n\n  default/b:DR  \n", targets: ["default/a:NAT", "default/b:DR"] },
  { text: "default/a\r\ndefault/b\r\n", targets: ["default/a:NAT", "default/b:NAT"] },
  { text: "default/a\r\n\r\n  other/a\r\n", targets: ["default/a:NAT", "other/a:NAT"] },
  { text: "default/a\nother/a:DR", targets: ["default/a:NAT", "other/a:DR"] },
  { text: LONGEST, targets: [`${LONGEST}:NAT`] },
]

/** An entry that every reader refuses. */
export interface RefusedEntry {
  readonly key: string
  readonly text: string
  readonly code: DeclareCode
  /** The Services that sync mirrors for it all the same, as `namespace/name`: a held entry needs them. */
  readonly references?: readonly string[]
  /** What the policy says. Absent: its words for the code. */
  readonly says?: RegExp
}

const NO_HOST = /^Cannot announce "127\.0\.0\.1": it is in a range that no host of a LAN has an address in/
const NOT_VALID = /^Cannot announce "10\.4\.0\.999": it is not a valid IPv4 address/
const NOT_A_METHOD = /^Cannot read the line "default\/a:NATX" of the entry 10\.4\.0\.50 \(expected namespace\/service/

export const REFUSED: readonly RefusedEntry[] = [
  ...(
    [
      ["10.4.0.999", NOT_VALID],
      ["foo"],
      ["010.4.0.50"],
      ["10.4.0.50/24"],
      ["10.4.0"],
      ["0x0a.4.0.50"],
      ["127.0.0.1", NO_HOST],
      ["0.0.0.0"],
      ["224.0.0.18"],
      ["255.255.255.255"],
      ["169.254.50.1"],
      ["fd04::50"],
    ] as const
  ).map(([key, says]) => ({
    ...{ key, text: "default/a", code: "BAD_ADDRESS" as const, references: ["default/a"] },
    ...(says === undefined ? {} : { says }),
  })),
  ...(
    [
      ["default/a:NATX", "BAD_FORWARDING_METHOD", ["default/a"], NOT_A_METHOD],
      ["a/b:", "BAD_FORWARDING_METHOD", ["a/b"]],
      ["a/b:DR:NAT", "BAD_FORWARDING_METHOD", ["a/b"]],
      [
        "default/a\ndefault/b:DRAG",
        "BAD_FORWARDING_METHOD",
        ["default/a", "default/b"],
        /^Cannot read the line "default\/b:DRAG"/,
      ],
      ["a/b:PROXY", "METHOD_NOT_SUPPORTED", ["a/b"]],
      ["a/b:TUN", "METHOD_NOT_SUPPORTED", ["a/b"]],
      ["a/b/c", "BAD_TARGET", [], /^Cannot read the line "a\/b\/c"/],
      ["a//b", "BAD_TARGET"],
      ["/b", "BAD_TARGET"],
      ["echo", "BAD_TARGET"],
      ["default/a\n- default/b", "BAD_TARGET", ["default/a"], /^Cannot read the line "- default\/b"/],
      ["../../etc/passwd", "BAD_TARGET"],
      ["../etc", "BAD_TARGET"],
      ["a/..", "BAD_TARGET"],
      ["Default/echo", "BAD_TARGET"],
      ["a/b c", "BAD_TARGET"],
      ["a/b {", "BAD_TARGET"],
      ["include /etc/passwd", "BAD_TARGET"],
      ["{{x}}/b", "BAD_TARGET"],
      ["a/b#c", "BAD_TARGET"],
      ["a/$b", "BAD_TARGET"],
      ["a/b\u2028c/d", "BAD_TARGET"],
      [`default/${"a".repeat(64)}`, "BAD_TARGET"],
      [`a/${"s".repeat(253)}`, "BAD_TARGET"],
      ["a/b\na/b:DR", "SERVICE_NAMED_TWICE", ["a/b"]],
      ["default/a\n# x\ndefault/b\ndefault/a:DR", "SERVICE_NAMED_TWICE", ["default/a", "default/b"]],
      ["address: 10.4.0.50\nservices: []", "LONG_FORM_NOT_SUPPORTED"],
    ] as const
  ).map(([text, code, references = [], says]) => ({
    ...{ key: "10.4.0.50", text, code, references },
    ...(says === undefined ? {} : { says }),
  })),
]
