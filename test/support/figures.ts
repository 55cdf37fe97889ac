let noted: Readonly<Record<string, unknown>> | null = null

/** What the running test has measured: printed beside its verdict by `node scripts/test.ts --each`. */
export function figures(values: Readonly<Record<string, unknown>>): void {
  noted = { ...noted, ...values }
}

/** As one line of text, and forgotten; null where nothing was noted. */
export function takeFigures(): string | null {
  const text = noted === null ? null : JSON.stringify(noted)
  noted = null
  return text
}
