import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseDiagnostics } from "../../../src/sidecar/keepalived/diagnostics.ts"
import type { Diagnostic } from "../../../src/sidecar/ports.ts"

/** What 2.2.7 and 2.3.3 really printed for broken files. */
const outputs: [name: string, output: string, diagnostics: readonly Diagnostic[]][] = [
  ["nothing", "\n", []],
  [
    "a passed line, told in four passes, the first without the file's name",
    `(Line 39) Extra '}' found
(Line 39) Unknown keyword '}'
(b/extra-brace.conf: Line 39) Extra '}' found
(b/extra-brace.conf: Line 39) Unknown keyword '}'
(b/extra-brace.conf: Line 39) Extra '}' found
(b/extra-brace.conf: Line 39) Unknown keyword '}'
`,
    [
      { line: 39, virtualServer: null, message: "Extra '}' found" },
      { line: 39, virtualServer: null, message: "Unknown keyword '}'" },
    ],
  ],
  [
    "a virtual server without a line (2.2.7)",
    `(b/bad-real.conf: Line 35) Invalid real server ip address/port 10.2.1.1111/8080 - skipping
Virtual server [10.4.0.50]:tcp:80 has no real servers - ignoring
`,
    [
      { line: 35, virtualServer: null, message: "Invalid real server ip address/port 10.2.1.1111/8080 - skipping" },
      {
        line: null,
        virtualServer: "10.4.0.50 80 TCP",
        message: "Virtual server [10.4.0.50]:tcp:80 has no real servers - ignoring",
      },
    ],
  ],
  [
    "a virtual server with its line (2.3.3)",
    "(/run/a (b): c/k.conf: Line 38) Virtual server [10.4.0.50]:udp:443 has no real servers - ignoring\n",
    [
      {
        line: 38,
        virtualServer: "10.4.0.50 443 UDP",
        message: "Virtual server [10.4.0.50]:udp:443 has no real servers - ignoring",
      },
    ],
  ],
  [
    "the virtual server, not its real server",
    "VS [10.4.0.50]:tcp:443: real server [10.2.1.11]:tcp:8080 is duplicated - removing second rs\n" +
      "WARNING - virtual server [fd04::50]:sctp:80 and real server [10.2.1.11]:tcp:8080 ports don't match - resetting\n",
    [
      {
        line: null,
        virtualServer: "10.4.0.50 443 TCP",
        message: "VS [10.4.0.50]:tcp:443: real server [10.2.1.11]:tcp:8080 is duplicated - removing second rs",
      },
      {
        line: null,
        virtualServer: "fd04::50 80 SCTP",
        message:
          "WARNING - virtual server [fd04::50]:sctp:80 and real server [10.2.1.11]:tcp:8080 ports don't match - resetting",
      },
    ],
  ],
  [
    "weights that sum to 0",
    `Warning - quorum 1 for [10.4.0.50]:tcp:81 exceeds total weight of real servers 0, reducing quorum to 0
`,
    [
      {
        line: null,
        virtualServer: "10.4.0.50 81 TCP",
        message:
          "Warning - quorum 1 for [10.4.0.50]:tcp:81 exceeds total weight of real servers 0, reducing quorum to 0",
      },
    ],
  ],
  [
    "an instance is not a line",
    "(vips) the virtual router id must be set\nThere are 1 missing '}'s or extra '{'s\nThere are 1 missing '}'s or extra '{'s\n",
    [
      { line: null, virtualServer: null, message: "(vips) the virtual router id must be set" },
      { line: null, virtualServer: null, message: "There are 1 missing '}'s or extra '{'s" },
    ],
  ],
  [
    "a keyword without its value, which ends the parser",
    "(k.conf: Line 18) *** Configuration line starting `priority` is missing a parameter after keyword `priority` at word position 2\n",
    [
      {
        line: 18,
        virtualServer: null,
        message:
          "*** Configuration line starting `priority` is missing a parameter after keyword `priority` at word position 2",
      },
    ],
  ],
]

for (const [name, output, diagnostics] of outputs) {
  test(`parseDiagnostics() reads ${name}`, () => assert.equal(parseDiagnostics(output), diagnostics))
}

test("parseDiagnostics() cuts text that is not a message of the parser", () => {
  const [diagnostic] = parseDiagnostics(`(Line 1) ${"\u0000\u001b\t".repeat(1_000)}\n`)
  assert.is(diagnostic?.message, "?".repeat(500))
  assert.is(parseDiagnostics(Array.from({ length: 5_000 }, (_, i) => `(Line ${i + 1}) x`).join("\n")).length, 200)
})

test("parseDiagnostics() keeps equal messages of different lines apart", () => {
  const lines = parseDiagnostics("(Line 1) Unknown keyword '}'\n(Line 2) Unknown keyword '}'\n").map(({ line }) => line)
  assert.equal(lines, [1, 2])
})

test.run()
