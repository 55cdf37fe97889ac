import { runCommand } from "../../kit/process/run-command.ts"

/** The s6 service that runs keepalived. */
export interface Supervisor {
  /** Sets the expected state to up: starts it now, and again whenever it ends. */
  up(): Promise<void>
  /** Sets the expected state to down: sends SIGTERM. */
  down(): Promise<void>
  /** Sends SIGTERM; the supervisor starts it again, because its expected state is up. */
  restart(): Promise<void>
  /** The supervisor's own words: `up (pid 123) 4 seconds`. */
  status(): Promise<string>
}

export interface SupervisorOptions {
  /** The service's directory, such as `/run/service/keepalived`. */
  readonly serviceDirectory: string
  /** Paths of s6's programs; found by name if absent. */
  readonly s6Svc?: string
  readonly s6Svstat?: string
}

const LIMITS = { timeoutMs: 5_000, maximumOutputBytes: 4_096 }

/** @throws (each method) When s6 is missing, or does not supervise the directory. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { serviceDirectory, s6Svc = "s6-svc", s6Svstat = "s6-svstat" } = options
  const ask = async (program: string, words: readonly string[]) => {
    const result = await runCommand(program, [...words, serviceDirectory], LIMITS)
    if (result.status === 0) return result.stdout.trim()
    throw new Error(
      `Cannot command the service "${serviceDirectory}": ${result.stderr.trim() || `${program} printed nothing`}; ` +
        "s6-svscan must run on the directory above it",
    )
  }
  return {
    up: async () => void (await ask(s6Svc, ["-u"])),
    down: async () => void (await ask(s6Svc, ["-d"])),
    restart: async () => void (await ask(s6Svc, ["-r"])),
    status: () => ask(s6Svstat, []),
  }
}
