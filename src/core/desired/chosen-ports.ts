import type { Place } from "../../kit/problem.ts"
import { listed } from "../../kit/text/format.ts"
import { quoted } from "../../kit/text/quoted.ts"
import type { PortChoice, ServiceTarget } from "../declare/declaration.ts"
import type { ServiceObjects, ServicePort } from "../objects/kinds.ts"
import type { Fault } from "./fault.ts"

/** A port of a Service, and its port on the VIP. */
export interface ChosenPort {
  readonly servicePort: ServicePort
  readonly port: number
  /** Null when the declaration does not choose ports. */
  readonly place: Place | null
}

/** The ports of a Service that a declaration forwards, in the order of its choices. */
export function chosenPorts(
  { service }: Pick<ServiceObjects, "service">,
  { namespace, name, ports }: Pick<ServiceTarget, "namespace" | "name" | "ports">,
  report: (fault: Fault) => void,
): readonly ChosenPort[] {
  const all = service.object.spec.ports
  if (ports === null) return all.map((servicePort) => ({ servicePort, port: servicePort.port, place: null }))
  return ports.flatMap((choice) => {
    const found = all.filter((one) => isMeant(choice, one))
    if (found.length === 0)
      report({
        code: "PORT_NOT_FOUND",
        message: `Cannot forward port ${shown(choice)} of ${quoted(`${namespace}/${name}`)}: the Service has ${listed(all.map(portText))}`,
        ...(choice.place === null ? {} : { place: choice.place }),
      })
    return found.map((servicePort) => ({ servicePort, port: choice.port ?? servicePort.port, place: choice.place }))
  })
}

/** Whether a choice means a port of the Service. */
export function isMeant({ servicePort }: PortChoice, { name, port }: ServicePort): boolean {
  return typeof servicePort === "number" ? servicePort === port : servicePort === name
}

function shown({ servicePort }: PortChoice): string {
  return typeof servicePort === "number" ? String(servicePort) : quoted(servicePort)
}

function portText({ name, port, protocol }: ServicePort): string {
  return `${port}/${protocol}${name === "" ? "" : ` (${name})`}`
}
