import * as z from "zod"

import { DNS_LABEL } from "../../objects/schema.ts"
import { MOST_SERVICES } from "../reporter.ts"
import { LONGEST_PERSISTENCE, SCHEDULERS } from "../schedulers.ts"

/* The long form of an entry. schema/entry.json is made from it, so that editors know the fields. */

/** Maximum addresses of one entry. */
export const MOST_ADDRESSES = 100
/** Maximum chosen ports of one Service. */
const MOST_PORTS = 1_000

const NAME = DNS_LABEL.source.slice(1, -1)
const portNumber = z.int().min(1).max(65_535)
const servicePort = z
  .union([z.string().regex(DNS_LABEL), portNumber])
  .describe("A port of the Service: its name, or its number, which means each protocol that has it.")

export const portMappingSchema = z.strictObject({
  servicePort,
  port: portNumber.describe("The port on the VIP."),
})

export const serviceSchema = z.strictObject({
  service: z
    .string()
    .regex(new RegExp(`^${NAME}/${NAME}$`))
    .describe("namespace/name of the Service."),
  method: z
    .string()
    .regex(/^(?:[Nn][Aa][Tt]|[Dd][Rr])$/)
    .describe("How IPVS forwards to the pods: NAT (default), or DR, which cannot change the port.")
    .optional(),
  ports: z
    .array(z.union([servicePort, portMappingSchema]))
    .min(1)
    .max(MOST_PORTS)
    .describe("The ports to forward. Without it: all ports of the Service, under their own numbers.")
    .optional(),
  scheduler: z.enum(SCHEDULERS).describe("How IPVS chooses a pod. Without it: --scheduler of the sidecar.").optional(),
  persistence: z
    .int()
    .min(0)
    .max(LONGEST_PERSISTENCE)
    .describe(
      "Seconds that a client stays with its pod; 0 for none. Without it: sessionAffinity of the Service, or --persistence-timeout of the sidecar.",
    )
    .optional(),
})

export const longFormSchema = z.strictObject({
  addresses: z
    .array(z.ipv4())
    .min(1)
    .max(MOST_ADDRESSES)
    .meta({ description: "The VIPs. All of them forward the same Services.", uniqueItems: true }),
  services: z
    .array(serviceSchema)
    .max(MOST_SERVICES)
    .describe("The Services behind the VIPs; [] for VIPs that are announced and forward nothing."),
})
