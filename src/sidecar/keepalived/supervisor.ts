import { runCommand } from "../../kit/run-command.ts"

/** The s6 service that keepalived is. */
export interface Supervisor {
  /** Wanted up: started now, and again whenever it ends. */
  up(): Promise<void>
  /** Wanted down: SIGTERM. */
  down(): Promise<void>
  /** SIGTERM; it comes back because it is wanted up. */
  restart(): Promise<void>
  /** What the supervisor says, in its words: `up (pid 123) 4 seconds`. */
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

/** @throws (each method) When there is no s6, or it does not supervise the directory. */
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
