import { EXIT } from "../terminal/exit-status.ts"
import { listed } from "../kit/text/format.ts"
import { coloursOf } from "../terminal/screen.ts"
import type { Call } from "./options.ts"
import { type EntryView, readEntries } from "./read/entry.ts"
import { readService } from "./read/services.ts"
import { readState } from "./status.ts"
import { explanationText, troublesAbout, type VipExplanation } from "./view/explanation.ts"
import { forPrograms } from "./view/print.ts"
import type { InstallationState, VipState } from "./view/state.ts"

/**
 * Prints what led to the state of a VIP, or of each VIP of a Service.
 *
 * @param target An address, the name of an entry, or `namespace/service`.
 */
export async function explain(target: string, call: Call): Promise<number> {
  const { installations, time } = await readState(call)
  const found: VipExplanation[] = []
  for (const installation of installations) found.push(...(await explanationsIn(installation, target, call)))
  if (found.length === 0) {
    const known = installations.flatMap(({ vips }) => vips.map(({ vip }) => vip))
    const has = known.length === 0 ? "no node reports a VIP" : `the nodes report ${listed(known)}`
    call.screen.err(`kubectl kkv: Cannot explain ${JSON.stringify(target)}: ${has}\n`)
    return EXIT.no
  }
  const look = { colours: coloursOf(call.screen), now: new Date(time) }
  const text = found.map((one) => explanationText(one, look)).join("\n")
  call.screen.out(forPrograms({ vips: found }, call.format) ?? text)
  return EXIT.good
}

async function explanationsIn(
  installation: InstallationState,
  target: string,
  { cluster }: Call,
): Promise<readonly VipExplanation[]> {
  const { namespace, name, vips } = installation
  const key = `${namespace}/${name}`
  const read = await readEntries(cluster.api, namespace, name)
  const entries = read.kind === "read" ? (read.value ?? []) : []
  const meant = entries.find((entry) => entry.name === target)
  const addresses = meant?.addresses ?? []
  const named = vips.filter(
    ({ vip, services }) => vip === target || services.includes(target) || addresses.includes(vip),
  )
  const reported = new Set(named.map(({ vip }) => vip))
  const silent = named.length === 0 ? silentOf(target, meant, entries) : addresses.filter((vip) => !reported.has(vip))
  const asked: readonly (readonly [vip: string, state: VipState | null])[] = [
    ...named.map((state) => [state.vip, state] as const),
    ...silent.map((vip) => [vip, null] as const),
  ]
  const found: VipExplanation[] = []
  for (const [vip, state] of asked) {
    const services = []
    for (const service of state?.services ?? [])
      services.push({ service, found: await readService(cluster.api, service) })
    const declared = entries.find((one) => one.name === vip || one.addresses.includes(vip))
    const entry = declared === undefined ? null : { configMap: key, name: declared.name, text: declared.text }
    found.push({
      vip,
      installation: key,
      state,
      entry,
      services,
      troubles: troublesAbout(installation, vip, entry?.name ?? null),
    })
  }
  return found
}

/** The VIPs that entries ask for and no node reports. */
function silentOf(target: string, meant: EntryView | undefined, entries: readonly EntryView[]): readonly string[] {
  if (meant !== undefined) return meant.addresses.length === 0 ? [target] : meant.addresses
  return entries.some(({ addresses }) => addresses.includes(target)) ? [target] : []
}
