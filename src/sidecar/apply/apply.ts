import type { RenderedConfig } from "../../core/render/render.ts"
import type { ReloadVerdict, RunningKeepalived } from "../ports.ts"
import type { HolderWatch } from "./holder.ts"
import { connectionless, masqueradedVips, newlyConnectionless } from "./intent.ts"
import type { ApplyOutcome, Effective } from "./outcome.ts"
import type { ApplyPorts } from "./ports.ts"

/**
 * Makes a configuration the running one, or leaves the one before it running: test, journal, swap, signal, verify; and
 * back on any failure after the swap.
 *
 * The order carries the promise. A file that the config test refused never has the live name. The journal is written
 * before the live file changes and says "in effect" only after the kernel was seen to agree, so that whoever is killed
 * anywhere in between finds an unfinished journal and walks the whole way again.
 *
 * @param before what was last shown to be in effect, to go back to; null when nothing was.
 */
export async function apply(
  rendered: RenderedConfig,
  before: Effective | null,
  ports: ApplyPorts,
): Promise<ApplyOutcome> {
  const next: Effective = { sha256: rendered.sha256, model: rendered.model }
  if (await isInEffect(next, ports)) return { kind: "unchanged" }
  const holder = await watchHolder(before, ports)
  try {
    return await walk(rendered, { next, before, holder }, ports)
  } finally {
    holder?.stop()
  }
}

interface Change {
  readonly next: Effective
  readonly before: Effective | null
  /** Null where nobody is waited for. */
  readonly holder: HolderWatch | null
}

async function walk(
  rendered: RenderedConfig,
  { next, before, holder }: Change,
  ports: ApplyPorts,
): Promise<ApplyOutcome> {
  const { keepalived, files } = ports
  // Beside the test: neither needs the other, and rules for a VIP that is not announced do nothing.
  const masqueraded = ports.masquerade([next.model, ...(before === null ? [] : [before.model])])
  const verdict = await keepalived.test(await files.writeCandidate(rendered.sha256, rendered.text))
  if (verdict.kind === "refused")
    return { kind: "rejected", reason: `keepalived --config-test: ${verdict.ending}`, diagnostics: verdict.diagnostics }
  const vips = newlyLacking(await masqueraded, { next, before })
  if (vips.size > 0) return { kind: "rejected", reason: lackingReason(vips), diagnostics: [], unmasqueraded: vips }
  await files.claim(next.model)
  const waitedMs = (await holder?.awaitAdvert()) ?? 0
  const running = await keepalived.running()
  await files.writeJournal({ phase: "swap", from: before?.sha256 ?? null, to: next.sha256 })
  await files.makeLive(next.sha256)
  const signalledAtMs = ports.now()
  const failure = await bringIntoEffect(next, running, ports)
  if (failure !== null) return goBack(before, failure, ports)
  ports.appeared(newlyConnectionless(next.model, running === null ? null : (before?.model ?? null)))
  await files.writeJournal({ phase: "in-effect", from: before?.sha256 ?? null, to: next.sha256 })
  await ports.masquerade([next.model])
  return { kind: "applied", testMs: verdict.tookMs, waitedMs, signalledAtMs }
}

/** A VIP that has forwarded by NAT before goes on: to take it away would harm it more than any firewall does. */
function newlyLacking(
  lacking: ReadonlySet<string>,
  { next, before }: Pick<Change, "next" | "before">,
): ReadonlySet<string> {
  const running = new Set(before === null ? [] : masqueradedVips(before.model))
  return new Set(masqueradedVips(next.model).filter((vip) => lacking.has(vip) && !running.has(vip)))
}

function lackingReason(vips: ReadonlySet<string>): string {
  return `Cannot apply it yet: the firewall of this node does not masquerade for ${[...vips].slice(0, 3).join(", ")}`
}

/** Only a reload puts anything off: what does not run is started at once. */
async function watchHolder(before: Effective | null, ports: ApplyPorts): Promise<HolderWatch | null> {
  if (before === null || ports.watchHolder === undefined || (await ports.keepalived.running()) === null) return null
  return ports.watchHolder(before.model)
}

/**
 * True when this configuration runs already: the journal says so, the live file is its, and keepalived runs. Whether the
 * kernel still shows it is for the soak and the drift check, which also watch what was adopted.
 */
async function isInEffect(next: Effective, ports: ApplyPorts): Promise<boolean> {
  const journal = await ports.files.journal()
  if (journal?.phase !== "in-effect" || journal.to !== next.sha256) return false
  if ((await ports.files.liveSha256()) !== next.sha256) return false
  return (await ports.keepalived.running()) !== null
}

/** @returns null when the configuration is in effect, else why it is not. */
async function bringIntoEffect(
  next: Effective,
  running: RunningKeepalived | null,
  ports: ApplyPorts,
): Promise<string | null> {
  if (running === null) await ports.clearRemains(next.model)
  const verdict = running === null ? await ports.keepalived.start() : await ports.keepalived.reload(running)
  if (verdict.kind === "failed") return failureText(verdict)
  const now = await ports.keepalived.running()
  if (now === null) return "keepalived ended after it had read the file"
  if (running !== null && now.parent.pid !== running.parent.pid)
    return "keepalived ended during the reload and was started again"
  const difference = await ports.verify(next.model)
  // keepalived has done its part; what it programmed may have been deleted behind its back, by kube-proxy for one.
  if (difference === null || (await ports.restore?.(next.model)) !== true) return difference
  const still = await ports.verify(next.model)
  if (still === null) ports.appeared(connectionless(next.model))
  return still
}

async function goBack(before: Effective | null, reason: string, ports: ApplyPorts): Promise<ApplyOutcome> {
  const target = before ?? (await ports.lastKnownGood())
  if (target === null)
    return { kind: "stranded", reason: `${reason}; and there is no earlier configuration to go back to` }
  await ports.files.restoreCandidate(target.sha256)
  await ports.files.makeLive(target.sha256)
  const failure = await bringIntoEffect(target, await ports.keepalived.running(), ports)
  const second = failure === null ? null : await restartOn(target, ports)
  if (failure !== null && second !== null)
    return { kind: "stranded", reason: `${reason}; going back failed too: ${failure}; and after a restart: ${second}` }
  ports.appeared(connectionless(target.model))
  await ports.files.writeJournal({ phase: "in-effect", from: null, to: target.sha256 })
  await ports.masquerade([target.model])
  return { kind: "rolled-back", reason }
}

async function restartOn(target: Effective, ports: ApplyPorts): Promise<string | null> {
  const verdict = await ports.keepalived.restart()
  return verdict.kind === "failed" ? failureText(verdict) : ports.verify(target.model)
}

function failureText(verdict: Extract<ReloadVerdict, { kind: "failed" }>): string {
  const last = verdict.log.at(-1)
  return last === undefined ? verdict.reason : `${verdict.reason} (${last})`
}
