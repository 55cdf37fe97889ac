import { Option } from "commander"

import { type Clock, systemClock } from "../kit/time/clock.ts"
import { UsageError } from "../terminal/exit-status.ts"
import type { Screen } from "../terminal/screen.ts"
import { askOnTerminal } from "./ask.ts"
import { type Cluster, openCluster } from "./client/open.ts"
import { type Format, FORMATS } from "./view/print.ts"

/** The options that all commands have, as commander gives them. */
export interface CommonOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly output: string
  readonly watch?: true
}

/** What a command works with. */
export interface Call {
  readonly screen: Screen
  readonly cluster: Cluster
  /** Null: all that the user may see. */
  readonly namespace: string | null
  readonly format: Format
  /** Asks the user a question that `--yes` would answer; null without a terminal. */
  readonly ask: ((question: string) => Promise<boolean>) | null
  readonly clock: Clock
}

/** What the commands work with. */
export interface Give {
  readonly screen: Screen
  readonly outside: Outside
  /** Receives the exit status. */
  readonly ended: (status: number) => void
  /** Aborts when a user interrupts the program. */
  readonly signal: AbortSignal
}

/** What of the surroundings a test replaces. */
export interface Outside {
  readonly openCluster: typeof openCluster
  readonly ask: Call["ask"]
  readonly clock: Clock
}

/** The user's kubectl, and the terminal if there is one. */
export const OUTSIDE: Outside = { openCluster, ask: askOnTerminal(), clock: systemClock }

export function commonOptions(): readonly Option[] {
  return [
    new Option("--kubeconfig <file>", "the kubeconfig (default: as kubectl finds it)"),
    new Option("--context <name>", "a context of the kubeconfig (default: the current one)"),
    new Option("-n, --namespace <name>", "where the product is installed (default: all namespaces)"),
    new Option("-o, --output <format>", "text or wide for people, json or yaml for programs")
      .choices(FORMATS)
      .default("text"),
  ]
}

export function watchOption(): Option {
  return new Option("-w, --watch", "ask again every two seconds, until interrupted")
}

/** Opens the cluster for a command, and closes it afterwards. @throws {UsageError} */
export async function withCluster(
  options: CommonOptions,
  { screen, outside }: { readonly screen: Screen; readonly outside: Outside },
  command: (call: Call) => Promise<number>,
): Promise<number> {
  const { kubeconfig = null, context = null, namespace = null } = options
  if (namespace !== null && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace))
    throw new UsageError(`Cannot use --namespace ${JSON.stringify(namespace)}: it is not the name of a namespace`)
  const format = FORMATS.find((one) => one === options.output) ?? "text"
  const cluster = outside.openCluster({ kubeconfig, context })
  try {
    return await command({ screen, cluster, namespace, format, ask: outside.ask, clock: outside.clock })
  } finally {
    cluster.close()
  }
}

/** The examples below a help text. */
export function examples(...commands: readonly string[]): string {
  return `\nExamples:\n${commands.map((command) => `  ${command}\n`).join("")}`
}
