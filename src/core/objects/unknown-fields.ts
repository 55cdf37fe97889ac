import { visible } from "../../kit/text/escape-hidden.ts"
import { isNear } from "../../kit/text/near.ts"
import type { ShapeIssue } from "./shape-issue.ts"

/** Fields of a ConfigMap. Source: Kubernetes API reference, v1 ConfigMap. */
const FIELDS = ["apiVersion", "kind", "metadata", "data", "binaryData", "immutable"]
/** Fields of its metadata. Source: Kubernetes API reference, ObjectMeta. */
const METADATA = [
  ...["name", "namespace", "labels", "annotations", "uid", "resourceVersion", "generation", "generateName", "selfLink"],
  ...["creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences", "finalizers"],
  "managedFields",
  // Field of the trimmed form.
  "allowMassRemoval",
]

/**
 * Fields that a ConfigMap does not have. An entry beside `data`, or below a misspelt `data`, would be lost silently, and a
 * VIP with it. The API server refuses such an object too.
 */
export function unknownFields(title: string, value: Readonly<Record<string, unknown>>): readonly ShapeIssue[] {
  const metadata = value["metadata"]
  const inside = typeof metadata === "object" && metadata !== null ? Object.keys(metadata) : []
  const issue = (path: readonly string[], field: string, known: readonly string[]): ShapeIssue => ({
    code: "OBJECT_SHAPE",
    path: [...path, field],
    message: `Cannot read ${title}: ${complaint(path, field, known)}`,
    isKey: true,
  })
  return [
    ...Object.keys(value)
      .filter((field) => !FIELDS.includes(field))
      .map((field) => issue([], field, FIELDS)),
    ...inside.filter((field) => !METADATA.includes(field)).map((field) => issue(["metadata"], field, METADATA)),
  ].slice(0, MAXIMUM_ISSUES)
}

/** Maximum issues of one object; the others appear once these are corrected. */
const MAXIMUM_ISSUES = 20

function complaint(path: readonly string[], field: string, known: readonly string[]): string {
  const name = visible(JSON.stringify(field.slice(0, 80)))
  if (/^[\d.]+$|\//.test(field)) return `${name} is beside "data" (expected it below "data", indented by two spaces)`
  if (path.length > 0 && FIELDS.includes(field))
    return `"${field}" is inside "${path.join(".")}" (expected it at the start of the line, like "metadata")`
  const near = known.find((one) => isMeant(field, one))
  const owner = path.length === 0 ? "a ConfigMap" : `the ${path.join(".")} of a ConfigMap`
  return `${owner} does not have the field ${name}${near === undefined ? "" : `; did you mean "${near}"?`}`
}

/** Also true for `data` with a word before it. */
function isMeant(found: string, known: string): boolean {
  return isNear(found, known) || (known === "data" && found.toLowerCase().endsWith(known))
}
