import type { BigIntStats } from "node:fs"
import { lstat } from "node:fs/promises"
import { faultCode } from "../../kit/fault.ts"
import { type CommandResult, runCommand } from "../../kit/process/run-command.ts"
import type { Clock } from "../../kit/time/clock.ts"
import type { TestVerdict } from "../ports.ts"
import { parseDiagnostics } from "./diagnostics.ts"

export interface ConfigTestOptions {
  /** Path of the keepalived that runs the file. */
  readonly program: string
  /** Overrides the limit computed from the file's size, in ms. */
  readonly timeoutMs?: number
  readonly clock: Clock
}

export type ConfigTest = (file: string) => Promise<TestVerdict>

const TEST_LIMIT_MS = 10_000
/** Time limit. Measured: 5,000 virtual servers of 10 real servers are 5.3 MB and take 1.5 s; 20,000 real servers of one take 3 s. */
const TEST_LIMIT_MS_PER_MB = 1_000
const MAXIMUM_OUTPUT_BYTES = 64 * 1024

/**
 * Tests keepalived.conf files with keepalived itself, without touching a running process. The test must run in the network
 * namespace of the daemon, because it looks at the interfaces.
 *
 * It accepts only status 0 without any output. Status 0 alone is not enough: keepalived returns it for a file that is missing,
 * empty, or has a missing include (measured on 2.2.7, 2.3.3 and 2.4.3). So the file is checked before and
 * after the test, too.
 *
 * @throws (the test) When keepalived cannot be started.
 */
export function createConfigTest(options: ConfigTestOptions): ConfigTest {
  const { clock } = options
  return async (file) => {
    const startedAt = clock.now()
    const refused = (ending: string, output = ""): TestVerdict => ({
      ...{ kind: "refused", tookMs: clock.now() - startedAt, ending },
      diagnostics: parseDiagnostics(output),
    })
    const before = await fileIdentity(file)
    if (before.kind === "unfit") return refused(before.reason)
    const timeoutMs = options.timeoutMs ?? TEST_LIMIT_MS + TEST_LIMIT_MS_PER_MB * (Number(before.stats.size) / 1e6)
    // -e: an unreadable file is an error. The long form of the options differs between releases.
    const result = await runCommand(options.program, ["-t", "-e", "-f", file], {
      timeoutMs,
      maximumOutputBytes: MAXIMUM_OUTPUT_BYTES,
    })
    const after = await fileIdentity(file)
    if (after.kind === "unfit" || !isSameFile(before.stats, after.stats)) {
      return refused("the file changed during the test")
    }
    const output = result.stderr + result.stdout
    if (result.status === 0 && output.trim() === "") return { kind: "accepted", tookMs: clock.now() - startedAt }
    return refused(endingOf(result, timeoutMs), output)
  }
}

type Look = { readonly kind: "file"; readonly stats: BigIntStats } | { readonly kind: "unfit"; readonly reason: string }

async function fileIdentity(file: string): Promise<Look> {
  try {
    const stats = await lstat(file, { bigint: true })
    if (!stats.isFile()) return { kind: "unfit", reason: "it is not a regular file" }
    if (stats.size === 0n) return { kind: "unfit", reason: "the file is empty" }
    return { kind: "file", stats }
  } catch (error) {
    return { kind: "unfit", reason: faultCode(error) === "ENOENT" ? "the file does not exist" : `${faultCode(error)}` }
  }
}

function isSameFile(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs
}

function endingOf(result: CommandResult, timeoutMs: number): string {
  if (result.timedOut) return `no answer within ${Math.round(timeoutMs / 100) / 10} s`
  if (result.signal !== null) return `killed by ${result.signal}`
  return result.status === 0 ? "exit status 0, but with complaints" : `exit status ${result.status}`
}
