import { existsSync } from "node:fs"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { faultCode } from "../../kit/fault.ts"
import { runCommand } from "../../kit/process/run-command.ts"

/** The files in keepalived's run directory with which this node gives its VIPs away. keepalived watches them. */
export interface TrackedFiles {
  /** Whether the lowest priority is asked for. */
  isLow(): Promise<boolean>
  /** Asks for the lowest priority, or for the configured one. keepalived adds the value to its priority; FAULT begins at -254. */
  setLow(low: boolean): Promise<void>
  /** Whether an agent that ended in a handover left the VIPs released. */
  isReleased(): Promise<boolean>
  /** True puts all instances into FAULT: they send priority 0, and their addresses go. */
  setReleased(released: boolean): Promise<void>
  /** Whether the orderly stop of the container has begun: it has the release file from then on. */
  isStopping(): boolean
  /** The drain that this keepalived has carried out; null for none. */
  done(): Promise<string | null>
  setDone(drain: string | null): Promise<void>
  /** Open connections go on here while the VIPs move. */
  keepConnections(step: "begin" | "end"): Promise<void>
}

export interface TrackedPlaces {
  readonly runDirectory: string
  /** Directory of keepalived's s6 service; the scripts of the scan directory lie beside it. */
  readonly serviceDirectory: string
  /** keepalived.conf in effect. */
  readonly liveFile: string
}

/** The highest priority of a node, 254, becomes the lowest, 1. Source: keepalived.conf(5), track_file. */
const LOW = "-253\n"
const USUAL = "0\n"
/** Time limit of a step of keep-connections, which limits each of its commands itself. */
const LIMITS = { timeoutMs: 15_000, maximumOutputBytes: 4096 }

export function createTrackedFiles({ runDirectory, serviceDirectory, liveFile }: TrackedPlaces): TrackedFiles {
  const path = (name: string) => join(runDirectory, name)
  const script = join(dirname(serviceDirectory), ".s6-svscan", "keep-connections")
  const set = async (name: string, text: string) => {
    await mkdir(runDirectory, { recursive: true })
    // In place: keepalived watches this very file, and reads it whole after each write.
    await writeFile(path(name), text)
  }
  return {
    isLow: async () => (await textOf(path("drained"))) === LOW,
    setLow: (low) => set("drained", low ? LOW : USUAL),
    isReleased: async () => (await textOf(path("release")))?.trim() === "1",
    setReleased: (released) => set("release", released ? "1\n" : USUAL),
    isStopping: () => existsSync(path("stopping")),
    done: () => textOf(path("drain-done")),
    setDone: (drain) => (drain === null ? rm(path("drain-done"), { force: true }) : set("drain-done", drain)),
    keepConnections: async (step) => {
      if (existsSync(script)) await runCommand(script, [step, liveFile], LIMITS)
    },
  }
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8")
  } catch (error) {
    if (faultCode(error) === "ENOENT") return null
    throw error
  }
}
