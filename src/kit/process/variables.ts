/** A message for each variable that the program does not know, with a guess which setting the user meant. */
export function unknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
  { prefix, known }: { readonly prefix: string; readonly known: readonly string[] },
): readonly string[] {
  return Object.entries(environment)
    .filter(([name, value]) => hasPrefix(name, prefix) && !known.includes(name) && !isOfService(name, value ?? ""))
    .map(([name]) => `Cannot use the variable ${name}: there is no setting of that name${hint(name, known)}`)
}

/** Also matches lower case, dashes and dots, which the kubelet allows: the user most likely meant the setting. */
function hasPrefix(name: string, prefix: string): boolean {
  return shoutedForm(name).startsWith(prefix)
}

function shoutedForm(name: string): string {
  return name.toUpperCase().replaceAll(/[-.]/g, "_")
}

/** The kubelet gives each pod the Services of its namespace, in variables that begin with their names. */
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

/** Maximum edit distance of a typing error. */
const FARTHEST = 3

/** Minimum number of letters to add, remove or exchange to turn one text into the other (Levenshtein). */
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
