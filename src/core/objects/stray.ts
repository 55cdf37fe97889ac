import { isMap, isScalar, isSeq } from "yaml"
import { isKind } from "./parse.ts"
import { kindOfItems } from "./pieces.ts"

/**
 * What is wrong with a document, or an item of a list, that is not an object and yet holds what belongs into one: its entries would vanish
 * without a word. Null for what is nothing to us, such as a file of values.
 *
 * @param node As the YAML parser gives it.
 */
export function strayFault(node: unknown): string | null {
  if (isSeq(node)) return node.items.some(isObject) ? LISTED : null
  if (!isMap(node) || kindOf(node) !== null) return null
  if ([node, node.get("data")].some(hasAddress)) return ENTRIES
  const apiVersion = node.get("apiVersion")
  return (apiVersion === "v1" || apiVersion === "discovery.k8s.io/v1") && isMap(node.get("metadata")) ? KINDLESS : null
}

const LISTED =
  'a list of objects stands here (expected "---" between two objects, or kind: List with the objects below "items")'
const ENTRIES =
  'entries of VIPs stand in a document without a kind (expected them below "data" of the ConfigMap; is the "---" before it one too many?)'
const KINDLESS = "it has no kind (expected kind: ConfigMap, Service or another)"

function kindOf(node: unknown): string | null {
  const kind: unknown = isMap(node) ? node.get("kind") : null
  return typeof kind === "string" && kind !== "" ? kind : null
}

function isObject(node: unknown): boolean {
  const kind = kindOf(node)
  return kind !== null && (isKind(kind) || kindOfItems(kind) !== null)
}

function hasAddress(node: unknown): boolean {
  return isMap(node) && node.items.some(({ key }) => isScalar(key) && ADDRESS.test(String(key.value)))
}

const ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/
