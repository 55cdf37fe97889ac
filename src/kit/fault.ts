import { inspect } from "node:util"

/**
 * A fault in one line: its message and those of its causes, from what we tried down to what the machine said.
 * `Cannot read "a.yaml": EACCES: permission denied, open 'a.yaml'`
 */
export function faultText(error: unknown): string {
  const messages: string[] = []
  // A cause that leads back to itself must not hold up the message.
  const seen = new Set<unknown>()
  for (let next = error; next !== undefined && next !== null && !seen.has(next); next = causeOf(next)) {
    seen.add(next)
    messages.push(next instanceof Error ? next.message : typeof next === "string" ? next : inspect(next))
  }
  return messages.join(": ")
}

/** The error code of the operating system or of Node, such as `ENOENT`; null where there is none. */
export function faultCode(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : null
}
