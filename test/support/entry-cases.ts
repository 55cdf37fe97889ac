import { SCHEDULERS } from "../../src/core/declare/schedulers.ts"
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
  /** What the policy says. Absent: its words for the code. Null: nothing, because it does not read YAML. */
  readonly says?: RegExp | null
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
      [
        "addresses: [10.4.0.50]\nservices: []",
        "BAD_ENTRY_NAME",
        [],
        /^Cannot read the line "addresses: \[10.4.0.50\]"/,
      ],
    ] as const
  ).map(([text, code, references = [], says]) => ({
    ...{ key: "10.4.0.50", text, code, references },
    ...(says === undefined ? {} : { says }),
  })),
]

/** An entry in the long form that every reader takes. */
export interface TakenMapping {
  readonly text: string
  readonly addresses: readonly string[]
  /** `namespace/service:METHOD`, then what else is set: its ports, `/scheduler`, `~persistence`. */
  readonly targets: readonly string[]
}

const A = "10.4.0.50"
const WEB = "default/web"

export const TAKEN_MAPPINGS: readonly TakenMapping[] = [
  { text: `addresses: [${A}]\nservices: []`, addresses: [A], targets: [] },
  { text: `addresses: [${A}]\nservices:\n  - service: ${WEB}\n`, addresses: [A], targets: [`${WEB}:NAT`] },
  {
    text: `# the shop\n\n---\naddresses: # two of them\n  - ${A}\n  - "10.4.0.51"\nservices:\n- service: ${WEB}\n  method: dr\n- {service: 'other/web', method: NAT}\n`,
    addresses: [A, "10.4.0.51"],
    targets: [`${WEB}:DR`, "other/web:NAT"],
  },
  {
    text: `addresses: [${A}]\nservices:\n  - service: ${WEB}\n    ports: [http, 443, {servicePort: admin, port: 8080}, {port: 5353, servicePort: 53}]\n    scheduler: sh\n    persistence: 300\n`,
    addresses: [A],
    targets: [`${WEB}:NAT http 443 admin>8080 53>5353 /sh ~300`],
  },
  {
    text: `addresses: [${A}]\nservices:\n  - service: ${WEB}\n    ports:\n      - http\n      - servicePort: https\n        port: 8443\n    persistence: 0\n`,
    addresses: [A],
    targets: [`${WEB}:NAT http https>8443 ~0`],
  },
  ...SCHEDULERS.map((scheduler) => ({
    text: `addresses: [${A}]\nservices: [{service: ${WEB}, scheduler: ${scheduler}}]`,
    addresses: [A],
    targets: [`${WEB}:NAT /${scheduler}`],
  })),
  {
    text: `{"addresses":["${A}"],"services":[{"service":"${WEB}","method":"DR"}]}`,
    addresses: [A],
    targets: [`${WEB}:DR`],
  },
  { text: `addresses: [${A}]\r\nservices:\r\n  - service: ${WEB}\r\n`, addresses: [A], targets: [`${WEB}:NAT`] },
  { text: `addresses: [${A}]\nservices:\n  - service:\n      ${WEB}\n`, addresses: [A], targets: [`${WEB}:NAT`] },
  { text: `addresses:\n- ${A}\nservices: [{service: "default\\/web"}]\n`, addresses: [A], targets: [`${WEB}:NAT`] },
  { text: `services:\n- service: ${LONGEST}\naddresses: [${A}]`, addresses: [A], targets: [`${LONGEST}:NAT`] },
]

const GOOD = `addresses: [${A}]\nservices: [{service: ${WEB}}]\n`
const ONE = [WEB]
const NO_ADDRESS = /^Cannot announce/
const NO_FIELD = /the long form does not have this field$/
const NO_SIGN = /anchors, aliases, tags and merge keys are not allowed/

/** Entries in the long form that the nodes refuse, under the key `web`; and the place of the mistake in the value. */
export const REFUSED_MAPPINGS: readonly (readonly [
  text: string,
  code: DeclareCode,
  at: `${number}:${number}`,
  references: readonly string[],
  says: RegExp | null,
])[] = [
  ["{}", "BAD_FIELD", "1:1", [], /needs the fields addresses and services$/],
  [`addresses: [${A}]`, "BAD_FIELD", "1:1", [], /needs the fields addresses and services$/],
  [`services: [{service: ${WEB}}]`, "BAD_FIELD", "1:1", ONE, /needs the fields addresses and services$/],
  [`${GOOD}colour: red`, "BAD_FIELD", "3:1", ONE, NO_FIELD],
  [`${GOOD}interface: eth0`, "FIELD_NOT_SUPPORTED", "3:1", ONE, NO_FIELD],
  [`${GOOD}group: a`, "FIELD_NOT_SUPPORTED", "3:1", ONE, NO_FIELD],
  [`${GOOD}prefer: []`, "FIELD_NOT_SUPPORTED", "3:1", ONE, NO_FIELD],
  [`address: ${A}\naddresses: [10.4.0.51]\nservices: []`, "BAD_FIELD", "1:1", [], NO_FIELD],
  [`addresses: ${A}\nservices: []`, "BAD_FIELD", "1:12", [], null],
  ["addresses: []\nservices: []", "BAD_FIELD", "1:12", [], null],
  ["addresses: [10.4]\nservices: []", "BAD_FIELD", "1:13", [], null],
  [`addresses:\nservices: []`, "BAD_FIELD", "1:1", [], null],
  ["addresses: [010.4.0.50]\nservices: []", "BAD_ADDRESS", "1:13", [], NO_ADDRESS],
  [`addresses: [${A}, 10.4.0.999]\nservices: []`, "BAD_ADDRESS", "1:24", [], NO_ADDRESS],
  ["addresses:\n  - 127.0.0.1\nservices: []", "BAD_ADDRESS", "2:5", [], NO_ADDRESS],
  [`addresses: [${A}/24]\nservices: []`, "BAD_ADDRESS", "1:13", [], null],
  ['addresses: ["fd04::50"]\nservices: []', "BAD_ADDRESS", "1:13", [], null],
  ["addresses: [vip.example.org]\nservices: []", "BAD_ADDRESS", "1:13", [], null],
  [`addresses: [${A}, ${A}]\nservices: []`, "ADDRESS_DECLARED_TWICE", "1:24", [], /twice: name it in one entry/],
  [`addresses: [${A}]\nservices: ${WEB}`, "BAD_FIELD", "2:11", [], null],
  [`addresses: [${A}]\nservices: [${WEB}]`, "BAD_FIELD", "2:12", [], null],
  [`addresses: [${A}]\nservices: [{method: NAT}]`, "BAD_FIELD", "2:12", [], null],
  [
    `addresses: [${A}]\nservices: [{service: web}]`,
    "BAD_TARGET",
    "2:22",
    [],
    /\(expected service: namespace\/service\)$/,
  ],
  [
    `addresses: [${A}]\nservices: [{service: ${WEB}:DR}]`,
    "BAD_TARGET",
    "2:22",
    ONE,
    /\(expected service: namespace\/service\)$/,
  ],
  [`addresses: [${A}]\nservices: [{service: 1}]`, "BAD_FIELD", "2:22", [], /\(expected service: namespace\/service\)$/],
  [
    `addresses: [${A}]\nservices:\n  - service: ${WEB}\n    method: NATX`,
    "BAD_FORWARDING_METHOD",
    "4:13",
    ONE,
    /\(expected method: NAT, or method: DR\)$/,
  ],
  [
    `addresses: [${A}]\nservices: [{service: ${WEB}, method: TUN}]`,
    "METHOD_NOT_SUPPORTED",
    "2:43",
    ONE,
    /\(expected method: NAT, or method: DR\)$/,
  ],
  [
    `addresses: [${A}]\nservices: [{service: ${WEB}, scheduler: fast}]`,
    "BAD_FIELD",
    "2:46",
    ONE,
    /\(expected a scheduler of IPVS, such as wlc\)$/,
  ],
  [`addresses: [${A}]\nservices: [{service: ${WEB}, persistence: -1}]`, "BAD_FIELD", "2:48", ONE, null],
  [`addresses: [${A}]\nservices: [{service: ${WEB}, persistence: 5m}]`, "BAD_FIELD", "2:48", ONE, null],
  [`addresses: [${A}]\nservices: [{service: ${WEB}, persistence: 0300}]`, "YAML_NUMBER", "2:48", ONE, null],
  [`addresses: [${A}]\nservices: [{service: ${WEB}, ports: http}]`, "BAD_FIELD", "2:42", ONE, null],
  [`addresses: [${A}]\nservices: [{service: ${WEB}, ports: []}]`, "BAD_FIELD", "2:42", ONE, null],
  [`addresses: [${A}]\nservices: [{service: ${WEB}, ports: [70000]}]`, "BAD_FIELD", "2:43", ONE, null],
  [`addresses: [${A}]\nservices: [{service: ${WEB}, ports: [HTTP]}]`, "BAD_FIELD", "2:43", ONE, null],
  [`addresses: [${A}]\nservices: [{service: ${WEB}, ports: [http, http]}]`, "BAD_FIELD", "2:49", ONE, null],
  [
    `addresses: [${A}]\nservices: [{service: ${WEB}, ports: [{port: 0, servicePort: http}]}]`,
    "BAD_FIELD",
    "2:50",
    ONE,
    null,
  ],
  [`addresses: [${A}]\nservices: [{service: ${WEB}, ports: [{port: 8080}]}]`, "BAD_FIELD", "2:43", ONE, null],
  [
    `addresses: [${A}]\nservices: [{service: ${WEB}, ports: [{as: 8080, port: 80, servicePort: 80}]}]`,
    "BAD_FIELD",
    "2:44",
    ONE,
    null,
  ],
  [
    `addresses: [${A}]\nservices: [{service: ${WEB}}, {service: ${WEB}, method: DR}]`,
    "SERVICE_NAMED_TWICE",
    "2:46",
    ONE,
    null,
  ],
  [`${GOOD}addresses: [10.4.0.51]`, "YAML_DUPLICATE_KEY", "3:1", ONE, null],
  [`addresses: &a [${A}]\nservices: []`, "YAML_ANCHOR", "1:15", [], NO_SIGN],
  [`addresses: *a\nservices: []`, "YAML_ALIAS", "1:12", [], NO_SIGN],
  [`addresses: !mine [${A}]\nservices: []`, "YAML_TAG", "1:12", [], NO_SIGN],
  [`${GOOD}<<: {a: b}`, "YAML_MERGE_KEY", "3:1", ONE, NO_SIGN],
  [`addresses:\n\t- ${A}\nservices: []`, "YAML_TAB", "2:1", [], null],
  [`addresses: [${A}\nservices: [{service: ${WEB}}]`, "YAML_SYNTAX", "2:1", ONE, null],
  [`addresses: ${"[".repeat(300)}`, "YAML_SYNTAX", "1:212", [], /needs the fields addresses and services$/],
]
