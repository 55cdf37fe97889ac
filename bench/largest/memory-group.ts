/** A limit of memory for a process and its children, as a container has it. Wants root; Linux control groups of version 1 or 2. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

export interface MemoryGroup {
  /** Words before a program that has it start under the limit. */
  readonly within: readonly string[]
  /** What was charged at most, in bytes: memory of the processes, and of the files that they wrote to a file system in memory. */
  peakBytes(): number
  /** How often the kernel has killed for want of memory. */
  kills(): number
  remove(): void
}

/** How the two versions name the same. */
const VERSIONS = [
  {
    root: "/sys/fs/cgroup/memory",
    sign: "memory.limit_in_bytes",
    limit: "memory.limit_in_bytes",
    peak: "memory.max_usage_in_bytes",
    events: "memory.oom_control",
  },
  {
    root: "/sys/fs/cgroup",
    sign: "cgroup.controllers",
    limit: "memory.max",
    peak: "memory.peak",
    events: "memory.events",
  },
] as const

/** @throws Where this machine has no control groups that count memory, or lets nobody make one. */
export function createMemoryGroup(name: string, limitBytes: number): MemoryGroup {
  const version = VERSIONS.find(({ root, sign }) => existsSync(join(root, sign)))
  if (version === undefined) throw new Error("Cannot limit memory: this machine has no control groups that count it")
  const group = join(version.root, `kkv-${name}-${process.pid}`)
  mkdirSync(group)
  const textIn = (file: string) => readFileSync(join(group, file), "utf8")
  writeFileSync(join(group, version.limit), String(limitBytes))
  return {
    within: ["/bin/sh", "-c", `echo $$ > ${join(group, "cgroup.procs")} && exec "$@"`, "within"],
    peakBytes: () => Number(textIn(version.peak)),
    kills: () => Number(/^oom_kill (\d+)$/m.exec(textIn(version.events))?.[1] ?? 0),
    remove: () => rmdirSync(group),
  }
}
