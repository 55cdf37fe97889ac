import type { Diagnostic } from "../ports.ts"

/**
 * `(/etc/k.conf: Line 12) message`, or in the first of its passes over a file `(Line 12) message`.
 * Source: keepalived, lib/parser.c, report_config_error.
 */
const LOCATED = /^\((?:.+: )?Line (?<line>\d+)\) (?<message>.*)$/
/** A virtual server as keepalived prints it: `[10.4.0.50]:tcp:80`. */
const VIRTUAL_SERVER = /\[(?<address>[^\]]+)\]:(?<protocol>tcp|udp|sctp|none):(?<port>\d+)/

/** A file that is cut in the wrong place can give a message for each of its lines; the first ones tell why. */
const MOST_DIAGNOSTICS = 200
const LONGEST_MESSAGE = 500

/**
 * What the config test printed, in its order, each message once: keepalived walks over a file up to four times, and tells
 * the same at each turn.
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
  // It goes into a status file and onto terminals.
  const message = (located?.["message"] ?? text).slice(0, LONGEST_MESSAGE).replace(/\p{Cc}/gu, "?")
  return {
    line: located === undefined ? null : Number(located["line"]),
    virtualServer: virtualServerOf(message),
    message,
  }
}

/** The first one named: where a message names two, the second is a real server. */
function virtualServerOf(message: string): string | null {
  const server = VIRTUAL_SERVER.exec(message)?.groups
  // "real server [10.2.1.11]:tcp:8080 ..." alone would name the wrong thing.
  if (server === undefined || /^real server \[/i.test(message)) return null
  return `${server["address"]} ${server["port"]} ${server["protocol"]?.toUpperCase()}`
}
