import { EXIT } from "../terminal/exit-status.ts"
import { listed } from "../kit/text/format.ts"
import { coloursOf } from "../terminal/screen.ts"
import type { Call } from "./options.ts"
import { readEntries } from "./read/entry.ts"
import { readService } from "./read/services.ts"
import { readState } from "./status.ts"
import { explanationText, troublesAbout, type VipExplanation } from "./view/explanation.ts"
import { forPrograms } from "./view/print.ts"
import type { InstallationState, VipState } from "./view/state.ts"

/**
 * Prints what led to the state of a VIP, or of each VIP of a Service.
 *
 * @param target `10.4.0.50` or `namespace/service`.
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
  const entries = read.kind === "read" ? (read.value ?? {}) : {}
  const named = vips.filter(({ vip, services }) => vip === target || services.includes(target))
  const reported = named.length > 0
  const declared = Object.hasOwn(entries, target)
  const asked: readonly (readonly [vip: string, state: VipState | null])[] = reported
    ? named.map((state) => [state.vip, state])
    : declared
      ? [[target, null]]
      : []
  const found: VipExplanation[] = []
  for (const [vip, state] of asked) {
    const services = []
    for (const service of state?.services ?? [])
      services.push({ service, found: await readService(cluster.api, service) })
    const text = Object.hasOwn(entries, vip) ? entries[vip] : undefined
    const entry = text === undefined ? null : { configMap: key, text }
    found.push({ vip, installation: key, state, entry, services, troubles: troublesAbout(installation, vip) })
  }
  return found
}
