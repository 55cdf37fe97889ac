import { test } from "uvu"
import * as assert from "uvu/assert"
import { kkv } from "./support/kkv.ts"
import { configMap, inTree, nodes, service, slice } from "./support/manifests.ts"
import { STATUS, SYNC, volumes } from "./support/volume.ts"

/** Clears the screen, turns a line round, begins it anew, ends it where no editor shows it, and C1's own way to do so. */
const HOSTILE = ["\u001b[2J\u001b[H", "\u202e", "\r", "\u2028", "\u0085", "\u009b2J", "\u001b]0;title\u0007", "\u200b"]
const TEXT = `x${HOSTILE.join("y")}z`
/** Nothing that is left of them may reach a terminal. */
const ACTS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u2028\u202e]/u
const OWN_COLOURS = /\u001b\[(?:1|22|3[1-6]|39)m/gu

const entry = JSON.stringify(TEXT)
const TREE = {
  ...volumes(
    {
      "vips.yaml": configMap(
        `${JSON.stringify(`10.4.0.50${TEXT}`)}: default/echo`,
        `10.4.0.51: ${entry}`,
        "10.4.0.52: default/echo",
      ),
      "nodes.yaml": nodes("10.4.0.3"),
      "services/default/echo.yaml": `${service("echo")}---\n${slice("echo", ["10.2.0.1"])}`,
    },
    {
      status: {
        ...{ reason: TEXT, outcome: "rejected", node: TEXT, interface: TEXT, keepalivedVersion: TEXT, time: TEXT },
        vips: [
          {
            ...STATUS.vips[0]!,
            entry: TEXT,
            vip: TEXT,
            state: "held",
            problem: { code: "BAD", message: TEXT },
            services: [TEXT],
          },
        ],
        problems: [
          { code: "BAD", severity: "error", path: [TEXT], place: { file: TEXT, line: 1, column: 1 }, message: TEXT },
        ],
      },
      sync: {
        state: "held",
        source: TEXT,
        since: SYNC.since,
        problems: [{ code: "BAD", severity: "error", path: [TEXT], place: null, message: TEXT }],
      },
    },
  ),
  [`odd${TEXT.replaceAll("\u0000", "")}.yaml`]: "kind: [",
}

const VOLUMES = ["--desired", "desired", "--applied", "applied"]
const COMMANDS: readonly (readonly string[])[] = [
  ["status", ...VOLUMES],
  ["status", ...VOLUMES, "--output", "json"],
  ["explain", "10.4.0.51", ...VOLUMES],
  ["explain", `10.4.0.99${TEXT}`, ...VOLUMES],
  ["validate", "desired"],
  ["validate", "."],
  ["validate", ".", "--output", "json"],
  ["render", "desired", "--iface", "eth0"],
  ["diff", "desired", "."],
  ["nonsense", TEXT],
]
for (const colour of [false, true])
  for (const words of COMMANDS)
    test(`kkv ${words.join(" ").replace(TEXT, "…")} ${colour ? "in colour" : "without colour"} lets no control character through`, () =>
      inTree(TREE, async () => {
        const { out, err } = await kkv(words, { colour })
        assert.ok((out + err).length > 0, "it says something")
        const left = colour ? out.replaceAll(OWN_COLOURS, "") : out
        assert.not.match(left, ACTS)
        assert.not.match(err, ACTS)
      }))

test("kkv status --output json says what there is, in characters that a terminal prints", () =>
  inTree(TREE, async () => {
    const { out } = await kkv(["status", ...VOLUMES, "--output", "json"])
    assert.is(JSON.parse(out).sidecar.vips[0].problem.message, TEXT)
  }))

test.run()
