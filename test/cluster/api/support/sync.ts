import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { parse } from "yaml"

import { decodeHeartbeat } from "../../../../src/contract/heartbeat.ts"
import { decodeManifest } from "../../../../src/contract/manifest.ts"
import { decodePointer } from "../../../../src/contract/pointer.ts"
import { decodeSyncStatus, type SyncStatus } from "../../../../src/contract/sync-status.ts"
import { until } from "./until.ts"

const program = join(import.meta.dirname, "../../../../bin/kkv")

/** What a published generation says, in the words of the checks. */
export interface Generation {
  readonly sequence: number
  readonly contentSha256: string
  readonly files: readonly string[]
  /** Of all VIP ConfigMaps. */
  readonly entries: Readonly<Record<string, string>>
  readonly nodes: readonly string[]
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, Mirrored>
}

export interface Mirrored {
  /** `80:8080` */
  readonly ports: readonly string[]
  /** Names of its EndpointSlices. */
  readonly slices: readonly string[]
  /** Addresses of the endpoints, those that are not ready with a mark: `10.244.0.1`, `10.244.0.2 terminating`. */
  readonly endpoints: readonly string[]
}

/** A line of sync's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string; readonly level: string }

/** A real `kkv sync` process. */
export interface Sync {
  readonly pid: number
  readonly desired: string
  readonly log: readonly LogLine[]
  /** Null before the first publication. */
  current(): Generation | null
  status(): SyncStatus | null
  /** How long ago it is known to have read its source, in seconds; null where nobody knows. */
  sourceAgeSeconds(): number | null
  /** Each generation and when it was seen first, in ms since 1970; looked for every 20 ms. */
  readonly seen: readonly { readonly at: number; readonly generation: Generation }[]
  /** Waits until what is published is so. */
  until(what: string, check: (generation: Generation) => boolean, limitMs?: number): Promise<Generation>
  untilStatus(what: string, check: (status: SyncStatus) => boolean, limitMs?: number): Promise<SyncStatus>
  /** Waits until such a line is in the log, from line number `from` on. */
  untilLogged(what: string, check: (line: LogLine) => boolean, from?: number, limitMs?: number): Promise<LogLine>
  signal(signal: NodeJS.Signals): void
  stop(): Promise<number | null>
}

interface StartOptions {
  readonly desired: string
  readonly flags: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** What runs it, such as `unshare`; the program itself if absent. */
  readonly wrapper?: readonly string[]
}

const DEFAULT_LIMIT_MS = 60_000

export function startSync({ desired, flags, environment = {}, wrapper = [] }: StartOptions): Sync {
  const [command = program, ...words] = [...wrapper, program, "sync", "--desired", desired, ...flags]
  const child = spawn(command, words, { env: { ...process.env, ...environment }, stdio: ["ignore", "inherit", "pipe"] })
  const log: LogLine[] = []
  createInterface({ input: child.stderr }).on("line", (line) => log.push(lineOf(line)))
  const ended = endOf(child)
  const seen: { at: number; generation: Generation }[] = []
  const look = setInterval(() => {
    if (pointerIn(desired)?.sequence === seen.at(-1)?.generation.sequence) return
    const generation = generationIn(desired)
    if (generation !== null) seen.push({ at: Date.now(), generation })
  }, 20)
  const current = () => generationIn(desired)
  const status = () => {
    const text = textOf(join(desired, "status.yaml"))
    return text === null ? null : valueOf(decodeSyncStatus(text))
  }
  async function told<T>(what: string, limitMs: number, look: () => T | null): Promise<T> {
    try {
      return await until(what, limitMs, look)
    } catch (cause) {
      const last = log.slice(-5).map((line) => JSON.stringify(line))
      const published = `published: ${describe(current())}; status: ${JSON.stringify(status())}`
      throw new Error(`${String(cause)}; ${published}; log:\n${last.join("\n")}`, { cause })
    }
  }
  return {
    pid: child.pid ?? 0,
    desired,
    log,
    current,
    status,
    sourceAgeSeconds: () => {
      const text = textOf(join(desired, "beat/heartbeat"))
      const reading = text === null ? null : decodeHeartbeat(text)
      const read = reading?.kind === "heartbeat" ? reading.heartbeat.sourceRead : null
      return read === null ? null : Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) - read
    },
    seen,
    until: (what, check, limitMs = DEFAULT_LIMIT_MS) =>
      told(what, limitMs, () => {
        const generation = current()
        return generation !== null && check(generation) ? generation : null
      }),
    untilStatus: (what, check, limitMs = DEFAULT_LIMIT_MS) =>
      told(what, limitMs, () => {
        const is = status()
        return is !== null && check(is) ? is : null
      }),
    untilLogged: (what, check, from = 0, limitMs = DEFAULT_LIMIT_MS) =>
      told(what, limitMs, () => log.slice(from).find(check) ?? null),
    signal: (signal) => child.kill(signal),
    stop: async () => {
      clearInterval(look)
      child.kill("SIGCONT")
      child.kill("SIGTERM")
      const limit = setTimeout(() => child.kill("SIGKILL"), 5000)
      const status = await ended
      clearTimeout(limit)
      return status
    },
  }
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (status) => resolve(status))
  })
}

function lineOf(text: string): LogLine {
  try {
    return JSON.parse(text)
  } catch {
    return { event: text, level: "none" }
  }
}

function pointerIn(desired: string) {
  const text = textOf(join(desired, "current.json"))
  return text === null ? null : valueOf(decodePointer(text))
}

/** The generation that `current.json` names; null before the first, and where it was replaced while we read. */
function generationIn(desired: string): Generation | null {
  const pointer = pointerIn(desired)
  if (pointer === null) return null
  const directory = join(desired, "generations", pointer.directory)
  try {
    return read(directory)
  } catch (error) {
    if (pointerIn(desired)?.sequence !== pointer.sequence) return null
    throw error
  }
}

function read(directory: string): Generation {
  const { sequence, contentSha256, files } = valueOf(
    decodeManifest(readFileSync(join(directory, "manifest.json"), "utf8")),
  )
  const names = files.map(({ name }) => name)
  const text = (name: string) => readFileSync(join(directory, name), "utf8")
  const objects = (name: string) => (JSON.parse(text(name)) as { readonly items: readonly MirroredObject[] }).items
  const configMaps = names.filter((name) => name.startsWith("vips/")).map((name) => parse(text(name)) as MirroredObject)
  return {
    sequence,
    contentSha256,
    files: names,
    entries: Object.assign({}, ...configMaps.map(({ data }) => data ?? {})),
    nodes: objects("nodes.json").map(({ metadata }) => metadata.name),
    services: new Map(
      names
        .filter((name) => name.startsWith("services/"))
        .map((name) => [name.slice("services/".length, -".json".length), mirrored(objects(name))]),
    ),
  }
}

interface MirroredObject {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: { readonly ports: readonly { readonly port: number; readonly targetPort: number | string }[] }
  readonly endpoints?: readonly {
    readonly addresses: readonly string[]
    readonly conditions: { readonly ready?: boolean; readonly terminating?: boolean }
  }[]
}

function mirrored(objects: readonly MirroredObject[]): Mirrored {
  const slices = objects.filter(({ kind }) => kind === "EndpointSlice")
  return {
    ports: objects.flatMap(({ spec }) => spec?.ports ?? []).map(({ port, targetPort }) => `${port}:${targetPort}`),
    slices: slices.map(({ metadata }) => metadata.name),
    endpoints: slices
      .flatMap(({ endpoints = [] }) => endpoints)
      .flatMap(({ addresses, conditions }) => {
        const mark = conditions.terminating === true ? " terminating" : conditions.ready === false ? " unready" : ""
        return addresses.map((address) => address + mark)
      })
      .toSorted(),
  }
}

function describe(generation: Generation | null): string {
  if (generation === null) return "nothing"
  const { sequence, entries, nodes, services } = generation
  return JSON.stringify({ sequence, entries, nodes, services: Object.fromEntries(services) })
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return null
  }
}

type Decoded<T> = { readonly kind: "value"; readonly value: T } | { readonly kind: string }

function valueOf<T>(decoded: Decoded<T>): T {
  if ("value" in decoded) return decoded.value
  throw new Error(`Cannot read what sync wrote: ${JSON.stringify(decoded)}`)
}
