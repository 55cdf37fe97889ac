import { isMap, isScalar, isSeq } from "yaml"
import { looksLikeAddress } from "../address/pattern.ts"
import { isKind } from "./parse.ts"
import { kindOfItems } from "./yaml/pieces.ts"

/**
 * Says what is wrong with a document, or an item of a list, that has content of an object but is not an object: its entries would be
 * lost silently. Null for unrelated content, such as a file of values.
 *
 * @param node Node of the YAML parser.
 */
export function strayFault(node: unknown): string | null {
  if (isSeq(node)) return node.items.some(isObject) ? LISTED : null
  if (!isMap(node) || kindOf(node) !== null) return null
  if ([node, node.get("data")].some(hasAddress)) return ENTRIES
  const apiVersion = node.get("apiVersion")
  return (apiVersion === "v1" || apiVersion === "discovery.k8s.io/v1") && isMap(node.get("metadata")) ? KINDLESS : null
}

const LISTED =
  'it is a list of objects (expected "---" between two objects, or kind: List with the objects below "items")'
const ENTRIES =
  'it has entries of VIPs and no kind (expected entries below "data" of the ConfigMap; remove the "---" before it if it is a mistake)'
const KINDLESS = "it has no kind (expected kind: ConfigMap, Service or another kind)"

function kindOf(node: unknown): string | null {
  const kind: unknown = isMap(node) ? node.get("kind") : null
  return typeof kind === "string" && kind !== "" ? kind : null
}

function isObject(node: unknown): boolean {
  const kind = kindOf(node)
  return kind !== null && (isKind(kind) || kindOfItems(kind) !== null)
}

function hasAddress(node: unknown): boolean {
  return isMap(node) && node.items.some(({ key }) => isScalar(key) && looksLikeAddress(String(key.value)))
}
