import { pino, stdTimeFunctions } from "pino"
import { faultText } from "../fault.ts"
import { standardError } from "./output.ts"
import { visible } from "../text/escape-hidden.ts"

/** From the most to the least verbose. */
export const logLevels = ["debug", "info", "warn", "error", "silent"] as const

export type LogLevel = (typeof logLevels)[number]

/** Facts about an event. The name of a duration has its unit: `tookMs`. An `error` field may hold a thrown error. */
export type LogFields = Readonly<Record<string, unknown>>

/** One JSON line per event: `event` is a constant that programs may match, everything variable is a field. */
export interface Log {
  /** Details for finding the cause of a problem. */
  debug(event: string, fields?: LogFields): void
  /** Something changed. */
  info(event: string, fields?: LogFields): void
  /** The program held or left out something, or will try again. */
  warn(event: string, fields?: LogFields): void
  /** A person must act. */
  error(event: string, fields?: LogFields): void
}

export interface LogOptions {
  readonly level: LogLevel
  /** Takes the lines, each with its line feed; standard error if absent. */
  readonly write?: (line: string) => void
}

/**
 * A log whose lines all have the fields of `bindings`; control characters are escaped. It does not buffer, because the last line before a crash matters most.
 * It writes to standard error, because standard output belongs to a command's answer. It never waits for its reader: if the reader is too slow, it drops
 * lines, and the line `log-lines-dropped` gives their number once the reader goes on.
 */
export function createLog(bindings: LogFields, options: LogOptions): Log {
  const logger = createPino(bindings, options.level, options.write ?? toStandardError(bindings))
  return {
    debug: (event, fields = {}) => logger.debug(fields, event),
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
  }
}

function createPino(bindings: LogFields, level: LogLevel, write: (line: string) => void) {
  return pino(
    {
      level,
      base: bindings,
      messageKey: "event",
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: errorField },
    },
    { write: (line: string) => write(visible(line)) },
  )
}

function toStandardError(bindings: LogFields): (line: string) => void {
  const output = standardError()
  output.onLost((count) => {
    let words = ""
    createPino(bindings, "warn", (line) => void (words = line)).warn({ count }, "log-lines-dropped")
    return words
  })
  return output.write
}

function errorField(error: unknown): unknown {
  return error instanceof Error ? { message: faultText(error), stack: error.stack } : error
}
