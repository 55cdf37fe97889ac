import { destination, pino, stdTimeFunctions } from "pino"
import { faultText } from "./fault.ts"
import { visible } from "./visible.ts"

/** From the most talkative to the most silent. */
export const logLevels = ["debug", "info", "warn", "error", "silent"] as const

export type LogLevel = (typeof logLevels)[number]

/** Facts about an event. A duration carries its unit in the name: `tookMs`. An `error` field may hold what was thrown. */
export type LogFields = Readonly<Record<string, unknown>>

/** One JSON line an event: `event` is a constant that programs may match, everything variable is a field. */
export interface Log {
  /** For whoever looks for the reason of something. */
  debug(event: string, fields?: LogFields): void
  /** Something changed. */
  info(event: string, fields?: LogFields): void
  /** We held or left out something, or will try again. */
  warn(event: string, fields?: LogFields): void
  /** A person must look. */
  error(event: string, fields?: LogFields): void
}

export interface LogOptions {
  readonly level: LogLevel
  /** Takes the lines, each with its line end; standard error if absent. */
  readonly write?: (line: string) => void
}

/**
 * A log whose lines all carry `bindings`, with nothing in them that a terminal would act upon. Written at once, not buffered: the last line before a crash is the one that
 * matters. To standard error, because standard output belongs to a command's answer.
 */
export function createLog(bindings: LogFields, options: LogOptions): Log {
  const put = options.write ?? toStandardError()
  const logger = pino(
    {
      level: options.level,
      base: bindings,
      messageKey: "event",
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: errorField },
    },
    { write: (line: string) => put(visible(line)) },
  )
  return {
    debug: (event, fields = {}) => logger.debug(fields, event),
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
  }
}

function toStandardError(): (line: string) => void {
  const stream = destination({ dest: 2, sync: true })
  return (line) => void stream.write(line)
}

function errorField(error: unknown): unknown {
  return error instanceof Error ? { message: faultText(error), stack: error.stack } : error
}
