import type { RenderedConfig } from "../../core/render/render.ts"
import type { ReloadVerdict, RunningKeepalived } from "../ports.ts"
import type { HolderWatch } from "../keepalived/await-advert.ts"
import { connectionless, masqueradedVips, newlyConnectionless } from "../effect/intended.ts"
import type { ApplyOutcome, Effective } from "./outcome.ts"
import type { ApplyPorts } from "./ports.ts"

/**
 * Makes a configuration the running one, or keeps the previous one: test, journal, swap, signal, verify; and goes back
 * on any failure after the swap.
 *
 * The order gives the guarantee. A file that the config test refuses never gets the live name. The journal is written
 * before the live file changes and says "in effect" only after the kernel agreed. If the agent is killed
 * anywhere in between, the next agent finds an unfinished journal and repeats all steps.
 *
 * @param before The last configuration that was verified to be in effect, to go back to; null for none.
 */
export async function applyConfig(
  rendered: RenderedConfig,
  before: Effective | null,
  ports: ApplyPorts,
): Promise<ApplyOutcome> {
  const next: Effective = { sha256: rendered.sha256, model: rendered.model }
  if (await isInEffect(next, ports)) return { kind: "unchanged" }
  const holder = await watchHolder(before, ports)
  try {
    return await steps(rendered, { next, before, holder }, ports)
  } finally {
    holder?.stop()
  }
}

interface Change {
  readonly next: Effective
  readonly before: Effective | null
  /** Null when there is nothing to wait for. */
  readonly holder: HolderWatch | null
}

async function steps(
  rendered: RenderedConfig,
  { next, before, holder }: Change,
  ports: ApplyPorts,
): Promise<ApplyOutcome> {
  const { keepalived, files } = ports
  // In parallel with the test: neither needs the other, and rules for a VIP that is not announced do nothing.
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

/** A VIP that already forwards by NAT stays: to remove it would do more harm than any firewall does. */
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

/** Only a reload waits: a keepalived that does not run is started at once. */
async function watchHolder(before: Effective | null, ports: ApplyPorts): Promise<HolderWatch | null> {
  if (before === null || ports.watchHolder === undefined || (await ports.keepalived.running()) === null) return null
  return ports.watchHolder(before.model)
}

/**
 * True when this configuration already runs: the journal says so, the live file matches, and keepalived runs. The soak
 * and the drift check verify that the kernel still shows it; they also watch an adopted configuration.
 */
async function isInEffect(next: Effective, ports: ApplyPorts): Promise<boolean> {
  const journal = await ports.files.journal()
  if (journal?.phase !== "in-effect" || journal.to !== next.sha256) return false
  if ((await ports.files.liveSha256()) !== next.sha256) return false
  return (await ports.keepalived.running()) !== null
}

/** @returns null when the configuration is in effect, else the reason why not. */
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
  // keepalived has finished; another program, such as kube-proxy, may have deleted its entries meanwhile.
  if (difference === null || (await ports.restore?.(next.model)) !== true) return difference
  const still = await ports.verify(next.model)
  if (still === null) ports.appeared(connectionless(next.model))
  return still
}

async function goBack(before: Effective | null, reason: string, ports: ApplyPorts): Promise<ApplyOutcome> {
  const target = before ?? (await ports.lastKnownGood())
  if (target === null) return { kind: "stranded", reason: `${reason}; no earlier configuration is available` }
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
