import type { Checked } from "../../../kit/problem.ts"
import { quoted } from "../../../kit/text/quoted.ts"
import type { Declaration } from "../declaration.ts"
import type { RawEntry } from "../entries.ts"
import { isAddressLike } from "../is-long-form.ts"
import type { DeclareCode } from "../problem-codes.ts"
import { createReporter, pathIn, type Report } from "../reporter.ts"
import { addressesBetween, addressesIn } from "./addresses.ts"
import { type FieldFault, fieldFaults } from "./fields.ts"
import { servicesIn } from "./services.ts"
import { LONGEST_MAPPING, readValue, type ReadValue } from "./value.ts"

/**
 * Reads an entry whose value is a YAML mapping and whose key is a name.
 *
 * @returns what the entry declares; where it is broken, only the parts that can be read. Every broken part is a problem with the
 *   place of its field.
 */
export function parseLongForm(raw: RawEntry): Checked<Declaration, DeclareCode> {
  const { id, source, key, place } = raw
  const { problems, report } = createReporter(raw)
  const fault = nameFault(key)
  if (fault !== null) report("BAD_ENTRY_NAME", `Cannot use ${quoted(key)} as the key of a long form: ${fault}`)
  const read = readValue(raw)
  const empty = { id, source, name: key, path: pathIn(raw), place, addresses: [], group: null, services: [] }
  if (read.kind !== "mapping") {
    reportUnreadable(key, read, report)
    return { value: { ...empty, addresses: addressesBetween(raw) }, problems }
  }
  const placeOf = placesOf(read)
  const faults: FieldFault[] = [...fieldFaults(key, read.value)]
  const addresses = addressesIn(read.value, placeOf, faults)
  const services = servicesIn(key, read.value, { placeOf, faults })
  const placed = faults.map((one) => ({ ...one, offset: read.offsetOf(one.path, one.part) }))
  for (const { code, message, offset } of placed.toSorted((a, b) => a.offset - b.offset))
    report(code, message, read.placeAt(offset))
  const isLost = addresses.length === 0 && problems.length > 0
  return { value: { ...empty, addresses: isLost ? addressesBetween(raw) : addresses, services }, problems }
}

/** Source: Kubernetes API reference, ConfigMap, data. */
const CONFIGMAP_KEY = /^[-._a-zA-Z0-9]{1,253}$/

/** Why a key cannot be the name of a long form; null when it can. */
function nameFault(key: string): string | null {
  if (isAddressLike(key))
    return 'it looks like an address, and the addresses of a long form are in its field "addresses" (expected a name, such as web)'
  return CONFIGMAP_KEY.test(key) ? null : "it is not a key of a ConfigMap (expected letters, digits, -, _ and .)"
}

function reportUnreadable(key: string, read: Exclude<ReadValue, { kind: "mapping" }>, report: Report): void {
  switch (read.kind) {
    case "too-long":
      report(
        "TOO_MANY_SERVICES",
        `Cannot forward ${quoted(key)}: its value has more than ${LONGEST_MAPPING} characters; use several entries`,
      )
      return
    case "not-a-mapping":
      report(
        "BAD_FIELD",
        `Cannot read the value of ${quoted(key)}: it is not a mapping (expected addresses and services)`,
      )
      return
    case "faults":
      for (const { code, message, offset } of read.faults) report(code, message, read.placeAt(offset))
  }
}

function placesOf(read: Extract<ReadValue, { kind: "mapping" }>) {
  return (path: readonly (string | number)[]) => read.placeAt(read.offsetOf(path, "value"))
}
