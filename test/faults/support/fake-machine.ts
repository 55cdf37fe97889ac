import { readFileSync } from "node:fs"
import type { Clock } from "../../../src/kit/time/clock.ts"
import { sha256Of } from "../../../src/kit/sha256.ts"
import type { Machine } from "../../../src/sidecar/wiring/machine.ts"
import type { ReloadVerdict, RunningKeepalived, TestVerdict } from "../../../src/sidecar/ports.ts"
import { addressesIn, kernelShowing } from "../../support/fake-kernel.ts"
import { vrrpShowing } from "../../support/fake-vrrp.ts"
import { realDelay } from "./fast-time.ts"
import { call, outside } from "./lives.ts"

/** A machine whose keepalived and kernel are FAKES, which outlive every agent and know what keepalived was given. */
export interface FakeMachine {
  readonly machine: Machine
  alive(): boolean
  /** What keepalived has read last; empty before that. */
  read(): { readonly sha256: string; readonly text: string }
  /** sha256 of every file that the config test has accepted. */
  readonly tested: ReadonlySet<string>
  /** sha256 of every file that keepalived had for at least the soak, as far as was noted. */
  readonly soaked: ReadonlySet<string>
  noteSoak(): void
  /** keepalived dies, and nobody starts it anew. */
  kill(): void
  /** Times that keepalived has read its file, and those among its commands that have failed by chance. */
  counts(): { readonly reloads: number; readonly rollbacks: number }
}

interface FakeMachineOptions {
  readonly liveFile: string
  readonly soakMs: number
  readonly clock: Clock
  /** A tenth of all commands fail. */
  readonly random: () => number
  /** Hears of what must never happen. */
  readonly wrong: (what: string) => void
}

export function createFakeMachine({ liveFile, soakMs, clock, random, wrong }: FakeMachineOptions): FakeMachine {
  let [pid, alive, reloads, rollbacks] = [0, false, 0, 0]
  let read = { sha256: "", text: "", at: 0 }
  const [tested, soaked] = [new Set<string>(), new Set<string>()]
  const kernel = kernelShowing({
    // What keepalived has read, whatever the live file says.
    addresses: () => Promise.resolve(new Set(alive ? addressesIn(read.text) : [])),
    virtualServers: () => Promise.resolve([]),
  })
  return {
    machine: { keepalived: keepalived(), kernel, host, link: () => "up", vrrp: vrrpShowing(() => "master") },
    alive: () => alive,
    read: () => read,
    tested,
    soaked,
    noteSoak,
    kill: () => (alive = false),
    counts: () => ({ reloads, rollbacks }),
  }

  function keepalived(): Machine["keepalived"] {
    return {
      version: () => Promise.resolve("2.2.7"),
      test: async (file): Promise<TestVerdict> => {
        call("keepalived test")
        await realDelay(1)
        tested.add(sha256Of(textOf(file)))
        call("keepalived test, done")
        return { kind: "accepted", tookMs: 1 }
      },
      running: () => Promise.resolve(alive ? identityOf(pid) : null),
      start: () => command("start", () => alive || begin()),
      reload: () => command("reload", () => {}),
      restart: () => command("restart", begin),
      advertsHeard: () => Promise.resolve(null),
      respawnChecker: () => Promise.resolve(),
    }
  }

  async function command(what: string, before: () => void): Promise<ReloadVerdict> {
    call(`keepalived ${what}`)
    before()
    readLive()
    await realDelay(1)
    call(`keepalived ${what}, done`)
    if (random() < 0.9) return { kind: "acknowledged", tookMs: 1 }
    rollbacks++
    return { kind: "failed", reason: `the ${what} failed by chance`, log: [] }
  }

  function begin(): void {
    pid += 10
    alive = true
  }

  function readLive(): void {
    noteSoak()
    const text = textOf(liveFile)
    const sha256 = sha256Of(text)
    if (!tested.has(sha256)) wrong(`keepalived was given ${sha256}, which no config test has accepted`)
    read = { sha256, text, at: clock.now() }
    reloads++
  }

  function noteSoak(): void {
    if (alive && clock.now() - read.at >= soakMs) soaked.add(read.sha256)
  }
}

function host() {
  return { addresses: [], interfaces: new Set(["eth0"]), ipvs: false }
}

function identityOf(parent: number): RunningKeepalived {
  const of = (pid: number) => ({ pid, startTime: String(parent) })
  return { parent: of(parent), checker: null, vrrp: of(parent + 1) }
}

function textOf(path: string): string {
  return outside(() => readFileSync(path, "utf8"))
}
