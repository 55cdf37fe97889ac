import { type BlastGuard, heldBack } from "../core/model/blast-radius.ts"
import type { BuiltModel, ModelInput } from "../core/model/types.ts"
import type { KeepalivedModel } from "../core/model/keepalived-model.ts"
import type { Others } from "../core/model/others.ts"
import type { createOwnNodes, OwnNodes, Past } from "../core/model/own-nodes.ts"
import type { Refusal } from "../core/model/refusal.ts"
import type { NodeFacts } from "../core/model/settings.ts"
import type { Draining } from "../core/model/vip-model.ts"
import type { createPipeline, Walk } from "../core/pipeline.ts"
import { vipConfigMapOf } from "../core/vip-config-map.ts"
import type { RenderedConfig } from "../core/render/render.ts"
import type { Problem } from "../kit/problem.ts"
import type { Memory } from "./memory.ts"
import type { Generation, Generations } from "./ports.ts"

/** A guard against the loss of what works. `own-node`: this node is not among the Nodes. */
export type Guard = BlastGuard | "own-node"

/** What a step must not take away at once. */
export interface Guarding {
  /** What runs, or last ran. */
  readonly before: Pick<KeepalivedModel, "vips">
  readonly nodesBefore: number
  readonly percent: number
  /** Whether it has been long enough so that endpoints are gone. */
  readonly believesInLostEndpoints: boolean
}

/** What is known beside the inputs. */
export interface Known {
  readonly memory: Memory
  readonly refusals: Refusals | null
  /** Null where nothing runs or last ran, or a person chose what shall. */
  readonly guarding: Guarding | null
  /** VIPs that run, or once ran, on this node. */
  readonly announced: ReadonlySet<string>
}

/** What a look at the inputs led to. Only `candidate` can change what runs. */
export type Seen =
  | {
      readonly kind: "candidate"
      readonly generation: Generation
      readonly built: BuiltModel
      readonly rendered: RenderedConfig
      /** True where it takes away what has lost its endpoints, since that has lasted. */
      readonly believesInLostEndpoints: boolean
    }
  /** A whole generation from which nothing can be made: what runs goes on. */
  | {
      readonly kind: "no-model"
      readonly generation: Generation
      readonly problems: readonly Problem[]
      /** Which guard holds it; null where it is no guard that does. */
      readonly guard: Guard | null
    }
  /** No generation to be believed: what runs goes on. */
  | {
      readonly kind: "no-generation"
      readonly reason: string
      readonly problems: readonly Problem[]
      /** `absent`: there is none yet. `torn`: it disagrees with its checksums. `refused`: no writer of ours can have made it. */
      readonly reading: "absent" | "torn" | "refused"
    }

/** Which guard holds what was seen. */
export function guardOf(seen: Seen | null): Guard | null {
  return seen?.kind === "no-model" ? seen.guard : null
}

/** What is published disagrees with its checksums: for a moment that is no more than a race with its writer. */
export function isTorn(seen: Seen): boolean {
  return seen.kind === "no-generation" && seen.reading === "torn"
}

export interface LookPorts {
  readonly generations: Generations
  readonly pipeline: ReturnType<typeof createPipeline>
  /** Names of the nodes that answer no more; the same set while nothing changes. */
  readonly unreachable: () => ReadonlySet<string>
  /** @returns the facts, or what keeps this node from having a configuration. */
  readonly node: (nodes: OwnNodes["nodes"], past: Past) => Promise<NodeFacts | Problem>
  /** Reads the addresses of Nodes. */
  readonly ownNodes: ReturnType<typeof createOwnNodes>
  /** What others have and a model asks for; null where that is nothing. Absent: nobody looks. */
  readonly others?: (model: KeepalivedModel, firstTime: FirstTime | null) => Promise<Others | null>
}

/** What tells which VIPs are announced for the first time. Null in its place: none is. */
export interface FirstTime {
  /** VIPs that run, or once ran, on this node. */
  readonly announced: ReadonlySet<string>
  /** With the addresses that are their own. */
  readonly nodes: OwnNodes["nodes"]
}

/** The entries of the generation with this manifest that this node cannot take as they are written, by their keys. */
export interface Refusals {
  readonly manifestSha256: string
  readonly entries: ReadonlyMap<string, Refusal>
}

/** Reads the newest generation and walks it to a text, with what is remembered. Changes nothing. */
export async function look(ports: LookPorts, known: Known): Promise<Seen> {
  const reading = await ports.generations.read()
  switch (reading.kind) {
    case "absent":
      return {
        kind: "no-generation",
        reason: "sync has not published a generation yet",
        problems: [],
        reading: "absent",
      }
    case "torn":
      return { kind: "no-generation", reason: reading.reason, problems: [], reading: "torn" }
    case "refused":
      return { kind: "no-generation", reason: reading.reason, problems: reading.problems, reading: "refused" }
    case "generation":
      return walk(reading.generation, ports, known)
  }
}

/** Walks a generation to a text. */
export async function walk(
  generation: Generation,
  ports: Pick<LookPorts, "node" | "ownNodes" | "pipeline" | "unreachable" | "others">,
  { memory, refusals, guarding, announced }: Known,
): Promise<Seen> {
  const configMap = vipConfigMapOf(generation.objects, null)
  if (configMap.value === null) return noModel(generation, configMap.problems)
  const past = pastOf(memory)
  const { nodes } = generation.objects
  const own = ports.ownNodes({ nodes, configMap: configMap.value, past })
  const node = await ports.node(own.nodes, past)
  if ("code" in node) return noModel(generation, [node])
  const { built, rendered } = await withoutOthers(ports, announced, {
    objects: generation.objects,
    configMap: configMap.value,
    node,
    lastGood: memory.lastGood,
    refused: refusals?.manifestSha256 === generation.manifestSha256 ? refusals.entries : new Map<string, Refusal>(),
    draining: drainingOf(memory),
    unreachable: ports.unreachable(),
    past,
  })
  if (rendered === null) return noModel(generation, built.problems)
  const held =
    guarding === null ? null : heldBack({ ...guarding, configMap: configMap.value, nodes: nodes.length, built })
  const believes = held?.guard === "endpoints-lost" && guarding?.believesInLostEndpoints === true
  if (held === null || believes)
    return { kind: "candidate", generation, built, rendered, believesInLostEndpoints: believes }
  return { ...noModel(generation, [held.problem, ...built.problems]), guard: held.guard }
}

/** Walks once more, without what others have, where the first walk asks for any of that. */
async function withoutOthers(
  { pipeline, others }: Pick<LookPorts, "pipeline" | "others">,
  announced: ReadonlySet<string>,
  input: ModelInput,
): Promise<Walk> {
  const first = pipeline(input)
  const { model } = first.built
  if (model === null || others === undefined) return first
  const found = await others(model, { announced, nodes: first.built.own.nodes })
  return found === null ? first : pipeline({ ...input, others: found })
}

function noModel(generation: Generation, problems: readonly Problem[]): Extract<Seen, { readonly kind: "no-model" }> {
  const isOwnNode = problems.some(({ code }) => code === "NODE_UNKNOWN" || code === "NODE_WITHOUT_ADDRESS")
  return { kind: "no-model", generation, problems, guard: isOwnNode ? "own-node" : null }
}

/** What earlier configurations tell of addresses. */
export function pastOf({ past }: Memory): Past {
  return { announced: past.announced, nodes: past.nodes, vrrp: past.model?.vrrp ?? null }
}

function drainingOf(memory: Memory): Draining {
  return new Map([...memory.recent].map(([address, recent]) => [address, recent.draining]))
}
