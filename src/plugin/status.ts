import { EXIT } from "../terminal/exit-status.ts"
import { coloursOf } from "../terminal/screen.ts"
import { again } from "./again.ts"
import type { Call } from "./options.ts"
import { readInstallations } from "./read/installations.ts"
import { forPrograms } from "./view/print.ts"
import { type ClusterState, stateOf } from "./view/state.ts"
import { statusText } from "./view/status-text.ts"

/** Prints which node holds which VIP, what serves it, and what is not well. */
export async function status(call: Call): Promise<number> {
  const state = await readState(call)
  call.screen.out(textOf(state, call))
  return state.healthy ? EXIT.good : EXIT.no
}

/** Prints it again when it changes, until interrupted. */
export async function watchStatus(call: Call, signal: AbortSignal): Promise<number> {
  await again(async () => textOf(await readState(call), call), { screen: call.screen, clear: clearTerminal, signal })
  return EXIT.good
}

/** The state now, with the clock of the API server: its nodes write their times with clocks like that. */
export async function readState({ cluster, namespace }: Pick<Call, "cluster" | "namespace">): Promise<ClusterState> {
  const installations = await readInstallations(cluster.api, namespace)
  return stateOf(installations, cluster.api.serverTime() ?? new Date())
}

function textOf(state: ClusterState, { screen, format }: Call): string {
  return forPrograms(state, format) ?? statusText(state, { colours: coloursOf(screen), wide: format === "wide" })
}

function clearTerminal(): void {
  if (process.stdout.isTTY) console.clear()
}
