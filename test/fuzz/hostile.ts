import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as fc from "fast-check"

/** The seed corpus: one hostile text a file, byte for byte; the name says what it tries. */
export const CORPUS: ReadonlyMap<string, string> = new Map(
  readdirSync(join(import.meta.dirname, "corpus"))
    .toSorted()
    .map((name) => [name, readFileSync(join(import.meta.dirname, "corpus", name), "utf8")]),
)

/** Pieces from which more are made. */
const PIECES = [
  ..."\n\r\t\0 {}#!$@~\\\"'`;:,.|&*?%<>[]()=+-/_".split(""),
  ..."\u000b\u000c\u001b\u007f\u0085\u00a0\u2028\u2029\ufeff\ud800\udfff\uffff".split(""),
  ...["vrrp_script", "virtual_server", "real_server", "misc_path", "notify", "quorum_up", "script", "include"],
  ...["global_defs", "enable_script_security", "track_file", "static_ipaddress", "lvs_flush", "sorry_server"],
  ...["/bin/sh", "/etc/shadow", "../..", "${_ENV HOME}", "$X", "$X=1", "@n1", "@^n1", "~SEQ(i,1,9)", "~LST(i,a,b)"],
  ...["{{x}}", "{{{x}}}", "{{#each a}}", "{{>vrrp-instance}}", "<%= x %>", "${x}", "%s%n"],
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "then"],
  ...["&a", "*a", "!!js/function", "!!binary", "<<", "? ", "- ", ": ", "---", "...", "%YAML 1.1", "|-", ">-"],
  ...["10.9.0.1", "10.9.0.1/24", "010.9.0.1", "0x0a.9.0.1", "::1", "fe80::1%eth0", "1.10", "1e3", "NaN", "-0", "yes"],
  ...["80", "65536", "9223372036854775808", "TCP", "udp", "SCTP", "NAT", "DR", "TUN", "None", "ExternalName", "FQDN"],
  ...["\n}\n", "\n  }\n", "}\n}\n", " {\n", "\r\n", "\n\n", "\\\n", '"\n', "'\n"],
]

/** Any text that somebody might try: the corpus, pieces in a row, arbitrary characters, and very long ones. */
const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...CORPUS.values()) },
  {
    weight: 40,
    arbitrary: fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 5 }).map((all) => all.join("")),
  },
  { weight: 20, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
  { weight: 20, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 30 }) },
  { weight: 10, arbitrary: fc.string({ unit: "grapheme", maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...PIECES), fc.constantFrom(64, 254, 1024, 5000))
      .map(([one, n]) => one.repeat(n).slice(0, n)),
  },
)

/** What takes the place of a harmless value. */
export type Hostile =
  | { readonly kind: "text"; readonly how: "whole" | "before" | "behind" | "inside"; readonly text: string }
  /** Of another type than the field. */
  | { readonly kind: "value"; readonly value: unknown }

export const anyHostile: fc.Arbitrary<Hostile> = fc.oneof(
  {
    weight: 19,
    arbitrary: fc.record({
      kind: fc.constant("text" as const),
      how: fc.constantFrom("whole", "before", "behind", "inside"),
      text: anyText,
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .oneof(
        fc.constantFrom<unknown>(null, true, false, [], {}, 0, -0, -1, 1.5, 65536, 2 ** 53, 2 ** 63, Infinity),
        fc.integer(),
        fc.double(),
      )
      .map((value) => ({ kind: "value" as const, value })),
  },
)

/** What stands in the field then. */
export function applied(hostile: Hostile, harmless: unknown): unknown {
  if (hostile.kind === "value") return hostile.value
  const own = String(harmless)
  const half = Math.floor(own.length / 2)
  switch (hostile.how) {
    case "whole":
      return hostile.text
    case "before":
      return hostile.text + own
    case "behind":
      return own + hostile.text
    case "inside":
      return own.slice(0, half) + hostile.text + own.slice(half)
  }
}
