import { execFileSync } from "node:child_process"
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { createDirectorySource, type DirectorySource } from "../../../src/sync/directory/source.ts"
import type { SourceReading } from "../../../src/sync/ports.ts"
import { nodeText, serviceText, vipsText } from "../../support/manifests.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { writeTree } from "../../support/volume.ts"

type Objects = Extract<SourceReading, { readonly kind: "objects" }>

/** What the source says once nothing is in doubt any more. */
function settled(source: DirectorySource): Objects {
  for (let look = 0; look < 3; look++) {
    const reading = source.read()
    if (reading.kind === "objects") return reading
  }
  throw new Error("the source does not settle")
}

function codes(source: DirectorySource): readonly string[] {
  return settled(source).problems.map(({ code }) => code)
}

function check(name: string, body: (root: string, outside: string) => Promise<void> | void): void {
  test(name, () =>
    withTemporaryDirectory(async (directory) => {
      const root = join(directory, "tree")
      mkdirSync(root)
      await body(root, directory)
    }),
  )
}

for (const [what, text] of [
  ["stand beside data", "data:\n10.4.0.50: default/echo\n"],
  ["stand below a misspelt field", "datas:\n  10.4.0.50: default/echo\n"],
  ["stand in metadata", "  data:\n    10.4.0.50: default/echo\n"],
] as const)
  check(`createDirectorySource() says what is wrong where entries vanish because they ${what}`, (root) => {
    const head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: vips\n  namespace: default\n"
    writeTree(root, { "vips.yaml": `${head}${text}` })
    const reading = settled(createDirectorySource(root))
    assert.equal(codes(createDirectorySource(root)), ["OBJECT_SHAPE"])
    assert.is(
      reading.objects.configMaps.size,
      0,
      "a reader that holds keeps what it has; an empty ConfigMap would remove it",
    )
  })

check("createDirectorySource() reads manifests at any depth and skips hidden names and other files", (root) => {
  writeTree(root, {
    "a/b/vips.yaml": vipsText("10.4.0.50: default/echo"),
    "c.yml": serviceText("echo", ["10.2.0.1"]),
    "d.json": JSON.stringify({ apiVersion: "v1", kind: "Node", metadata: { name: "n1" } }) + "\n",
    ".git/x.yaml": "a: {",
    ".hidden.yaml": "a: {",
    "README.md": "a: {",
  })
  const { objects, problems } = settled(createDirectorySource(root))
  assert.equal(problems, [])
  assert.equal([...objects.configMaps.keys(), ...objects.services.keys()], ["default/vips", "default/echo"])
  assert.equal(
    objects.nodes.map(({ object }) => object.metadata.name),
    ["n1"],
  )
  assert.is(objects.configMaps.get("default/vips")?.place.file, join(root, "a/b/vips.yaml"))
})

check("createDirectorySource() keeps the identity of files that did not change", (root) => {
  writeTree(root, { "vips.yaml": vipsText("10.4.0.50: a/b"), "echo.yaml": serviceText("echo", ["10.2.0.1"]) })
  const source = createDirectorySource(root)
  const before = settled(source).objects
  writeTree(root, { "vips.yaml": vipsText("10.4.0.51: a/b") })
  const after = settled(source).objects
  assert.is(after.services.get("default/echo"), before.services.get("default/echo"))
  assert.is.not(after.configMaps.get("default/vips"), before.configMaps.get("default/vips"))
})

check("createDirectorySource() sees a change of the same size within one tick of the clock", (root) => {
  const source = createDirectorySource(root)
  for (let round = 0; round < 50; round++) {
    const address = `10.4.0.${10 + (round % 2)}`
    writeTree(root, { "vips.yaml": vipsText(`${address}: a/b`) })
    const data = settled(source).objects.configMaps.get("default/vips")?.object.data ?? {}
    assert.equal(Object.keys(data), [address])
  }
})

check("createDirectorySource() staleMs() counts from the last look at which what was read still held", (root) => {
  let now = 1_000
  const source = createDirectorySource(root, () => now)
  assert.is(source.staleMs(), null)
  const write = (name: string, text: string) => {
    writeFileSync(join(root, name), text)
    utimesSync(join(root, name), 1, 1)
  }
  write("a.yaml", "kind: [\n")
  settled(source)
  assert.is(source.staleMs(), null)
  write("a.yaml", "kind: Nothing\n")
  settled(source)
  now += 5_000
  assert.is(source.staleMs(), 5_000)
  assert.is(source.hasChanged(), false)
  now += 1_000
  assert.is(source.staleMs(), 1_000)
  write("b.yaml", "kind: Nothing\n")
  assert.is(source.hasChanged(), true)
  assert.is(source.staleMs(), 1_000)
})

check("createDirectorySource() hasChanged() sees files come, change and go", (root) => {
  const source = createDirectorySource(root)
  const old = new Date(Date.now() - 60_000)
  const age = (name: string) => utimesSync(join(root, name), old, old)
  settled(source)
  assert.is(source.hasChanged(), false)
  writeTree(root, { "a.yaml": nodeText("n1", "10.4.0.3") })
  age("a.yaml")
  assert.is(source.hasChanged(), true)
  settled(source)
  assert.is(source.hasChanged(), false)
  writeTree(root, { "a.yaml": nodeText("n1", "10.4.0.4") })
  age("a.yaml")
  assert.is(source.hasChanged(), true)
  settled(source)
  unlinkSync(join(root, "a.yaml"))
  assert.is(source.hasChanged(), true)
})

check("createDirectorySource() hasChanged() doubts a file that was read within a tick of its last change", (root) => {
  const source = createDirectorySource(root)
  writeTree(root, { "a.yaml": nodeText("n1", "10.4.0.3") })
  // A time that is always fresh stands for a clock that has not ticked on.
  const fresh = new Date(Date.now() + 60_000)
  utimesSync(join(root, "a.yaml"), fresh, fresh)
  settled(source)
  assert.is(source.hasChanged(), true)
})

check("createDirectorySource() believes a file that ends within a line only when it looks so twice", (root) => {
  writeTree(root, { "vips.yaml": vipsText("10.4.0.50: default/ech").trimEnd() })
  const source = createDirectorySource(root)
  assert.is(source.read().kind, "settling")
  assert.is(source.read().kind, "objects")
  writeTree(root, { "vips.yaml": "" })
  assert.is(source.read().kind, "settling")
  writeTree(root, { "vips.yaml": vipsText("10.4.0.50: default/echo") })
  assert.is(source.read().kind, "objects")
})

check("createDirectorySource() says that a directory disappeared, and goes on when it is back", (root, outside) => {
  writeTree(root, { "vips.yaml": vipsText("10.4.0.50: a/b") })
  const source = createDirectorySource(root)
  assert.equal(codes(source), [])
  renameSync(root, join(outside, "away"))
  assert.equal(codes(source), ["SOURCE_MISSING"])
  assert.is(source.hasChanged(), false)
  renameSync(join(outside, "away"), root)
  assert.is(source.hasChanged(), true)
  assert.equal(codes(source), [])
})

check("createDirectorySource() follows what kubelet makes of a mounted ConfigMap", (root) => {
  writeTree(root, {
    "..2026_1/vips.yaml": vipsText("10.4.0.50: a/b"),
    "..2026_2/vips.yaml": vipsText("10.4.0.51: a/b"),
  })
  symlinkSync("..2026_1", join(root, "..data"))
  symlinkSync("..data/vips.yaml", join(root, "vips.yaml"))
  const source = createDirectorySource(root)
  const keys = () => Object.keys(settled(source).objects.configMaps.get("default/vips")?.object.data ?? {})
  assert.equal(keys(), ["10.4.0.50"])
  symlinkSync("..2026_2", join(root, "..data_tmp"))
  renameSync(join(root, "..data_tmp"), join(root, "..data"))
  assert.is(source.hasChanged(), true)
  assert.equal(keys(), ["10.4.0.51"])
})

check("createDirectorySource() follows links inside the tree once, and no loop", (root) => {
  writeTree(root, { "base/vips.yaml": vipsText("10.4.0.50: a/b") })
  symlinkSync("base", join(root, "link"))
  symlinkSync("..", join(root, "base", "up"))
  symlinkSync("base/vips.yaml", join(root, "again.yaml"))
  assert.equal(codes(createDirectorySource(root)), [])
})

check("createDirectorySource() reports links that lead out of the tree, and reads nothing there", (root, outside) => {
  writeTree(outside, { "secret/vips.yaml": vipsText("10.4.0.50: a/b"), "tree-2/x.yaml": "a: {" })
  symlinkSync(join(outside, "secret", "vips.yaml"), join(root, "a.yaml"))
  symlinkSync(join(outside, "secret"), join(root, "b"))
  symlinkSync("../tree-2/x.yaml", join(root, "c.yaml"))
  symlinkSync("/etc/passwd", join(root, "passwd"))
  const reading = settled(createDirectorySource(root))
  assert.equal(
    reading.problems.map(({ code, place }) => [code, place?.file]),
    [
      ["SOURCE_SYMLINK", join(root, "a.yaml")],
      ["SOURCE_SYMLINK", join(root, "b")],
      ["SOURCE_SYMLINK", join(root, "c.yaml")],
    ],
  )
  assert.is(reading.objects.configMaps.size, 0)
})

const unreadable: readonly [what: string, code: string, make: (path: string) => void][] = [
  ["a fifo", "SOURCE_UNREADABLE", (path) => void execFileSync("mkfifo", [path])],
  ["a link to nowhere", "SOURCE_UNREADABLE", (path) => symlinkSync("nowhere.yaml", path)],
  ["a link to itself", "SOURCE_UNREADABLE", (path) => symlinkSync("x.yaml", path)],
  ["2 MB", "SOURCE_UNREADABLE", (path) => writeFileSync(path, "x".repeat(2_000_000))],
  ["bytes that are no UTF-8", "SOURCE_NOT_UTF8", (path) => writeFileSync(path, Buffer.from([0x61, 0xff, 0x0a]))],
  ["a byte order mark", "FILE_BYTE_ORDER_MARK", (path) => writeFileSync(path, "\ufeffa: b\n")],
]
for (const [what, code, make] of unreadable) {
  check(`createDirectorySource() reports ${what} with the file's name`, (root) => {
    make(join(root, "x.yaml"))
    const { problems } = settled(createDirectorySource(root))
    assert.equal(
      problems.map((problem) => [problem.code, problem.place?.file]),
      [[code, join(root, "x.yaml")]],
    )
  })
}

check("createDirectorySource() passes no file where a directory was wanted", (root) => {
  rmSync(root, { recursive: true })
  writeFileSync(root, "")
  assert.equal(codes(createDirectorySource(root)), ["SOURCE_MISSING"])
})

test.run()
