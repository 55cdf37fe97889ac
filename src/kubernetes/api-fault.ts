interface ApiFacts {
  readonly status: number | null
  readonly retryAfterMs?: number | null
  readonly isGarbled?: boolean
  readonly cause?: unknown
}

/** The API server's error answer, or the reason why the request failed. */
export class ApiFault extends Error {
  /** Status code of the answer; null if there was no answer. */
  readonly status: number | null
  /** Time after which the API server asks for a retry, in ms; null if it gives none. */
  readonly retryAfterMs: number | null

  /** Whether the answer cannot be parsed, so that events may be lost. */
  readonly isGarbled: boolean

  constructor(message: string, facts: ApiFacts) {
    super(message, { cause: facts.cause })
    this.name = "ApiFault"
    this.status = facts.status
    this.retryAfterMs = facts.retryAfterMs ?? null
    this.isGarbled = facts.isGarbled ?? false
  }
}

/**
 * Why the API server does not serve sync. `credentials`: it refuses the token, or its certificate is not signed by our CA.
 * `rights`: it forbids the request, or does not serve the resource. `unreachable`: it does not answer. `other`: any other answer.
 */
export type ApiCause = (typeof API_CAUSES)[number]
export const API_CAUSES = ["credentials", "rights", "unreachable", "other"] as const

export function apiCauseOf(fault: ApiFault): ApiCause {
  if (isAboutCredentials(fault)) return "credentials"
  if (fault.status === 403 || fault.status === 404) return "rights"
  return fault.status === null ? "unreachable" : "other"
}

/** Whether new credentials may help: the API server refused the token, or its certificate is not signed by our CA. */
export function isAboutCredentials({ status, message }: ApiFault): boolean {
  return status === 401 || (status === null && /certificate|CERT/.test(message))
}
