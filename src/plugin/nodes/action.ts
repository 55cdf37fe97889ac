import { ApiFault } from "../../kubernetes/api-fault.ts"
import { EXIT, UsageError } from "../../terminal/exit-status.ts"
import type { Call } from "../options.ts"
import { type Installation, readInstallations } from "../read/installations.ts"
import { podOn } from "../read/pods.ts"
import { type Heard, heardOf } from "../view/heard.ts"
import { forPrograms } from "../view/print.ts"

/** What a user says about an action. */
export interface ActionOptions {
  /** Do not ask. */
  readonly yes: boolean
  /** Show what would happen, and stop. */
  readonly dryRun: boolean
}

/** Longest time until the report of a node shows what was done there, in ms: the sidecar acts within a second. */
const EFFECT_MS = 60_000
const EVERY_MS = 1000

/** An installation and its nodes as they are now. */
export interface Scene {
  readonly installation: Installation
  readonly heard: readonly Heard[]
  /** The time of the API server, in ms. */
  readonly now: number
}

/** @throws ApiFault if there is not exactly one installation, or its nodes cannot be read. */
export async function readScene({ cluster, namespace }: Pick<Call, "cluster" | "namespace">): Promise<Scene> {
  const [installation, ...others] = await readInstallations(cluster.api, namespace)
  if (installation === undefined)
    throw new ApiFault("Cannot find a VipReport: is the product installed in this namespace?", { status: null })
  if (others.length > 0) {
    const names = [installation, ...others].map((one) => `${one.namespace}/${one.name}`).join(", ")
    throw new ApiFault(`Cannot tell which installation to take: there are ${names}; name one with --namespace`, {
      status: null,
    })
  }
  const { nodes } = installation
  if (nodes.kind === "unknown") throw new ApiFault(`Cannot see the state of the nodes: ${nodes.why}`, { status: null })
  const now = cluster.api.serverTime() ?? new Date()
  return { installation, heard: nodes.value.map((lease) => heardOf(lease, now)), now: now.getTime() }
}

/**
 * Whether to go on: with `--yes`, or if the user says so.
 *
 * @throws {UsageError} without a terminal.
 */
export async function isWanted({ yes }: ActionOptions, { ask, screen }: Call, question: string): Promise<boolean> {
  if (yes) return true
  if (ask === null) throw new UsageError("Cannot ask whether to go on: standard input is not a terminal; give --yes")
  if (await ask(question)) return true
  screen.err("Nothing is done\n")
  return false
}

/** Runs `kkv` on a node. @throws ApiFault also if the command ends with another status than 0, with what it said. */
export async function onNode(node: string, words: readonly string[], call: Call, scene: Scene): Promise<string> {
  const pod = await podOn(call.cluster.api, scene.installation.namespace, node)
  const { status, out, err } = await call.cluster.kubectl.kkv(pod, words)
  if (status === 0) return out
  const said = err.trim().replace(/^kkv: /, "")
  throw new ApiFault(`Node ${node} refused "kkv ${words[0] ?? ""}": ${said || `status ${status}`}`, { status: null })
}

/** Waits until the reports show an effect. @returns the last look, and whether it shows it. */
export async function untilSeen(
  call: Call,
  isSeen: (scene: Scene) => boolean,
): Promise<{ readonly scene: Scene; readonly seen: boolean }> {
  const end = call.clock.now() + EFFECT_MS
  for (;;) {
    const scene = await readScene(call)
    if (isSeen(scene)) return { scene, seen: true }
    if (call.clock.now() >= end) return { scene, seen: false }
    await call.clock.delay(EVERY_MS)
  }
}

/** The nodes that hold the VIPs of an instance, as they report. */
export function holdersIn({ heard }: Scene, instance: string): readonly string[] {
  return heard
    .filter(
      ({ report, isFresh }) =>
        isFresh && report?.roles?.some((one) => one.instance === instance && one.state === "master"),
    )
    .map(({ node }) => node)
}

/** Prints a result as JSON or YAML, or as its text. @returns the exit status. */
export function ended(
  call: Call,
  result: { readonly done: boolean; readonly [field: string]: unknown },
  text: string,
): number {
  call.screen.out(forPrograms(result, call.format) ?? text)
  return result.done ? EXIT.good : EXIT.no
}
