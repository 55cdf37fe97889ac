import { createModelBuilder } from "../../../src/core/model/build-model.ts"
import type { LastGoodEntry } from "../../../src/core/model/last-good.ts"
import { partsOf, vipIdOf } from "../../../src/core/declare/declaration.ts"
import { cluster, input, service, type ServiceOptions, SETTINGS, vipsIn } from "../fixture.ts"

/** Entries in the long form, the objects that they name, and what ran of them. */
export const build = createModelBuilder({ ...SETTINGS, persistenceTimeout: 60 })
export const PORTS: ServiceOptions = {
  ports: [
    { name: "http", port: 80 },
    { name: "https", port: 443 },
    { name: "dns", port: 53, protocol: "UDP" },
    { name: "dns-tcp", port: 53 },
  ],
}
export const OBJECTS = cluster([
  service("a", PORTS),
  service("b"),
  service("sticky", { traffic: { affinityTimeout: 30 } }),
])

/** The text of an entry; a Service may have further fields: `default/a, ports: [80]`. */
export const long = (addresses: readonly string[], ...services: readonly string[]) =>
  `addresses: [${addresses.join(", ")}]\nservices: [${services.map((one) => `{service: ${one}}`).join(", ")}]`

export const A = "10.4.0.50"
export const B = "10.4.0.51"
export const TEXT = long([A, B], "default/b")

/** The forms of entries that ran. */
export function ranAs(data: Readonly<Record<string, string>>): ReadonlyMap<string, LastGoodEntry> {
  const vips = vipsIn(build(input(data, OBJECTS)).model)
  return new Map(vips.map((vip) => [vipIdOf(vip.id, vip.address), { text: data[partsOf(vip.id).name] ?? "", vip }]))
}

export const ran = (text: string) => ranAs({ web: text })
