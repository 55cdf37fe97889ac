import type { Diagnostic } from "../ports.ts"

/**
 * `(/etc/k.conf: Line 12) message`, or in keepalived's first pass over a file `(Line 12) message`.
 * Source: keepalived, lib/parser.c, report_config_error.
 */
const LOCATED = /^\((?:.+: )?Line (?<line>\d+)\) (?<message>.*)$/
/** A virtual server as keepalived prints it: `[10.4.0.50]:tcp:80`. */
const VIRTUAL_SERVER = /\[(?<address>[^\]]+)\]:(?<protocol>tcp|udp|sctp|none):(?<port>\d+)/

/** Maximum messages: a file that is cut in the wrong place can give one for each line, and the first ones show the cause. */
const MOST_DIAGNOSTICS = 200
const LONGEST_MESSAGE = 500

/**
 * The messages of the config test, in order, each once: keepalived reads a file up to four times, and repeats its messages
 * each time.
 */
export function parseDiagnostics(output: string): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>()
  for (const text of output.split("\n")) {
    if (text.trim() === "") continue
    const diagnostic = diagnosticOf(text.trimEnd())
    const key = `${diagnostic.line} ${diagnostic.message}`
    if (!found.has(key)) found.set(key, diagnostic)
  }
  return [...found.values()].slice(0, MOST_DIAGNOSTICS)
}

function diagnosticOf(text: string): Diagnostic {
  const located = LOCATED.exec(text)?.groups
  // The message goes into a status file and onto terminals.
  const message = (located?.["message"] ?? text).slice(0, LONGEST_MESSAGE).replace(/\p{Cc}/gu, "?")
  return {
    line: located === undefined ? null : Number(located["line"]),
    virtualServer: virtualServerOf(message),
    message,
  }
}

/** The first one in the message; if there are two, the second is a real server. */
function virtualServerOf(message: string): string | null {
  const server = VIRTUAL_SERVER.exec(message)?.groups
  // "real server [10.2.1.11]:tcp:8080 ..." alone does not name the virtual server.
  if (server === undefined || /^real server \[/i.test(message)) return null
  return `${server["address"]} ${server["port"]} ${server["protocol"]?.toUpperCase()}`
}
