import { type Dirent, existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"
import { join } from "node:path"
import type { Program } from "../faults/support/program.ts"
import { until } from "../faults/support/program.ts"

/** What a program holds at one moment. */
export interface Held {
  readonly rssBytes: number
  /** After the garbage was collected; null for a program that is not ours. */
  readonly heapBytes: number | null
  readonly descriptors: number
  readonly watches: number
}

/** What stands in a folder and below. */
export interface Stored {
  readonly files: number
  readonly bytes: number
}

/** A program of ours, started with hurry.ts and this file for its figures. */
export async function heldBy({ child }: Program, figures: string): Promise<Held> {
  const lines = () => (existsSync(figures) ? readFileSync(figures, "utf8").trim().split("\n") : [])
  const before = lines().length
  child.kill("SIGUSR2")
  await until(() => lines().length > before, "the program has written down its figures")
  const { heapBytes } = JSON.parse(lines().at(-1) ?? "") as { readonly heapBytes: number }
  return { ...ofProcess(child.pid ?? 0), heapBytes }
}

/** Any program, from outside. Source: proc(5). */
export function ofProcess(pid: number): Held {
  const rss = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
  const descriptors = readdirSync(`/proc/${pid}/fd`)
  const watches = descriptors
    .filter((fd) => isInotify(`/proc/${pid}/fd/${fd}`))
    .map((fd) => textOf(`/proc/${pid}/fdinfo/${fd}`).match(/^inotify wd/gm)?.length ?? 0)
  return {
    rssBytes: 1_024 * Number(rss),
    heapBytes: null,
    descriptors: descriptors.length,
    watches: watches.reduce((sum, count) => sum + count, 0),
  }
}

function isInotify(link: string): boolean {
  try {
    return readlinkSync(link) === "anon_inode:inotify"
  } catch {
    // Closed since it was listed.
    return false
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

export function storedIn(directory: string): Stored {
  let [files, bytes] = [0, 0]
  for (const entry of listed(directory)) {
    const path = join(directory, entry.name)
    const found = entry.isDirectory() ? storedIn(path) : { files: 1, bytes: statSync(path, SILENT)?.size ?? 0 }
    files += found.files
    bytes += found.bytes
  }
  return { files, bytes }
}

const SILENT = { throwIfNoEntry: false } as const

/** What vanishes while it is counted is not there. */
function listed(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch {
    return []
  }
}
