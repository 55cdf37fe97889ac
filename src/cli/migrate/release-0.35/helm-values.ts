import { below, mapBelow, type PlainDocument } from "../documents.ts"
import { type Installation, placementIn, scalarText } from "./workload.ts"

/** The values of 0.35's Helm chart in a document; null if it does not have them. */
export function helmValuesIn({ value, place }: PlainDocument): Installation | null {
  if (below(value, "kind") !== undefined) return null
  if (!FORMER.some((key) => below(value, key) !== undefined)) return null
  const flags = new Map([["vrid", CHART_ROUTER_ID]])
  const set = (flag: string, found: unknown) => {
    if (scalarText(found) !== "") flags.set(flag, scalarText(found))
  }
  set("vrid", below(value, "keepalived", "vrid"))
  set("use-unicast", below(value, "keepalived", "useUnicast"))
  set("http-port", below(value, "httpPort"))
  set("proxy-protocol-mode", below(value, "haproxy", "enabled"))
  return {
    ...{ title: "values of the Helm chart", place, isDaemonSet: true, flags, env: new Map<string, string>() },
    placement: placementIn(value),
    others: OTHERS.filter((key) => isSet(below(value, ...key.split(".")))),
    entries: mapBelow(value, "keepalived", "config"),
  }
}

/** Keys that only the chart of 0.35 has. */
const FORMER = ["keepalived", "haproxy", "httpPort"]
/** Default of `keepalived.vrid` in that chart; the flag's own default is another one. */
const CHART_ROUTER_ID = "179"
/** Keys that are not carried over: they are about another program, or about its pods. */
const OTHERS = [
  ...["keepalived.image", "keepalived.resources", "haproxy.image", "haproxy.resources", "fullnameOverride"],
  ...["nameOverride", "updateStrategy", "podLabels", "podAnnotations", "priorityClassName"],
]

function isSet(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0
  return scalarText(value) !== ""
}
