/**
 * An in-memory file system below MEMORY for everything in this process, whoever has imported node:fs: the product reads and writes as it
 * always does. Import it first. memfs keeps the files; here stands what it does otherwise than Linux, and what a test wants to know.
 *
 * Every form of a call, with a promise or a callback too, is done in the same turn: nothing waits for a thread, so that a fake clock and
 * a seed decide alone what comes after what.
 */
import { EventEmitter } from "node:events"
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { dirname } from "node:path"
import { createFsFromVolume, Volume } from "memfs"

/** Paths below it are in memory, all others where they always are. */
export const MEMORY = "/in-memory"
/** memfs counts its descriptors down from 2^31. */
const FIRST_DESCRIPTOR = 2 ** 30

export interface DiskListener {
  /** Before each call that changes something: to throw is to fail it. `half` does half of it, where it can be done by halves. */
  readonly before: (name: string, words: readonly unknown[], half: (() => void) | null) => void
  /** Before each other call. */
  readonly reads: () => void
  /** After each call that changed names or bytes. */
  readonly changed: (name: string, words: readonly unknown[]) => void
  /** Someone watches a directory; `fail` ends that. @returns what wakes that watcher; it may choose not to. */
  readonly watched: (wake: (name: string) => void, fail: () => void) => (name: string) => void
  /** A call with a promise is of somebody who is dead: it never comes back. */
  readonly isLost: (error: unknown) => boolean
}

type Act = (...words: never[]) => unknown
type Table = Record<string, unknown>

let listener: DiskListener = {
  before: () => {},
  reads: () => {},
  changed: () => {},
  watched: (wake) => wake,
  isLost: () => false,
}
let memory = createFsFromVolume(new Volume()) as unknown as typeof fs
let watchers = new Map<string, Set<(name: string) => void>>()

/** Begins with an empty disk. */
export function format(next: DiskListener): void {
  memory = createFsFromVolume(new Volume()) as unknown as typeof fs
  memory.mkdirSync(MEMORY)
  watchers = new Map()
  listener = next
}

/** The disk for the test itself: unseen by the listener. */
export function plainDisk(): typeof fs {
  return memory
}

/** Tells whoever watches this directory that something happened to a name in it. */
export function notify(directory: string, name: string): void {
  for (const wake of watchers.get(directory) ?? []) wake(name)
}

const CHANGES = new Set(["rename", "rm", "unlink", "link", "mkdir", "writeFile", "write"])

function onDisk(name: string, words: readonly unknown[]): unknown {
  const act = (memory as unknown as Table)[`${name}Sync`] as (...words: readonly unknown[]) => unknown
  const half = name === "writeFile" ? () => void act(words[0], halfOf(words[1])) : null
  const changes = CHANGES.has(name) || (name === "open" && (Number(words[1]) & fs.constants.O_CREAT) !== 0)
  if (changes) listener.before(name, words, half)
  else listener.reads()
  if (name === "rename" && !mayRename(String(words[0]), String(words[1]))) return undefined
  const result = act(...words)
  if (CHANGES.has(name)) {
    listener.changed(name, words)
    for (const path of words.filter(isInMemory)) notify(dirname(path), path.slice(dirname(path).length + 1))
  }
  return result
}

function halfOf(content: unknown): Uint8Array {
  const bytes = Buffer.from(content as string | Uint8Array)
  return bytes.subarray(0, Math.floor(bytes.length / 2))
}

/** What rename(2) says and memfs does not. @returns false where there is nothing to do: both names are one file. */
function mayRename(from: string, to: string): boolean {
  const [source, target] = [from, to].map((path) => memory.lstatSync(path, { throwIfNoEntry: false }))
  if (source === undefined || target === undefined) return true
  if (source.ino === target.ino) return false
  if (target.isDirectory() && !source.isDirectory()) throw refusal("EISDIR", from)
  if (!target.isDirectory() && source.isDirectory()) throw refusal("ENOTDIR", from)
  if (target.isDirectory() && memory.readdirSync(to).length > 0) throw refusal("ENOTEMPTY", from)
  return true
}

function refusal(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: rename '${path}'`), { code })
}

function isInMemory(word: unknown): word is string {
  return typeof word === "string" && (word === MEMORY || word.startsWith(`${MEMORY}/`))
}

function isOurs(words: readonly unknown[]): boolean {
  return isInMemory(words[0]) || (typeof words[0] === "number" && words[0] >= FIRST_DESCRIPTOR)
}

const NAMES = Object.keys(memory)
  .filter((name) => name.endsWith("Sync") && name in fs && name !== "existsSync")
  .map((name) => name.slice(0, -"Sync".length))

/** The same call, but for whoever is dead: that one waits for ever. */
function promised(name: string, words: readonly unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    try {
      resolve(onDisk(name, words))
    } catch (error) {
      if (!listener.isLost(error)) reject(error)
    }
  })
}

/** What the product and its libraries ask of a FileHandle. */
function handleOf(fd: number) {
  return {
    fd,
    sync: () => promised("fsync", [fd]),
    stat: () => promised("fstat", [fd]),
    writeFile: (bytes: Uint8Array) => promised("writeFile", [fd, bytes]),
    close: () => promised("close", [fd]),
  }
}

function replace(owner: object, name: string, make: (inner: Act) => (...words: unknown[]) => unknown): void {
  const table = owner as Table
  const inner = table[name]
  if (typeof inner === "function") table[name] = Object.assign(make(inner.bind(owner) as Act), { native: inner })
}

for (const name of NAMES) {
  const otherwise = (inner: Act, words: readonly unknown[]) => inner(...(words as never[]))
  replace(
    fs,
    `${name}Sync`,
    (inner) =>
      (...words) =>
        isOurs(words) ? onDisk(name, words) : otherwise(inner, words),
  )
  replace(
    fs.promises,
    name,
    (inner) =>
      (...words) =>
        isOurs(words)
          ? promised(name, words).then((value) => (name === "open" ? handleOf(value as number) : value))
          : otherwise(inner, words),
  )
  replace(fs, name, (inner) => (...words) => {
    const tell = words.at(-1)
    if (!isOurs(words) || typeof tell !== "function") return otherwise(inner, words)
    promised(name, words.slice(0, -1)).then(
      (value) => (tell as Act)(...([null, value, words[1]] as never[])),
      (error: unknown) => (tell as Act)(...([error] as never[])),
    )
    return undefined
  })
}
replace(
  fs,
  "existsSync",
  (inner) =>
    (...words) =>
      isOurs(words) ? memory.existsSync(String(words[0])) : inner(...(words as never[])),
)
// What lies outside is read in the same turn as well: the templates, at the start.
replace(fs.promises, "readFile", (inner) => async (...words) => {
  if (isOurs(words) || typeof words[0] !== "string") return inner(...(words as never[]))
  return fs.readFileSync(words[0], words[1] as BufferEncoding)
})
replace(fs, "watch", (inner) => (...words) => {
  const [path, , tell] = words
  if (!isInMemory(path)) return inner(...(words as never[]))
  const watcher = new EventEmitter()
  const fail = () => watcher.listenerCount("error") > 0 && watcher.emit("error", new Error("watched no more"))
  const hear = listener.watched((name) => (tell as (event: string, name: string) => void)("rename", name), fail)
  const its = watchers.get(path) ?? new Set()
  watchers.set(path, its.add(hear))
  const same = () => watcher
  return Object.assign(watcher, { close: () => void its.delete(hear), ref: same, unref: same })
})
syncBuiltinESMExports()
