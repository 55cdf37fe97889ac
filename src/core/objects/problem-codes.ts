/**
 * Problems of one manifest, or of several together.
 *
 * - `FILE_*`, `YAML_*`: the text is not YAML, or uses a feature that is refused because people misread it.
 * - `OBJECT_*`, `CONFIGMAP_*`: the YAML is correct, and the Kubernetes object is not.
 */
export type ObjectProblemCode = (typeof OBJECT_CODES)[number]

/** Problems of YAML, in a file or in the value of an entry. */
export type YamlCode = Extract<ObjectProblemCode, `YAML_${string}`>

export const OBJECT_CODES = [
  "FILE_TOO_LARGE",
  "FILE_BYTE_ORDER_MARK",
  "FILE_NUL",
  "YAML_SYNTAX",
  "YAML_TAB",
  "YAML_DUPLICATE_KEY",
  "YAML_ALIAS",
  "YAML_ANCHOR",
  "YAML_MERGE_KEY",
  "YAML_TAG",
  "YAML_NUMBER",
  "OBJECT_SHAPE",
  "OBJECT_NAME",
  "OBJECT_DUPLICATE",
  "CONFIGMAP_VALUE",
] as const
