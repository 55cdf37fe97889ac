import { inspect } from "node:util"

/**
 * A fault in one line: its message and those of its causes, from the failed operation down to the operating system's message.
 * `Cannot read "a.yaml": EACCES: permission denied, open 'a.yaml'`
 */
export function faultText(error: unknown): string {
  const messages: string[] = []
  // Causes may form a loop.
  const seen = new Set<unknown>()
  for (let next = error; next !== undefined && next !== null && !seen.has(next); next = causeOf(next)) {
    seen.add(next)
    messages.push(next instanceof Error ? next.message : typeof next === "string" ? next : inspect(next))
  }
  return messages.join(": ")
}

/**
 * The operating system's message without the call and the path: `ENOSPC: no space left on device`. The same fault gives the
 * same text for every file. Null if the fault does not come from the operating system.
 */
export function machineText(error: unknown): string | null {
  const code = rootFaultCode(error)
  if (code === null) return null
  const text = faultText(error)
  const [said] = text.slice(text.indexOf(`${code}: `)).split(",")
  return text.includes(`${code}: `) && said !== undefined ? said : code
}

/** The operating system's error code in an error or in its causes, such as `ENOSPC`; null if there is none. */
export function rootFaultCode(error: unknown): string | null {
  const seen = new Set<unknown>()
  for (let next = error; next instanceof Error && !seen.has(next); next = next.cause) {
    const code = faultCode(next)
    if (code !== null) return code
    seen.add(next)
  }
  return null
}

/** The error code of the operating system or of Node.js, such as `ENOENT`; null if there is none. */
export function faultCode(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : null
}

/** What a call on a file gives; null if the file does not exist. @throws Every other fault. */
export async function ifPresent<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call
  } catch (error) {
    if (faultCode(error) === "ENOENT") return null
    throw error
  }
}
