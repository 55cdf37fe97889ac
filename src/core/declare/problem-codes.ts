/** Problems of what a person declares, and of the ConfigMaps that hold it. */
export type DeclareCode = (typeof DECLARE_CODES)[number]
export const DECLARE_CODES = [
  "CONFIGMAP_MISSING",
  "CONFIGMAP_AMBIGUOUS",
  "BAD_ADDRESS",
  "BAD_TARGET",
  "BAD_FORWARDING_METHOD",
  "METHOD_NOT_SUPPORTED",
  "LONG_FORM_NOT_SUPPORTED",
  "SERVICE_NAMED_TWICE",
  "TOO_MANY_SERVICES",
] as const
