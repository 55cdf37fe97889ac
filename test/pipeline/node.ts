/** A node whose keepalived and kernel are FAKES: they outlive every agent, and know what keepalived was given, and for how long it ran. */
import { sha256Of } from "../../src/kit/sha256.ts"
import type { Machine } from "../../src/sidecar/wiring/machine.ts"
import type { ReloadVerdict, RunningKeepalived, TestVerdict } from "../../src/sidecar/ports.ts"
import { addressesIn, kernelShowing } from "../support/fake-kernel.ts"
import { vrrpShowing } from "../support/fake-vrrp.ts"
import { plainDisk } from "./disk.ts"
import { call, outside, type Surroundings } from "./lives.ts"

/** The config test refuses a file with this VIP, always. */
export const REFUSED = "10.4.0.66"
/** A keepalived that is lame does not announce this VIP, whatever its file says. */
export const LAME = "10.4.0.77"
/** Milliseconds that a config test, a reload or a start takes. */
const WORK_MS = 30
/** After so long a supervisor starts a keepalived anew that died. */
const SUPERVISOR_MS = 1_000

export interface FakeNode {
  readonly machine: Machine
  /** sha256 of every file that the config test has accepted. */
  readonly accepted: ReadonlySet<string>
  /** What keepalived has read last; null while it does not run. */
  running(): { readonly sha256: string; readonly vips: readonly string[] } | null
  /** Milliseconds for which the running keepalived has had its file without a break. */
  ranForMs(): number
  /** Reads of the live file. */
  reads(): number
  /** Comparisons of the kernel with what should be in effect. */
  compared(): number
  /** So many of the next commands fail, without any effect but that of reading the file. */
  failures: number
  /** So many of the next reads leave the lame VIP out. */
  lame: number
  /** Without a supervisor that starts it anew it stays dead until somebody asks for it. */
  kill(supervised: boolean): void
}

interface Process {
  readonly pid: number
  readonly sha256: string
  readonly vips: readonly string[]
  readonly since: number
}

/** @param wrong hears of what must never happen. */
export function createFakeNode(live: string, { clock }: Surroundings, wrong: (what: string) => void): FakeNode {
  const accepted = new Set<string>()
  let [reads, pids, compared] = [0, 100, 0]
  let process: Process | null = null
  const node: FakeNode = {
    machine: {
      keepalived: keepalived(),
      // It shows what keepalived has read, whatever the live file says.
      kernel: kernelShowing({
        addresses: () => Promise.resolve(new Set(process?.vips ?? [])),
        virtualServers: () => {
          compared++
          return Promise.resolve([])
        },
      }),
      host,
      link: () => "up",
      vrrp: vrrpShowing(() => "master"),
    },
    accepted,
    running: () => process,
    ranForMs: () => (process === null ? 0 : clock.now() - process.since),
    reads: () => reads,
    compared: () => compared,
    ...{ failures: 0, lame: 0 },
    kill: (supervised) => {
      process = null
      if (supervised) void clock.delay(SUPERVISOR_MS).then(() => process ?? begin())
    },
  }
  return node

  function read(pid: number): void {
    const text = textOf(live)
    if (text === null) return
    const sha256 = sha256Of(text)
    if (!accepted.has(sha256)) wrong(`keepalived was given ${sha256.slice(0, 12)}, which no config test has accepted`)
    const same = process?.pid === pid && process.sha256 === sha256
    const left = text.includes(LAME) && node.lame-- > 0 ? LAME : null
    const vips = addressesIn(text).filter((vip) => vip !== left)
    process = { pid, sha256, vips, since: same ? (process?.since ?? 0) : clock.now() }
    reads++
  }

  function begin(): void {
    pids += 10
    read(pids)
  }

  async function command(what: string, act: () => void): Promise<ReloadVerdict> {
    call(`keepalived ${what}`)
    outside(act)
    await clock.delay(WORK_MS)
    call(`keepalived ${what}, done`)
    if (node.failures > 0) {
      node.failures--
      return { kind: "failed", reason: `the ${what} failed`, log: [] }
    }
    return process === null
      ? { kind: "failed", reason: "keepalived does not run", log: [] }
      : { kind: "acknowledged", tookMs: WORK_MS }
  }

  function keepalived(): Machine["keepalived"] {
    return {
      version: () => Promise.resolve("2.2.7"),
      test: async (file): Promise<TestVerdict> => {
        call("keepalived test")
        const text = outside(() => textOf(file)) ?? ""
        await clock.delay(WORK_MS)
        call("keepalived test, done")
        if (text.includes(REFUSED))
          return { kind: "refused", tookMs: WORK_MS, ending: "exit status 5", diagnostics: [] }
        accepted.add(sha256Of(text))
        return { kind: "accepted", tookMs: WORK_MS }
      },
      running: () => Promise.resolve(process === null ? null : identityOf(process.pid)),
      start: () => command("start", () => void (process ?? begin())),
      // A signal to nobody is lost.
      reload: (target) => command("reload", () => process?.pid === target.parent.pid && read(target.parent.pid)),
      restart: () => command("restart", begin),
      advertsHeard: () => Promise.resolve(null),
      respawnChecker: () => Promise.resolve(),
    }
  }
}

function host() {
  return { addresses: [], interfaces: new Set(["eth0"]), ipvs: false }
}

function identityOf(pid: number): RunningKeepalived {
  const of = (one: number) => ({ pid: one, startTime: "1" })
  return { parent: of(pid), checker: null, vrrp: of(pid + 1) }
}

/** Null where there is no such file. */
export function textOf(path: string): string | null {
  try {
    return String(plainDisk().readFileSync(path))
  } catch {
    return null
  }
}
