import type { KeepalivedModel } from "../../src/core/model/keepalived-model.ts"
import { createRenderer, type RenderedConfig } from "../../src/core/render/render.ts"
import type { ApplyPorts, ApplyRecords, Journal } from "../../src/sidecar/apply/ports.ts"
import type { Effective, Release } from "../../src/sidecar/apply/release.ts"
import type { Target } from "../../src/sidecar/apply/target.ts"
import type { ReloadVerdict, RunningKeepalived, TestVerdict } from "../../src/sidecar/ports.ts"
import {
  configRelease,
  createKeepalivedTarget,
  type KeepalivedTargetPorts,
} from "../../src/sidecar/targets/keepalived.ts"
import { instanceOf, modelWith } from "../core/instances.ts"
import { shippedTemplates } from "../support/golden.ts"

/** A model that announces these VIPs and forwards nothing. */
export function modelOf(...vips: readonly string[]): KeepalivedModel {
  return modelWith(instanceOf(...vips))
}

const render = createRenderer(shippedTemplates())

export function renderedOf(...vips: readonly string[]): RenderedConfig {
  return render(modelOf(...vips))
}

export function releaseOf(...vips: readonly string[]): Release {
  return configRelease(renderedOf(...vips))
}

/** What a script can make fail; each thing fails as often as it stands in the list. */
export type Failure = "test" | "start" | "reload" | "restart" | "verify" | "dies-on-reload"

export interface Script {
  /** Every step that was taken, in order. */
  readonly steps: string[]
  /** What the keepalived of the script is made of. */
  readonly daemon: KeepalivedTargetPorts
  /** The same script with another keepalived, and targets before it. */
  with(daemon: Partial<KeepalivedTargetPorts>, ...before: readonly Target[]): ApplyPorts
  readonly ports: ApplyPorts
  /** sha256 of what keepalived was told to read last; null while it does not run. */
  running(): string | null
  live(): string | null
  journal(): Journal | null
}

/** A keepalived and a disk that do as they are told, a fake, and write down what was asked of them. */
export function script(
  before: { readonly running: string | null; readonly live: string | null; readonly journal: Journal | null },
  failures: readonly Failure[] = [],
  crashAt: string | null = null,
): Script {
  const left = [...failures]
  const steps: string[] = []
  let { running, live, journal } = before
  let pid = running === null ? 0 : 100
  const fails = (what: Failure) => {
    const at = left.indexOf(what)
    if (at !== -1) left.splice(at, 1)
    return at !== -1
  }
  const step = (text: string) => {
    steps.push(text)
    if (text === crashAt) throw new Error(`killed at ${text}`)
  }
  const read = (what: Failure, name: string): Promise<ReloadVerdict> => {
    step(name)
    if (fails("dies-on-reload")) pid += 1
    if (fails(what)) return Promise.resolve({ kind: "failed", reason: `${name} failed`, log: [] })
    running = live
    if (pid === 0) pid = 100
    return Promise.resolve({ kind: "acknowledged", tookMs: 1 })
  }
  const test: TestVerdict = { kind: "accepted", tookMs: 1 }
  const refused: TestVerdict = { kind: "refused", tookMs: 1, ending: "exit status 5", diagnostics: [] }
  const identity = (): RunningKeepalived | null =>
    pid === 0 ? null : { parent: { pid, startTime: "1" }, checker: null, vrrp: { pid: pid + 1, startTime: "1" } }
  const daemon: KeepalivedTargetPorts = {
    keepalived: {
      test: (file) => {
        step(`test ${file}`)
        return Promise.resolve(fails("test") ? refused : test)
      },
      running: () => Promise.resolve(identity()),
      start: () => read("start", "start"),
      reload: () => read("reload", "reload"),
      restart: () => read("restart", "restart"),
    },
    files: {
      writeCandidate: (sha256) => {
        step(`candidate ${short(sha256)}`)
        return Promise.resolve(short(sha256))
      },
      restoreCandidate: (sha256) => {
        step(`restore ${short(sha256)}`)
        return Promise.resolve()
      },
      makeLive: (sha256) => {
        live = sha256
        step(`live ${short(sha256)}`)
        return Promise.resolve()
      },
      liveSha256: () => Promise.resolve(live),
    },
    clearRemains: () => {
      step("clear")
      return Promise.resolve()
    },
    verify: () => {
      step("verify")
      return Promise.resolve(fails("verify") ? "the kernel does not show the configuration" : null)
    },
    appeared: () => undefined,
  }
  const records: ApplyRecords = {
    journal: () => Promise.resolve(journal),
    writeJournal: (next) => {
      journal = next
      step(`journal ${next.phase} ${short(next.to)}`)
      return Promise.resolve()
    },
    claim: () => {
      step("claim")
      return Promise.resolve()
    },
  }
  const withTargets: Script["with"] = (other, ...targets) => ({
    targets: [...targets, createKeepalivedTarget({ ...daemon, ...other })],
    records,
    lastKnownGood: () => Promise.resolve(null),
  })
  return {
    steps,
    daemon,
    with: withTargets,
    ports: withTargets({}),
    running: () => running,
    live: () => live,
    journal: () => journal,
  }
}

/** The first digits of a sha256, as the steps show them. */
export function short(sha256: string): string {
  return sha256.slice(0, 6)
}

/** What was in effect before: a configuration with one VIP. */
export const OLD: Effective = { sha256: releaseOf("10.4.0.50").sha256, model: modelOf("10.4.0.50") }
