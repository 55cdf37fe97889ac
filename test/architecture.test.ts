import { readdirSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { type Import, mentionsOf } from "./support/imports.ts"
import { rooms } from "./support/rooms.ts"
import { fits, type Room } from "./support/rooms/room.ts"

/** What makes a room impure although it is imported from nowhere. */
const effects = new Set([
  ...["process", "console", "fetch", "performance", "setTimeout", "setInterval", "setImmediate", "queueMicrotask"],
  ...["Date", "Math.random", "crypto", "globalThis", "eval", "Function"],
])
/** What a room may not take from the machine if its time and chance are parameters. */
const timeAndChance = new Set([
  ...["performance", "setTimeout", "setInterval", "setImmediate", "Date.now", "new Date()", "Math.random"],
])
/** The kit could be of use to a stranger's project: it knows nothing of ours. */
const domain = /keepalived|kubernetes|kubectl|\bvips?\b|vrrp|ipvs/i

/** What a file of src/ breaks of the table; empty when it keeps to it. */
function violations(path: string, source: string): readonly string[] {
  const room = rooms.find(({ files }) => files.some((pattern) => fits(pattern, path)))
  if (room === undefined) return [`${path} is in no room: say in test/support/rooms.ts or rooms/ what it may import`]
  const { imports, globals } = mentionsOf(path, source)
  const found = imports.flatMap((one) => forbidden(room, path, one)).map((what) => `${path} imports ${what}`)
  if (room.pure) found.push(...globals.filter((name) => effects.has(name)).map((name) => `${path} uses ${name}`))
  if (room.givenTime === true) {
    found.push(...globals.filter((name) => timeAndChance.has(name)).map((name) => `${path} uses ${name}`))
    if (imports.some(({ names }) => names.includes("systemClock"))) found.push(`${path} uses systemClock`)
  }
  const word = path.startsWith("kit/") ? domain.exec(source)?.[0] : undefined
  return word === undefined ? found : [...found, `${path} says "${word}"`]
}

function forbidden(room: Room, path: string, { specifier, names, typesOnly }: Import): readonly string[] {
  if (specifier === null) return ["something computed"]
  if (specifier.startsWith("node:")) {
    if (room.may.includes("node:*")) return []
    // A bare import takes no name and yet runs the module.
    const taken = (names.length === 0 ? ["*"] : names).map((name) => `${specifier}#${name}`)
    return taken.filter((name) => !room.may.includes(name))
  }
  const target = specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : packageOf(specifier)
  const types = typesOnly ? (room.mayTypes ?? []) : []
  const allowed = specifier.startsWith(".") ? [...room.files, ...room.may, ...types] : room.may
  return allowed.some((pattern) => fits(pattern, target)) ? [] : [target]
}

function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/")
}

const source = join(import.meta.dirname, "../src")
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))

test("src/ keeps to the dependency table", () => {
  assert.ok(files.length > 20, "the source files are found")
  const found = files.flatMap((path) => violations(path, readFileSync(join(source, path), "utf8")))
  assert.equal(found.toSorted(), [])
})

test("only core/address parses addresses, writes their prefix lengths, and computes with their bits", () => {
  const found = files.flatMap((path) =>
    isExempt(path) ? [] : addressWork(readFileSync(join(source, path), "utf8"), path),
  )
  assert.equal(found, [])
  assert.equal(addressWork('import { isIPv4 } from "node:net"', "a.ts"), ["a.ts: isIPv4"])
  assert.equal(addressWork(String.raw`/\d+(?:\.\d+){3}/; /\d{1,3}\.\d{1,3}\.\d{1,3}\.\d+/; /\d+\.\d+\.\d+/`, "a.ts"), [
    String.raw`a.ts: \d+(?:\.\d+){3}`,
    String.raw`a.ts: \d{1,3}\.\d{1,3}\.\d{1,3}\.\d+`,
  ])
  assert.equal(addressWork('x + "/32"; bits >>> 0; 2 ** (32 - length)', "a.ts"), [
    "a.ts: /32",
    "a.ts: >>> 0",
    "a.ts: 32 -",
  ])
})

/** The room of addresses; and the programs' sockets, which have addresses of their own. */
function isExempt(path: string): boolean {
  return path.startsWith("core/address/") || path.startsWith("kit/")
}

function addressWork(text: string, path: string): readonly string[] {
  const code = text.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "")
  return [...code.matchAll(ADDRESS_WORK)].map(([what]) => `${path}: ${what}`)
}

/** Patterns of four numbers with dots, prefix lengths, and arithmetic with 32 bits. */
const ADDRESS_WORK = new RegExp(
  [
    String.raw`\bisIP(?:v[46])?\b`,
    String.raw`\\d(?:\+|\{1,3\})(?:\(\?:\\\.\\d(?:\+|\{1,3\})\)\{3\}|(?:\\\.\\d(?:\+|\{1,3\})){3})`,
    String.raw`/32\b`,
    ">>> 0",
    String.raw`\b32 -`,
    String.raw`\b(?:prefixLength|prefixlen) [=<>!]+ \d+`,
  ].join("|"),
  "g",
)

test("src/ has at most 16 files in a folder", () => {
  const counts = new Map<string, number>()
  for (const path of files) counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1)
  assert.equal(
    [...counts].filter(([, count]) => count > 16),
    [],
  )
})

test("src/ has at most 250 lines in a file", () => {
  const lengths = files.map((path) => [path, readFileSync(join(source, path), "utf8").split("\n").length - 1] as const)
  assert.equal(
    lengths.filter(([, lines]) => lines > 250),
    [],
  )
})

test("src/ has no circle of files, types included", () => {
  const imports = new Map(files.map((path) => [path, importsOf(path, readFileSync(join(source, path), "utf8"))]))
  assert.equal(circlesIn(imports), [])
})

test("circlesIn() finds a circle of two files and one of three, and no other", () => {
  const imports = { a: ["b", "c"], b: ["c"], c: ["d"], d: ["c"], e: ["f"], f: ["a", "g"], g: ["e"], h: ["h2"], h2: [] }
  assert.equal(circlesIn(new Map(Object.entries(imports))), ["c d", "e f g"])
})

/** The files below src/ that a file imports. */
function importsOf(path: string, text: string): readonly string[] {
  return mentionsOf(path, text).imports.flatMap(({ specifier }) =>
    specifier?.startsWith(".") === true ? [posix.join(posix.dirname(path), specifier)] : [],
  )
}

/** The groups of files that reach each other, each as its sorted names. */
function circlesIn(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const reached = new Map([...imports.keys()].map((path) => [path, reachedFrom(path, imports)]))
  const circles = [...reached].map(([path, others]) => [...others].filter((other) => reached.get(other)?.has(path)))
  return [...new Set(circles.filter(({ length }) => length > 0).map((circle) => circle.toSorted().join(" ")))]
}

function reachedFrom(start: string, imports: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const found = new Set<string>()
  const open = [start]
  for (let path = open.pop(); path !== undefined; path = open.pop())
    for (const next of imports.get(path) ?? [])
      if (!found.has(next)) {
        found.add(next)
        open.push(next)
      }
  return found
}

const planted: readonly [what: string, path: string, source: string, complaint: string][] = [
  ["an ordinary import", "core/model/a.ts", 'import { x } from "../render/b.ts"', "imports core/render/b.ts"],
  ["a bare import", "core/desired/a.ts", 'import "../../contract/pointer.ts"', "imports contract/pointer.ts"],
  ["a dynamic import", "sidecar/effect/a.ts", 'const x = await import("../../sync/b.ts")', "imports sync/b.ts"],
  ["a computed import", "cli/a.ts", "const x = await import(name)", "imports something computed"],
  ["a re-export", "sync/a.ts", 'export { x } from "../core/desired/resolve.ts"', "imports core/desired/resolve.ts"],
  ["a re-export of everything", "contract/a.ts", 'export * from "../core/pipeline.ts"', "imports core/pipeline.ts"],
  ["a type", "core/objects/a.ts", 'import type { X } from "../model/b.ts"', "imports core/model/b.ts"],
  ["a type among values", "kit/a.ts", 'import { type X } from "../core/b.ts"', "imports core/b.ts"],
  ["an import type", "core/model/a.ts", 'type X = import("../../cli/b.ts").X', "imports cli/b.ts"],
  ["require", "kit/a.ts", 'const x = require("pino")', "imports pino"],
  ["a package", "core/render/a.ts", 'import { compile } from "handlebars"', "imports handlebars"],
  [
    "a part of a package",
    "sidecar/effect/a.ts",
    'import { x } from "@kubernetes/client-node/dist/x.js"',
    "imports @kubernetes/client-node",
  ],
  ["a module of Node", "core/a.ts", 'import { readFileSync } from "node:fs"', "imports node:fs#readFileSync"],
  ["a module of Node without the prefix", "core/a.ts", 'import { readFileSync } from "fs"', "imports fs"],
  [
    "an unlisted name of a listed module",
    "core/address/a.ts",
    'import { connect, isIP } from "node:net"',
    "imports node:net#connect",
  ],
  ["all of a listed module", "core/address/a.ts", 'import * as net from "node:net"', "imports node:net#*"],
  ["a listed module as a bare import", "core/address/a.ts", 'import "node:net"', "imports node:net#*"],
  [
    "another program",
    "cli/a.ts",
    'import { x } from "../sidecar/keepalived/effect.ts"',
    "imports sidecar/keepalived/effect.ts",
  ],
  [
    "a value where only types are let in",
    "sidecar/agent/a.ts",
    'import { type A, b } from "../volume/c.ts"',
    "imports sidecar/volume/c.ts",
  ],
  [
    "a bare import where only types are let in",
    "sidecar/agent/a.ts",
    'import "../volume/c.ts"',
    "imports sidecar/volume/c.ts",
  ],
  ["a path with a detour", "cli/a.ts", 'import { x } from "../core/../sync/b.ts"', "imports sync/b.ts"],
  ["a path out of src/", "core/a.ts", 'import { x } from "../../scripts/b.ts"', "imports ../scripts/b.ts"],
  ["the clock", "core/model/a.ts", "export const now = () => Date.now()", "uses Date"],
  ["chance", "core/model/a.ts", "export const x = Math.random()", "uses Math.random"],
  ["a timer where time is a parameter", "sidecar/agent/a.ts", "setTimeout(f, 1)", "uses setTimeout"],
  ["the date where time is a parameter", "sidecar/volume/a.ts", "export const x = new Date()", "uses new Date()"],
  [
    "the machine's clock where time is a parameter",
    "sidecar/keepalived/a.ts",
    'import { systemClock } from "../../kit/time/clock.ts"',
    "uses systemClock",
  ],
  ["the environment", "contract/a.ts", "export const x = process.env", "uses process"],
  ["a word of the domain", "kit/a.ts", "// for keepalived", 'says "keepalived"'],
]
for (const [what, path, text, complaint] of planted) {
  test(`violations() finds ${what}`, () => {
    assert.equal(violations(path, text), [`${path} ${complaint}`])
  })
}

test("violations() finds a file that has no room", () => {
  assert.match(violations("elsewhere/a.ts", "")[0] ?? "", /^elsewhere\/a\.ts is in no room/)
})

const allowed: readonly [path: string, source: string][] = [
  ["sidecar/agent/a.ts", 'import type { A } from "../volume/c.ts"\nimport { type B } from "../volume/d.ts"'],
  ["core/address/a.ts", 'import { isIP } from "node:net"\nimport { x } from "./b.ts"'],
  ["core/pipeline.ts", 'import { x } from "./render/render.ts"'],
  ["sidecar/volume/a.ts", "export const beginning = new Date(0)"],
  ["sidecar/main.ts", 'import { x } from "./volume/watch.ts"\nimport { cpus } from "node:os"'],
  ["core/model/a.ts", '// import "node:fs"\nexport const text = \'import "node:fs"\''],
]
for (const [path, text] of allowed) {
  test(`violations() has nothing against ${text.replaceAll("\n", "; ")} in ${path}`, () => {
    assert.equal(violations(path, text), [])
  })
}

test.run()
