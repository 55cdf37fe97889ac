import { EXIT } from "../terminal/exit-status.ts"
import type { Call } from "./options.ts"
import { readOwners } from "./read/owners.ts"
import { readService } from "./read/services.ts"
import { readState } from "./status.ts"
import { forPrograms } from "./view/print.ts"
import type { ClusterState } from "./view/state.ts"

/** What `kubectl kkv who --output json` prints; see docs/kubectl-kkv.md. */
interface Answer {
  readonly address: string
  /** What the address is, in words; empty if nothing that could be read has it. */
  readonly is: readonly string[]
  /** What could not be read. */
  readonly unknown: readonly string[]
}

/** Prints what an address is: a VIP and who holds it, a pod and what forwards to it, a Service, a node. */
export async function who(address: string, call: Call): Promise<number> {
  const answer = await answerOf(address, call)
  for (const why of answer.unknown) call.screen.err(`note: not looked at: ${why}\n`)
  const lines = answer.is.length === 0 ? [`nothing that this user may see has it`] : answer.is
  call.screen.out(forPrograms(answer, call.format) ?? lines.map((line) => `${address}: ${line}\n`).join(""))
  return answer.is.length === 0 ? EXIT.no : EXIT.good
}

async function answerOf(address: string, { cluster, namespace }: Call): Promise<Answer> {
  const state = await readState({ cluster, namespace })
  const owners = await readOwners(cluster.api, address)
  const behind = await behindOf(address, state, cluster)
  return {
    address,
    is: [...vipWords(address, state), ...owners.flatMap((one) => (one.kind === "read" ? one.value : [])), ...behind.is],
    unknown: [...owners.flatMap((one) => (one.kind === "unknown" ? [one.why] : [])), ...behind.unknown],
  }
}

function vipWords(address: string, { installations }: ClusterState): readonly string[] {
  return installations.flatMap(({ vips, namespace, name }) =>
    vips
      .filter(({ vip }) => vip === address)
      .map(({ holders, services, state }) => {
        const holder = holders.length === 0 ? "its holder is unknown" : `held by ${holders.join(" and ")}`
        const serves = services.length === 0 ? "no Service" : services.join(", ")
        return `a VIP of ${namespace}/${name}, ${state}, ${holder}, for ${serves}`
      }),
  )
}

/** Each VIP that forwards to this address. */
async function behindOf(address: string, { installations }: ClusterState, cluster: Call["cluster"]) {
  const vips = installations.flatMap((one) => one.vips)
  const keys = [...new Set(vips.flatMap(({ services }) => services))]
  const is: string[] = []
  const unknown: string[] = []
  for (const key of keys) {
    const found = await readService(cluster.api, key)
    const endpoints = found.kind === "read" ? (found.value?.endpoints ?? { kind: "read", value: [] }) : found
    if (endpoints.kind === "unknown") unknown.push(endpoints.why)
    else
      for (const endpoint of endpoints.value.filter((one) => one.address === address)) {
        const by = vips.filter(({ services }) => services.includes(key)).map(({ vip }) => vip)
        is.push(`an endpoint of ${key} (${endpoint.state}), behind ${by.join(" and ")}`)
      }
  }
  return { is, unknown }
}
