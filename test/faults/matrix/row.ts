/** A row of the fault matrix: what goes wrong, and what must come of it. */
export interface Row {
  /** As the design numbers them; some numbers are not in use. */
  readonly number: number
  readonly fault: string
  readonly expected: string
  /** Why no machine can prove it here; absent where a test does. */
  readonly notHere?: string
}

export interface Group {
  readonly name: string
  readonly rows: readonly Row[]
}

export function row(number: number, fault: string, expected: string): Row {
  return { number, fault, expected }
}
