/** Problems of the objects that a declaration names. */
export type DesiredCode = (typeof DESIRED_CODES)[number]
export const DESIRED_CODES = [
  "SERVICE_NOT_FOUND",
  "SERVICE_EXTERNAL_NAME",
  "SERVICE_WITHOUT_PORTS",
  "PORT_NOT_FOUND",
  "PROTOCOL_NOT_SUPPORTED",
  "BAD_ENDPOINT_ADDRESS",
  "NO_ENDPOINTS",
  "SERVICE_FIELD_IGNORED",
  "TOO_MANY_REAL_SERVERS",
] as const
