interface ApiFacts {
  readonly status: number | null
  readonly retryAfterMs?: number | null
  readonly isGarbled?: boolean
  readonly cause?: unknown
}

/** What the API server answered instead of what was asked for, or why it could not be asked. */
export class ApiFault extends Error {
  /** Status code of the answer; null where there was none. */
  readonly status: number | null
  /** For how long the API server asked to be left alone, in ms; null where it did not. */
  readonly retryAfterMs: number | null

  /** Whether what came cannot be understood, so that nobody knows what was lost with it. */
  readonly isGarbled: boolean

  constructor(message: string, facts: ApiFacts) {
    super(message, { cause: facts.cause })
    this.name = "ApiFault"
    this.status = facts.status
    this.retryAfterMs = facts.retryAfterMs ?? null
    this.isGarbled = facts.isGarbled ?? false
  }
}

/** Whether other credentials may help: the token was refused, or our CA does not vouch for the API server's certificate. */
export function isAboutCredentials({ status, message }: ApiFault): boolean {
  return status === 401 || (status === null && /certificate|CERT/.test(message))
}
