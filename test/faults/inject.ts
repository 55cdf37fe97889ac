/**
 * Makes calls of Node.js fail, stop or kill at named points. Wraps node:fs, node:child_process and process.kill for the whole
 * process, whoever has imported them: the program under test is as it is shipped.
 */
import child_process from "node:child_process"
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { constants } from "node:os"
import { join } from "node:path"
import { type Call, type Point, POINTS } from "./points.ts"

/**
 * What happens at a point: SIGKILL; SIGTERM; SIGSTOP; half of the work and then SIGKILL; half of a write, which says it was all
 * of it; or the call fails with this code, without having done anything.
 */
export type Action = "kill" | "term" | "stop" | "tear" | "short" | "ENOSPC" | "EIO" | "EROFS" | "EACCES" | "EMFILE"

export interface Injection {
  /** What is to happen at a point that is just reached; null for nothing. */
  readonly actionAt: (point: Point) => Action | null
  /** Hears of every point that the program comes to. */
  readonly reached?: (point: Point) => void
  /** Before each call, whatever point it is or is none: to throw is to fail it. */
  readonly each?: (call: Call, about: string) => void
}

let injection: Injection = { actionAt: () => null }
const lastReached = new Map<string, number>()
let isTold = false
let reachedCount = 0

/** Puts the wraps in place, once a process, and has them ask this from now on. */
export function inject(next: Injection): void {
  injection = next
  wrapAll()
}

const original = { kill: process.kill.bind(process), writeSync: fs.writeSync, readFileSync: fs.readFileSync }
const paths = new Map<number, string>()

type Work<T> = () => T
/** Half of the work, for what can be done by halves. */
type Half = () => void

function around<T>(call: Call, about: string, { work, half }: { work: Work<T>; half?: Half | undefined }): T {
  injection.each?.(call, about)
  if (meet("before", call, { about, half }) === "short") {
    half?.()
    return undefined as T
  }
  const result = work()
  if (result instanceof Promise)
    return result.then((value: unknown) => {
      meet("after", call, { about, half: undefined })
      return value
    }) as T
  meet("after", call, { about, half: undefined })
  return result
}

function meet(
  when: Point["when"],
  call: Call,
  { about, half }: { about: string; half: Half | undefined },
): "short" | null {
  for (const point of POINTS) {
    if (point.call !== call || !point.about.test(about) || !isBetween(point)) continue
    if (point.when === when) {
      lastReached.set(point.name, ++reachedCount)
      injection.reached?.(point)
    }
    const action = injection.actionAt(point)
    // What fails, or is done by halves, is settled before the work is begun; a kill comes when the point says.
    const early = action !== "kill" && action !== "term" && action !== "stop"
    if (action === null || (early ? when === "after" : point.when !== when)) continue
    if (act(action, { call, about, half }) === "short") return "short"
  }
  return null
}

function isBetween({ between }: Point): boolean {
  if (between === undefined) return true
  const [first, second] = between.map((name) => lastReached.get(name) ?? 0)
  return (first ?? 0) > (second ?? 0)
}

function act(
  action: Action,
  { call, about, half }: { call: Call; about: string; half: Half | undefined },
): "short" | null {
  switch (action) {
    case "kill":
      die()
      return null
    case "term":
      // A point may be come to again before the program has ended, and a second signal ends it as usual.
      if (!isTold) original.kill(process.pid, "SIGTERM")
      isTold = true
      return null
    case "stop":
      original.kill(process.pid, "SIGSTOP")
      return null
    case "tear":
      half?.()
      die()
      return null
    case "short":
      return "short"
    default:
      throw failure(action, call, about)
  }
}

function die(): void {
  original.kill(process.pid, "SIGKILL")
  // The signal is on its way: nothing more may happen.
  for (;;);
}

export function failure(code: string, call: string, about: string): Error {
  const errno = -(constants.errno[code as keyof typeof constants.errno] ?? 0)
  return Object.assign(new Error(`${code}: injected, ${call} '${about}'`), { code, errno, syscall: call })
}

let wrapped = false
function wrapAll(): void {
  if (wrapped) return
  wrapped = true
  wrapNames()
  wrapDescriptors()
  wrapHandles()
  wrapProcesses()
  syncBuiltinESMExports()
}

type Any = (...words: never[]) => unknown
function replace(
  owner: object,
  name: string,
  make: (inner: (...words: unknown[]) => unknown) => (...words: unknown[]) => unknown,
): void {
  const table = owner as Record<string, Any>
  const inner = table[name] as unknown as (...words: unknown[]) => unknown
  table[name] = make(inner.bind(owner))
}

function wrapNames(): void {
  const about: Readonly<Record<string, (words: readonly unknown[]) => string>> = {
    mkdir: ([path]) => String(path),
    rename: ([from, to]) => `${String(from)} -> ${String(to)} ${firstLine(String(from))}`,
    link: ([from, to]) => `${String(from)} -> ${String(to)}`,
    rm: ([path]) => String(path),
    unlink: ([path]) => String(path),
  }
  for (const [name, tell] of Object.entries(about)) {
    const call = (name === "unlink" ? "rm" : name) as Call
    const make =
      (inner: (...words: unknown[]) => unknown) =>
      (...words: unknown[]) => {
        const half = call === "rm" ? () => removeHalf(String(words[0])) : undefined
        return around(call, tell(words), { work: () => inner(...words), half })
      }
    replace(fs, `${name}Sync`, make)
    // An async function, so that a failure is a rejection.
    replace(
      fs.promises,
      name,
      (inner) =>
        async (...words) =>
          make(inner)(...words),
    )
  }
}

function firstLine(path: string): string {
  try {
    return original.readFileSync(path, "utf8").slice(0, 200).split("\n")[0] ?? ""
  } catch {
    return ""
  }
}

const removals = { readdir: fs.readdirSync, rm: fs.rmSync }
function removeHalf(path: string): void {
  const names = removals.readdir(path)
  for (const name of names.slice(0, Math.ceil(names.length / 2))) removals.rm(join(path, name), { recursive: true })
}

function wrapDescriptors(): void {
  replace(
    fs,
    "openSync",
    (inner) =>
      (...words) =>
        around("open", String(words[0]), {
          work: () => {
            const descriptor = inner(...words) as number
            paths.set(descriptor, String(words[0]))
            return descriptor
          },
        }),
  )
  replace(fs, "closeSync", (inner) => (...words) => {
    paths.delete(words[0] as number)
    return inner(...words)
  })
  replace(
    fs,
    "fsyncSync",
    (inner) =>
      (...words) =>
        around("fsync", pathOf(words[0]), { work: () => inner(...words) }),
  )
  replace(fs, "writeFileSync", (inner) => (...words) => {
    const half = () => void inner(words[0], halfOf(words[1]), ...words.slice(2))
    return around("write", pathOf(words[0]), { work: () => inner(...words), half })
  })
}

function pathOf(target: unknown): string {
  return typeof target === "number" ? (paths.get(target) ?? `descriptor ${target}`) : String(target)
}

function halfOf(content: unknown): Buffer {
  const bytes = Buffer.from(content as string | Buffer)
  return bytes.subarray(0, Math.floor(bytes.length / 2))
}

function wrapHandles(): void {
  replace(fs.promises, "open", (inner) => async (...words) => {
    const path = String(words[0])
    const handle = (await around("open", path, { work: () => inner(...words) })) as fs.promises.FileHandle
    replace(handle, "sync", (sync) => async () => around("fsync", path, { work: () => sync() }))
    replace(handle, "writeFile", (write) => async (...content) => {
      const half = () => void original.writeSync(handle.fd, halfOf(content[0]))
      return around("write", path, { work: () => write(...content), half })
    })
    return handle
  })
  replace(
    fs.promises,
    "readFile",
    (inner) =>
      async (...words) =>
        around("open", String(words[0]), { work: () => inner(...words) }),
  )
  replace(
    fs.promises,
    "writeFile",
    (inner) =>
      async (...words) =>
        around("write", String(words[0]), { work: () => inner(...words) }),
  )
}

function wrapProcesses(): void {
  replace(child_process, "spawn", (inner) => (...words) => {
    const [program, its] = words
    const about = [String(program), ...(Array.isArray(its) ? its.map(String) : [])].join(" ")
    return around("spawn", about, { work: () => inner(...words) })
  })
  replace(
    process,
    "kill",
    (inner) =>
      (...words) =>
        around("signal", `${String(words[1])} ${String(words[0])}`, { work: () => inner(...words) }),
  )
}
