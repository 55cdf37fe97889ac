/** Names of variables that a program does not know, each in a sentence that says what it may have been meant to be. */
export function unknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
  { prefix, known }: { readonly prefix: string; readonly known: readonly string[] },
): readonly string[] {
  return Object.entries(environment)
    .filter(([name, value]) => hasPrefix(name, prefix) && !known.includes(name) && !isOfService(name, value ?? ""))
    .map(([name]) => `Cannot use the variable ${name}: there is no setting of that name${hint(name, known)}`)
}

/** Also in small letters, and with a dash or a dot, which a kubelet lets pass: who writes so means the setting. */
function hasPrefix(name: string, prefix: string): boolean {
  return shoutedForm(name).startsWith(prefix)
}

function shoutedForm(name: string): string {
  return name.toUpperCase().replaceAll(/[-.]/g, "_")
}

/** A kubelet tells each pod of the Services in its namespace, in variables that begin with their names. */
function isOfService(name: string, value: string): boolean {
  return /_SERVICE_(HOST|PORT)(_|$)/.test(name) || /_PORT_\d+_(TCP|UDP|SCTP)(_|$)/.test(name) || /^\w+:\/\//.test(value)
}

function hint(name: string, known: readonly string[]): string {
  const near = known
    .map((one) => ({ one, distance: distanceOf(shoutedForm(name), one) }))
    .toSorted((a, b) => a.distance - b.distance)
    .find(({ distance }) => distance <= FARTHEST)
  return near === undefined ? "; unset it" : `; did you mean ${near.one}?`
}

/** Letters that a slip of the hand gets wrong at most. */
const FARTHEST = 3

/** Letters to add, take away or exchange, at least, to make one text of the other (Levenshtein). */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const exchanged = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(exchanged, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
