/** The pod's two containers under the memory limits of the manifests, each with its control group, on volumes of the shipped sizes. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs"
import { once } from "node:events"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { parse } from "yaml"
import * as z from "zod"

import { packageFile } from "../../src/kit/files/package-file.ts"
import { bundle as bundleSidecar, sidecarWords } from "../latency/pod.ts"
import { readLauncher } from "../launcher.ts"
import { createMemoryGroup, type MemoryGroup } from "./memory-group.ts"

const MIB = 1_048_576

/** What the DaemonSet gives, in MiB. */
export interface Shipped {
  readonly sync: number
  readonly sidecar: number
  readonly desired: number
  readonly applied: number
}

export function shippedSizes(): Shipped {
  const size = z
    .string()
    .regex(/^\d+Mi$/)
    .transform((text) => Number(text.slice(0, -2)))
  const container = z.looseObject({
    name: z.string(),
    resources: z.looseObject({ limits: z.looseObject({ memory: size }) }),
  })
  const volume = z.looseObject({ name: z.string(), emptyDir: z.looseObject({ sizeLimit: size }).optional() })
  const spec = z.looseObject({ containers: z.array(container), volumes: z.array(volume) })
  const daemonSet = z.looseObject({ spec: z.looseObject({ template: z.looseObject({ spec }) }) })
  const text = readFileSync(packageFile("manifests/base/daemonset.yaml", import.meta.url), "utf8")
  const pod = daemonSet.parse(parse(text)).spec.template.spec
  const limit = (name: string) => pod.containers.find((one) => one.name === name)?.resources.limits.memory ?? Number.NaN
  const room = (name: string) => pod.volumes.find((one) => one.name === name)?.emptyDir?.sizeLimit ?? Number.NaN
  return { sync: limit("sync"), sidecar: limit("sidecar"), desired: room("desired"), applied: room("applied") }
}

/** A program under its limit. */
export interface Limited {
  readonly lines: readonly Readonly<Record<string, unknown>>[]
  /** Resident at most since the last call, in MiB. */
  rssPeak(): number
  /** Charged at most since the start, in MiB. */
  charged(): number
  /** Why it is no more; null while it runs. */
  ended(): string | null
  kills(): number
}

export interface LargestPod {
  readonly desired: string
  readonly applied: string
  readonly sync: Limited
  readonly sidecar: Limited
  /** In desired/, in MiB. */
  used(): number
  /** Gives `desired/` another size, in MiB. */
  resize(mebibytes: number): void
  /** Opens every file of the current generation, and keeps it in use until the function that it gives is called. */
  hold(): () => void
  stop(): Promise<void>
}

export interface PodOptions {
  readonly url: string
  readonly shipped: Shipped
}

/** @throws Where root's rights are missing, or the programs cannot be built. */
export async function startLargestPod({ url, shipped }: PodOptions): Promise<LargestPod> {
  const out = packageFile(".cache/bench/largest", import.meta.url)
  execFileSync(process.execPath, [
    packageFile("scripts/build.ts", import.meta.url),
    "--no-maps",
    "--only",
    "sync",
    "--out",
    out,
  ])
  const programs = await bundleSidecar()
  const root = mkdtempSync(join(tmpdir(), "kkv-largest-"))
  const [desired, applied] = [join(root, "desired"), join(root, "applied")]
  for (const [directory, size] of [
    [desired, shipped.desired],
    [applied, shipped.applied],
  ] as const) {
    mkdirSync(directory)
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}m`, "tmpfs", directory])
  }
  const groups = {
    sync: createMemoryGroup("sync", shipped.sync * MIB),
    sidecar: createMemoryGroup("sidecar", shipped.sidecar * MIB),
  }
  const begin = (group: MemoryGroup, words: readonly string[]) =>
    limited(group, [process.execPath, ...readLauncher().flags, ...words])
  const keepalived = begin(groups.sidecar, [programs.keepalived, join(root, "run")])
  await delay(500)
  const sync = begin(groups.sync, [
    join(out, "kkv.mjs"),
    "sync",
    "--apiserver-host",
    url,
    "--desired",
    desired,
    "--services-configmap=default/vips",
  ])
  const sidecar = begin(groups.sidecar, [programs.sidecar, ...sidecarWords(root), "--node", "worker-000"])
  const started = [keepalived, sync, sidecar]
  return {
    desired,
    applied,
    sync,
    sidecar,
    used: () => {
      const { blocks, bfree, bsize } = statfsSync(desired)
      return ((blocks - bfree) * bsize) / MIB
    },
    resize: (mebibytes) => void execFileSync("mount", ["-o", `remount,size=${mebibytes}m`, desired]),
    hold: () => {
      const open = filesOf(currentDirectory(desired)).map((file) => openSync(file, "r"))
      return () => open.forEach((descriptor) => closeSync(descriptor))
    },
    stop: async () => {
      for (const { child } of started.toReversed()) child.kill("SIGTERM")
      await Promise.all(started.map(({ end }) => end))
      for (const directory of [desired, applied]) execFileSync("umount", [directory])
      rmSync(root, { recursive: true, force: true })
      await delay(200)
      for (const group of Object.values(groups)) group.remove()
    },
  }
}

export function currentDirectory(desired: string): string {
  const { directory } = JSON.parse(readFileSync(join(desired, "current.json"), "utf8")) as {
    readonly directory: string
  }
  return join(desired, "generations", directory)
}

function filesOf(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

interface Started extends Limited {
  readonly child: ChildProcess
  /** Resolves when it is no more. */
  readonly end: Promise<unknown>
}

function limited(group: MemoryGroup, words: readonly string[]): Started {
  const [program = "", ...rest] = [...group.within, ...words]
  const child = spawn(program, rest, {
    env: { ...process.env, ...readLauncher().environment },
    stdio: ["ignore", "ignore", "pipe"],
  })
  const lines: Record<string, unknown>[] = []
  let left = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    const parts = (left + text).split("\n")
    left = parts.pop() ?? ""
    for (const part of parts)
      lines.push(part.startsWith("{") ? (JSON.parse(part) as Record<string, unknown>) : { printed: part })
  })
  return {
    child,
    end: once(child, "close"),
    lines,
    rssPeak: () => {
      const file = `/proc/${child.pid}/status`
      const kib = /^VmHWM:\s+(\d+)/m.exec(readFileSync(file, "utf8"))?.[1]
      // proc(5): resets the peak.
      writeFileSync(`/proc/${child.pid}/clear_refs`, "5")
      return Number(kib) / 1024
    },
    charged: () => group.peakBytes() / MIB,
    kills: () => group.kills(),
    ended: () =>
      child.exitCode === null && child.signalCode === null ? null : String(child.signalCode ?? child.exitCode),
  }
}
