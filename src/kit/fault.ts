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

/**
 * What the machine said, without the call and the path that it was about: `ENOSPC: no space left on device`. The same fault
 * gives the same text, whichever file it meets. Null where no machine said anything.
 */
export function machineText(error: unknown): string | null {
  const code = rootFaultCode(error)
  if (code === null) return null
  const text = faultText(error)
  const [said] = text.slice(text.indexOf(`${code}: `)).split(",")
  return text.includes(`${code}: `) && said !== undefined ? said : code
}

/** The error code of the operating system in an error or in what caused it, such as `ENOSPC`; null where there is none. */
export function rootFaultCode(error: unknown): string | null {
  const seen = new Set<unknown>()
  for (let next = error; next instanceof Error && !seen.has(next); next = next.cause) {
    const code = faultCode(next)
    if (code !== null) return code
    seen.add(next)
  }
  return null
}

/** The error code of the operating system or of Node, such as `ENOENT`; null where there is none. */
export function faultCode(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : null
}
