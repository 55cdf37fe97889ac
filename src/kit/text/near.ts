/** Whether a word is a known one with one wrong, missing, extra or two swapped letters, or with other capitals. */
export function isNear(found: string, known: string): boolean {
  const [a, b] = [found.toLowerCase(), known.toLowerCase()]
  if (a === b) return true
  if (Math.abs(a.length - b.length) > 1) return false
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  const [restA, restB] = [a.slice(at), b.slice(at)]
  const isSwapped = restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2)
  return isSwapped || restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1)
}
