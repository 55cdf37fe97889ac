/**
 * What a check found. `wrong`: it prevents something. `look`: it prevents something in some networks; a person must judge.
 * `unknown`: it cannot be told, which is never good.
 */
export interface Finding {
  /** What was looked at, such as `ip_vs`. */
  readonly check: string
  readonly state: "good" | "look" | "wrong" | "unknown"
  /** What is so. */
  readonly is: string
  /** What that causes; null if it is good. */
  readonly causes: string | null
  /** What to do about it; null if it is good. */
  readonly action: string | null
}

/** What a finding that is not good adds. */
export interface Consequence {
  readonly causes: string
  readonly action: string
}

export function good(check: string, is: string): Finding {
  return { check, state: "good", is, causes: null, action: null }
}

export function bad(
  check: string,
  state: "look" | "wrong" | "unknown",
  is: string,
  { causes, action }: Consequence,
): Finding {
  return { check, state, is, causes, action }
}
