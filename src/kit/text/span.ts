const SECOND = 1000
const UNITS = [
  ["d", 86_400 * SECOND],
  ["h", 3_600 * SECOND],
  ["min", 60 * SECOND],
  ["s", SECOND],
] as const

/** A time span in its two largest units: `3 d 4 h`, `45 s`. Less than a second, and a negative one, is `0 s`. */
export function span(ms: number): string {
  const at = UNITS.findIndex(([, size]) => ms >= size)
  const [first, second] = at === -1 ? UNITS.slice(-1) : UNITS.slice(at, at + 2)
  if (first === undefined) return "0 s"
  const whole = Math.max(0, Math.floor(ms / first[1]))
  const rest = second === undefined ? 0 : Math.floor((ms - whole * first[1]) / second[1])
  return rest === 0 || second === undefined ? `${whole} ${first[0]}` : `${whole} ${first[0]} ${rest} ${second[0]}`
}
