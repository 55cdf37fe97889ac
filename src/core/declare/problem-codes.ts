import type { YamlCode } from "../objects/problem-codes.ts"

/** Problems of what a person declares, and of the ConfigMaps that hold it. */
/** `YAML_*`: the value of an entry in the long form is not YAML, or uses a feature that is refused. */
export type DeclareCode = (typeof DECLARE_CODES)[number] | YamlCode
export const DECLARE_CODES = [
  "CONFIGMAP_MISSING",
  "CONFIGMAP_AMBIGUOUS",
  "BAD_ADDRESS",
  "BAD_TARGET",
  "BAD_FORWARDING_METHOD",
  "METHOD_NOT_SUPPORTED",
  "BAD_ENTRY_NAME",
  "BAD_FIELD",
  "FIELD_NOT_SUPPORTED",
  "ADDRESS_DECLARED_TWICE",
  "SERVICE_NAMED_TWICE",
  "TOO_MANY_SERVICES",
] as const
