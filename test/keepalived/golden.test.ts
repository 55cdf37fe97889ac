import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { checkStructure } from "../../src/core/render/structure.ts"
import { type Piece, parsePiece } from "../../src/core/render/piece.ts"
import { createRenderer, lastLineOf } from "../../src/core/render/render.ts"
import { instanceOf, modelWith, otherInstance } from "../core/instances.ts"
import { goldenCases, shippedTemplates, walkGolden } from "../support/golden.ts"
import { createNetworkNamespace, keepalivedReleases, type NetworkNamespace } from "../support/keepalived.ts"
import { type Ended, run } from "../support/run.ts"

const releases = await keepalivedReleases()
let namespace: NetworkNamespace
let directory: string

test.before(async () => {
  namespace = await createNetworkNamespace()
  directory = await mkdtemp(join(tmpdir(), "kkv-golden-"))
  await writeFile("/run/keepalived/empty.conf", "# nothing\n")
})
test.after(async () => {
  await namespace.remove()
  await rm(directory, { recursive: true })
})

async function configTest(program: string, text: string): Promise<Ended> {
  const file = join(directory, "keepalived.conf")
  await writeFile(file, text)
  const [enter, ...words] = namespace.words
  return run(enter, [...words, program, "--config-test", "--no-syslog", "-e", "--use-file", file])
}

test("there is a keepalived of the distribution and one that is 2.3.3 or newer", () => {
  const versions = releases.map((one) => one.version)
  assert.ok(
    versions.some((version) => /^2\.(3\.([3-9]|\d\d)|[4-9]\.)/.test(version)),
    `found only ${versions.join(", ")}: run "make install"`,
  )
  assert.ok(versions.length >= 2)
})

for (const release of releases)
  for (const name of goldenCases())
    test(`golden ${name} passes keepalived ${release.version} without a word`, async () => {
      const { status, stdout, stderr } = await configTest(release.path, walkGolden(name).config)
      assert.equal({ status, stdout, stderr }, { status: 0, stdout: "", stderr: "" })
    })

for (const release of releases)
  test(`a file with two VRRP instances passes keepalived ${release.version} without a word`, async () => {
    const { text } = createRenderer(shippedTemplates())(modelWith(instanceOf("10.4.0.50"), otherInstance("10.8.0.50")))
    const { status, stdout, stderr } = await configTest(release.path, text)
    assert.equal({ status, stdout, stderr }, { status: 0, stdout: "", stderr: "" })
  })

/** What must never become live: how it is made from a good file, and whether keepalived itself notices. */
const spoilt: [name: string, spoil: (text: string) => string, keepalivedNotices: boolean][] = [
  ["an empty file", () => "", false],
  ["only global_defs", (text) => text.slice(0, text.indexOf("\n# Holds")), false],
  ["a file cut between two blocks", (text) => text.slice(0, text.indexOf("\n# Service")), false],
  ["a file that lacks only its last line", (text) => text.slice(0, text.lastIndexOf("\n# end")), false],
  ["a duplicate virtual server", (text) => text.replace(/\n# Service[^]*?\n\}\n/, (block) => block + block), false],
  ["an include that nobody asked for", (text) => `${text}include /run/keepalived/empty.conf\n`, false],
  [
    "a virtual server on an address that is no VIP",
    (text) => text.replace("virtual_server 10.4.0.50", "virtual_server 10.4.0.99"),
    false,
  ],
  ["a real server with port 0", (text) => text.replace(/real_server (\S+) 8080/, "real_server $1 8080\n    # "), true],
  ["a keyword that nobody knows", (text) => text.replace("lvs_sched", "lvs_schet"), true],
  ["a method in small letters", (text) => text.replace("lvs_method NAT", "lvs_method nat"), true],
  ["a missing closing brace", (text) => text.replace(/\}\n\n# end/, "\n# end"), true],
  ["one closing brace too much", (text) => text.replace("\n# end", "}\n\n# end"), true],
  ["a VIP that is no address", (text) => text.replaceAll("10.4.0.50/32", "10.4.0.500/32"), true],
  ["a file cut inside a keyword", (text) => text.slice(0, text.indexOf("priority") + 4), true],
  ["a comment that swallows a brace", (text) => text.replace(/(real_server \S+ 8080) \{/, "$1 # {"), true],
  ["a script", (text) => text.replace("nopreempt", 'nopreempt\n  notify "/bin/sh -c true"'), true],
  ["a vrrp_script block", (text) => `${text}vrrp_script x {\n  script "/bin/true"\n}\n`, true],
  [
    "a second VRRP instance address",
    (text) => text.replace("169.254.50.1/32 dev eth0", "169.254.50.1/32 dev eth0\n    10.4.0.77/32 dev eth0"),
    false,
  ],
  [
    "a real server less than the model has",
    (text) => text.replace(/\n {2}real_server 10\.2\.68\.9[^]*?\n {2}\}\n/, ""),
    false,
  ],
]

for (const [name, spoil] of spoilt)
  test(`checkStructure() refuses ${name}`, () => {
    const { config, model } = walkGolden("seed-scaled")
    const text = spoil(config)
    assert.is.not(text, config)
    assert.throws(() => checkStructure(piecesOf(text, lastLineOf(model)), model), /Cannot trust/)
  })

for (const release of releases)
  for (const [name, spoil, notices] of spoilt)
    test(`keepalived ${release.version} ${notices ? "refuses" : "takes"} ${name}`, async () => {
      const { status } = await configTest(release.path, spoil(walkGolden("seed-scaled").config))
      assert.is(status !== 0, notices)
    })

/** A text as one piece, and its last line as another where it has one. */
function piecesOf(text: string, last: string): Piece[] {
  if (!text.endsWith(last)) return [parsePiece(text, { kind: "head" })]
  return [parsePiece(text.slice(0, -last.length), { kind: "head" }), parsePiece(last, { kind: "end" })]
}

test.run()
