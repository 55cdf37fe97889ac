import type { Place } from "../../kit/problem.ts"
import type { ServiceTarget } from "../declare/declaration.ts"
import { nodeAddressesOf } from "../model/addresses/forbidden.ts"
import { virtualServerKey } from "../model/keepalived-model.ts"
import type { EntryOutcome } from "../model/types.ts"
import { chosenPorts } from "../desired/chosen-ports.ts"
import type { ClusterObjects, ServiceObjects, ServicePort } from "../objects/kinds.ts"
import { explainEndpoints, type ExplainedSource } from "./endpoints.ts"

/** A Service of an entry, and what became of its ports. */
export interface ExplainedService {
  /** `namespace/name` */
  readonly service: string
  readonly forwardingMethod: string
  /** Null if the Service does not exist. */
  readonly place: Place | null
  readonly ports: readonly ExplainedPort[]
}

/** A port of a Service, and the endpoints behind it. */
export interface ExplainedPort {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly targetPort: number | string
  /** `10.4.0.50 80 TCP`; null if there is none. */
  readonly virtualServer: string | null
  readonly sources: readonly ExplainedSource[]
}

/** Explains what became of each port of a Service that an entry names. */
export function explainService(target: ServiceTarget, entry: EntryOutcome, objects: ClusterObjects): ExplainedService {
  const service = `${target.namespace}/${target.name}`
  const found = objects.services.get(service)
  const base = { service, forwardingMethod: target.forwardingMethod }
  if (found === undefined) return { ...base, place: null, ports: [] }
  const problem = entry.problems.find(({ path, severity }) => severity === "error" && path.includes(service))
  const leftOut = problem === undefined ? "its entry is left out" : `its virtual server is left out (${problem.code})`
  const forwarded = chosenPorts(found, target, () => {})
  const ports = found.service.object.spec.ports.flatMap((port) => {
    const onVip = forwarded.filter(({ servicePort }) => servicePort === port)
    const base = { target, entry, objects, found }
    if (onVip.length === 0) return [explainPort({ ...base, port, onVip: null, leftOut: NOT_CHOSEN })]
    return onVip.map((chosen) => explainPort({ ...base, port, onVip: chosen.port, leftOut }))
  })
  return { ...base, place: found.service.place, ports }
}

const NOT_CHOSEN = "the entry does not forward this port"

interface PortQuestion {
  readonly target: ServiceTarget
  readonly entry: EntryOutcome
  readonly objects: ClusterObjects
  readonly found: ServiceObjects
  readonly port: ServicePort
  /** Its port on the VIP; null when it is not forwarded. */
  readonly onVip: number | null
  readonly leftOut: string
}

function explainPort({ target, entry, objects, found, port, onVip, leftOut }: PortQuestion): ExplainedPort {
  const service = `${target.namespace}/${target.name}`
  const circling = nodeAddressesOf(target.forwardingMethod === "NAT" ? [] : objects.nodes)
  const server = entry.vip?.virtualServers.find(
    (one) => one.service === service && `${one.port} ${one.protocol}` === `${onVip} ${port.protocol}`,
  )
  return {
    name: port.name,
    port: port.port,
    protocol: port.protocol,
    targetPort: port.targetPort,
    virtualServer: server === undefined ? null : virtualServerKey(server),
    sources: explainEndpoints(found, {
      vip: entry.address ?? entry.declaration.name,
      port,
      circling,
      server: server ?? null,
      leftOut,
    }),
  }
}
