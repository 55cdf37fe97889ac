import { test } from "uvu"
import * as assert from "uvu/assert"

import { EXAMPLES } from "../../src/cli/commands/examples.ts"
import { wantsColour } from "../../src/terminal/screen.ts"
import { run } from "../support/run.ts"
import { kkv } from "./support/kkv.ts"
import { configMap, inTree } from "./support/manifests.ts"

const COMMANDS = ["validate", "render", "diff", "status", "explain", "history", "rollback", "resume", "version"]

test("main() --help names every command, sync and sidecar too", async () => {
  const said = await kkv(["--help"])
  assert.is(said.status, 0)
  for (const command of [...COMMANDS, "sync", "sidecar"]) assert.match(said.out, new RegExp(`^  ${command} .+`, "m"))
})

for (const command of COMMANDS)
  test(`main() ${command} --help has two examples and --output`, async () => {
    const said = await kkv([command, "--help"])
    assert.is(said.status, 0)
    assert.is(said.out.split("Examples:\n")[1]?.match(/^ {2}# /gm)?.length, 2)
    assert.match(said.out, "--output <format>")
  })

test("EXAMPLES are command lines that are understood", async () => {
  const lines = Object.values(EXAMPLES).flatMap((text) => text.match(/kkv [a-z].*/g) ?? [])
  assert.ok(lines.length >= 2 * COMMANDS.length)
  for (const line of lines) {
    const words = (line.split(/ [|&]+ /)[0] ?? "").replaceAll('"', "").split(" ").slice(1)
    // An unknown flag is refused before anything is looked at; the help that follows keeps it from being looked at.
    assert.is((await kkv([...words, "--help"])).status, 0, line)
  }
})

const refused: readonly (readonly [words: string, hint: RegExp])[] = [
  ["", /Usage: kkv/],
  ["valdate .", /unknown command 'valdate'\n\(Did you mean validate\?\)/],
  ["validate . --outputt json", /unknown option '--outputt'\n\(Did you mean --output\?\)/],
  ["render . --vird 50", /unknown option '--vird'\n\(Did you mean --vrid\?\)/],
  ["validate", /missing required argument 'path'/],
  ["validate . --output yaml", /Allowed choices are text, json/],
  ["validate . --services-configmap vips", /Expected namespace\/name/],
  ["diff a", /missing required argument 'new'/],
  ["status now", /too many arguments/],
  ["render . --vrid 0", /Cannot use --vrid "0": expected a whole number from 1 to 255/],
  ["render . --scheduler best --check http", /--scheduler "best"[^]*--check "http": expected none or tcp/],
  ["render . --iface e{th0", /Cannot use --iface "e\{th0"/],
  ["render . --run-dir run", /Cannot use --run-dir "run": expected an absolute path/],
  ["render . --vrrp-version 2 --advert-interval 0.5", /whole seconds/],
]
for (const [words, hint] of refused)
  test(`main() refuses "${words}" with status 2`, async () => {
    const said = await kkv(words.split(" ").filter((word) => word !== ""))
    assert.is(said.status, 2)
    assert.is(said.out, "")
    assert.match(said.err, hint)
  })

for (const words of [
  ["diff", "-", "-"],
  ["validate", "-", "-"],
])
  test(`main() refuses to read standard input twice: ${words.join(" ")}`, async () => {
    const said = await kkv(words, { input: configMap("10.4.0.50: default/echo") })
    assert.is(said.status, 2)
    assert.is(said.err, 'kkv: Cannot read standard input twice (expected "-" once)\n')
    assert.is(said.out, "")
  })

test("main() --use-unicast may be written as other programs have it", () =>
  inTree({ "v.yaml": configMap() }, async () => {
    assert.match((await kkv(["render", "--use-unicast", "."])).err, "UNICAST_NEEDS_PEERS")
    assert.match((await kkv(["render", "--use-unicast=true", "."])).err, "UNICAST_NEEDS_PEERS")
    assert.not.match((await kkv(["render", "--use-unicast=false", "."])).err, "UNICAST_NEEDS_PEERS")
  }))

test("main() flags are read from the environment, and a flag counts more", () =>
  inTree({ "v.yaml": configMap() }, () =>
    withEnvironment({ KKV_VRID: "77", KKV_USE_UNICAST: "false", KKV_NODE: "x" }, async () => {
      const said = await kkv(["render", "."])
      assert.match(said.out, "virtual_router_id 77\n")
      assert.match(said.out, "router_id x\n")
      assert.not.match(said.err, "UNICAST")
      assert.match((await kkv(["render", ".", "--vrid", "78"])).out, "virtual_router_id 78\n")
    }),
  ))

test("main() an empty switch in the environment does not count", () =>
  inTree({ "v.yaml": configMap() }, () =>
    withEnvironment({ KKV_USE_UNICAST: "" }, async () => {
      const said = await kkv(["render", "."])
      assert.is(said.status, 0)
      assert.not.match(said.err, "UNICAST")
    }),
  ))

test("main() a wrong value in the environment is refused like one on the command line", () =>
  inTree({ "v.yaml": configMap() }, () =>
    withEnvironment({ KKV_USE_UNICAST: "perhaps" }, async () => {
      const said = await kkv(["render", "."])
      assert.is(said.status, 2)
      assert.match(said.err, 'Cannot use --use-unicast "perhaps": expected true or false')
    }),
  ))

test("version() says what runs", async () => {
  for (const words of [["version"], ["--version"], ["-V"]])
    assert.match((await kkv(words)).out, /^kkv +1\.\d+\.\d+.*\nNode\.js +\d+\..*\nkeepalived +\S/)
  const json = JSON.parse((await kkv(["version", "--keepalived", "/nowhere", "--output", "json"])).out) as object
  assert.equal(
    Object.entries(json).map(([key]) => key),
    ["kkv", "node", "keepalived"],
  )
  assert.is("keepalived" in json ? json.keepalived : "", null)
})

const colours: readonly (readonly [Record<string, string>, isTerminal: boolean, wanted: boolean])[] = [
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: "1" }, true, false],
  [{ NO_COLOR: "" }, true, true],
  [{ TERM: "dumb" }, true, false],
  [{ FORCE_COLOR: "1" }, false, true],
  [{ FORCE_COLOR: "1", NO_COLOR: "1" }, true, false],
  [{ CI: "true" }, false, false],
]
for (const [environment, isTerminal, wanted] of colours)
  test(`wantsColour() ${JSON.stringify(environment)} ${isTerminal ? "on" : "off"} a terminal`, () => {
    assert.is(wantsColour(environment, isTerminal), wanted)
  })

test("kkv a reader that closes the pipe is not a fault", () =>
  inTree(
    { "v.yaml": configMap(...Array.from({ length: 900 }, (_, at) => `10.9.${at >> 8}.${at & 255}: ""`)) },
    async (directory) => {
      const program = `${import.meta.dirname}/../../src/kkv.ts`
      const line = `"${process.execPath}" "${program}" render . --node x --iface eth0 | head -1`
      const ended = await run("bash", ["-o", "pipefail", "-c", line], { directory })
      assert.is(ended.status, 0, ended.stderr)
      assert.is(ended.stderr, "")
      assert.match(ended.stdout, /^# Written by [^\n]*\n$/)
    },
  ))

test.run()

async function withEnvironment(changes: Readonly<Record<string, string>>, use: () => Promise<void>): Promise<void> {
  const before = { ...process.env }
  Object.assign(process.env, changes)
  try {
    await use()
  } finally {
    for (const name of Object.keys(changes)) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  }
}
