import type { KeepalivedModel, VirtualServer } from "../../core/model/keepalived-model.ts"
import type { RenderedConfig } from "../../core/render/render.ts"
import { type Release, releaseOf } from "../apply/release.ts"
import type { Target, Verdict } from "../apply/target.ts"
import { connectionless, newlyConnectionless } from "../effect/intended.ts"
import type { HolderWatch } from "../keepalived/await-advert.ts"
import { refusedEntriesOf } from "../keepalived/refused-entries.ts"
import type { Keepalived, ReloadVerdict, RunningKeepalived } from "../ports.ts"

/** Name of keepalived's file in a release. */
const KEEPALIVED_CONF = "keepalived.conf"

/** The release of a keepalived.conf alone. */
export function configRelease(rendered: RenderedConfig): Release {
  return releaseOf(rendered.model, new Map([[KEEPALIVED_CONF, rendered]]))
}

/** keepalived's files below applied/. Each write replaces a whole file. */
export interface ConfigFiles {
  /** @returns the path of the candidate, which has exactly this text. */
  writeCandidate(sha256: string, text: string): Promise<string>
  /** Restores a candidate that retention may have removed, from the last known good configuration. */
  restoreCandidate(sha256: string): Promise<void>
  /** Gives a candidate the name that keepalived reads. Needs no free block or inode, so it works on a full disk. */
  makeLive(sha256: string): Promise<void>
  /** sha256 of the live file; null when it does not exist. */
  liveSha256(): Promise<string | null>
}

export interface KeepalivedTargetPorts {
  readonly keepalived: Pick<Keepalived, "test" | "running" | "start" | "reload" | "restart">
  readonly files: ConfigFiles
  /** Removes from the kernel our entries that are not in this model. Call it only while keepalived does not run. */
  readonly clearRemains: (model: KeepalivedModel) => Promise<void>
  /** Waits until the kernel shows the model. @returns null, or the difference. */
  readonly verify: (model: KeepalivedModel) => Promise<string | null>
  /** Adds what IPVS lacks of the model; false if the difference is another one. Absent: no repair. */
  readonly restore?: (model: KeepalivedModel) => Promise<boolean>
  /**
   * Begins, on a backup, to watch for the master's adverts of the configuration in effect: a reload while no node has the VIPs
   * would delay this node's takeover. Absent: no wait.
   */
  readonly watchHolder?: (model: KeepalivedModel) => HolderWatch
  /** These virtual servers forward now, as the kernel shows, and may not have forwarded before. Runs in the background. */
  readonly appeared: (servers: readonly VirtualServer[]) => void
}

/** keepalived, and what it programs in the kernel: addresses and IPVS. */
export function createKeepalivedTarget(ports: KeepalivedTargetPorts): Target {
  const { keepalived, files, watchHolder, appeared } = ports
  let isNew = false
  const isRunning = async () => (await keepalived.running()) !== null
  return {
    holds: async ({ sha256 }) => (await files.liveSha256()) === sha256 && isRunning(),
    // Only a reload waits: a keepalived that does not run is started at once.
    awaitMoment: async ({ model }) => (watchHolder !== undefined && (await isRunning()) ? watchHolder(model) : null),
    test: (release) => test(release, ports),
    recover: ({ sha256 }) => files.restoreCandidate(sha256),
    swap: ({ sha256 }) => files.makeLive(sha256),
    load: async ({ model }) => {
      const running = await keepalived.running()
      isNew = running === null
      return load(model, running, ports)
    },
    restart: async () => failureIn(await keepalived.restart()),
    verify: ({ model }) => ports.verify(model),
    restore: async ({ model }) => {
      if ((await ports.restore?.(model)) !== true) return false
      appeared(connectionless(model))
      return true
    },
    conclude: async ({ model }, from) => appeared(newlyConnectionless(model, isNew ? null : (from?.model ?? null))),
  }
}

async function test({ files: texts }: Release, { keepalived, files }: KeepalivedTargetPorts): Promise<Verdict> {
  const file = texts.get(KEEPALIVED_CONF)
  if (file === undefined) throw new Error(`Cannot test a release without ${KEEPALIVED_CONF}`)
  const verdict = await keepalived.test(await files.writeCandidate(file.sha256, file.text))
  if (verdict.kind === "accepted") return verdict
  const { ending, diagnostics } = verdict
  const refused = refusedEntriesOf(file, diagnostics)
  return { kind: "refused", reason: `keepalived --config-test: ${ending}`, diagnostics, refused }
}

async function load(
  model: KeepalivedModel,
  running: RunningKeepalived | null,
  { keepalived, clearRemains }: KeepalivedTargetPorts,
): Promise<string | null> {
  if (running === null) await clearRemains(model)
  const failure = failureIn(running === null ? await keepalived.start() : await keepalived.reload(running))
  if (failure !== null) return failure
  const now = await keepalived.running()
  if (now === null) return "keepalived ended after it had read the file"
  if (running !== null && now.parent.pid !== running.parent.pid)
    return "keepalived ended during the reload and was started again"
  return null
}

function failureIn(verdict: ReloadVerdict): string | null {
  if (verdict.kind === "acknowledged") return null
  const last = verdict.log.at(-1)
  return last === undefined ? verdict.reason : `${verdict.reason} (${last})`
}
