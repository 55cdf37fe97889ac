import { type Guard, guardChange, type Guarded, guardOfProblems } from "../../core/model/guards.ts"
import type { BuiltModel, ModelInput } from "../../core/model/types.ts"
import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import type { Others } from "../../core/model/addresses/others.ts"
import type { createOwnNodes, OwnNodes, Past } from "../../core/model/addresses/own-nodes.ts"
import type { Refusal } from "../../core/model/refusal.ts"
import type { NodeFacts } from "../../core/model/settings.ts"
import type { Draining } from "../../core/model/vip-model.ts"
import type { createPipeline, PipelineResult } from "../../core/pipeline.ts"
import { vipConfigMapsOf } from "../../core/declare/vip-config-maps.ts"
import type { Problem } from "../../kit/problem.ts"
import { configRelease } from "../targets/keepalived.ts"
import type { Release } from "../apply/release.ts"
import type { AppliedHistory } from "./history.ts"
import type { Generation, Generations } from "../ports.ts"
import type { SidecarCode } from "../problem-codes.ts"

/** Knowledge beside the inputs. */
export interface ObserveContext {
  readonly history: AppliedHistory
  readonly refusals: Refusals | null
  /** Null when no configuration runs or ran last, or a user pinned a generation. */
  readonly guarded: Guarded | null
  /** VIPs that run, or once ran, on this node. */
  readonly announced: ReadonlySet<string>
}

/** The result of an observation of the inputs. Only `candidate` can change what runs. */
export type Observation =
  | {
      readonly kind: "candidate"
      readonly generation: Generation
      readonly built: BuiltModel
      readonly release: Release
      /** True when it removes what lost its endpoints, because the loss has lasted. */
      readonly believesInLostEndpoints: boolean
    }
  /** A complete generation that does not give a configuration: what runs continues. */
  | {
      readonly kind: "no-model"
      readonly generation: Generation
      readonly problems: readonly Problem<SidecarCode>[]
      /** The guard that holds it; null when the cause is not a guard. */
      readonly guard: Guard | null
    }
  /** No generation can be trusted: what runs continues. */
  | {
      readonly kind: "no-generation"
      readonly reason: string
      readonly problems: readonly Problem<SidecarCode>[]
      /** `absent`: none exists yet. `torn`: it disagrees with its checksums. `refused`: not written by sync as the contract says. */
      readonly reading: "absent" | "torn" | "refused"
    }

/** The guard that holds the generation. */
export function guardOf(seen: Observation | null): Guard | null {
  return seen?.kind === "no-model" ? seen.guard : null
}

/** The published files disagree with their checksums: for a moment this is only a race with their writer. */
export function isTorn(seen: Observation): boolean {
  return seen.kind === "no-generation" && seen.reading === "torn"
}

export interface ObservePorts {
  readonly generations: Generations
  readonly pipeline: ReturnType<typeof createPipeline>
  /** Names of the nodes that no longer answer; the same set while nothing changes. */
  readonly unreachable: () => ReadonlySet<string>
  /** @returns the facts, or the problem that prevents a configuration for this node. */
  readonly node: (nodes: OwnNodes["nodes"], past: Past) => Promise<NodeFacts | Problem<SidecarCode>>
  /** Reads the addresses of Nodes. */
  readonly ownNodes: ReturnType<typeof createOwnNodes>
  /** What other programs have and a model asks for; null when that is nothing. */
  readonly others: (model: KeepalivedModel, firstTime: FirstTime | null) => Promise<Others | null>
}

/** Finds the VIPs that are announced for the first time. Null in its place: there are none. */
export interface FirstTime {
  /** VIPs that run, or once ran, on this node. */
  readonly announced: ReadonlySet<string>
  /** Nodes with their own addresses. */
  readonly nodes: OwnNodes["nodes"]
}

/** The entries (by id) of the generation with this manifest that this node cannot accept as written. */
export interface Refusals {
  readonly manifestSha256: string
  readonly entries: ReadonlyMap<string, Refusal>
}

/** Reads the newest generation and makes a text of it, with what is remembered. Changes nothing. */
export async function observe(ports: ObservePorts, known: ObserveContext): Promise<Observation> {
  const reading = await ports.generations.read()
  if (reading.kind === "generation") return candidateFrom(reading.generation, ports, known)
  const reason = reading.kind === "absent" ? "sync has not published a generation yet" : reading.reason
  const problems = reading.kind === "refused" ? reading.problems : []
  return { kind: "no-generation", reason, problems, reading: reading.kind }
}

/** Makes a text of a generation. */
async function candidateFrom(
  generation: Generation,
  ports: ObservePorts,
  { history, refusals, guarded, announced }: ObserveContext,
): Promise<Observation> {
  const { value: configMaps, problems } = vipConfigMapsOf(generation.objects, [...generation.objects.configMaps.keys()])
  if (configMaps.length === 0) return noModel(generation, problems)
  const past = pastOf(history)
  const { nodes } = generation.objects
  const own = ports.ownNodes({ nodes, configMaps, past })
  const node = await ports.node(own.nodes, past)
  if ("code" in node) return noModel(generation, [node])
  const { built, rendered } = await withoutOthers(ports, announced, {
    objects: generation.objects,
    configMaps,
    node,
    lastGood: history.lastGood,
    refused: refusals?.manifestSha256 === generation.manifestSha256 ? refusals.entries : new Map<string, Refusal>(),
    draining: drainingOf(history),
    unreachable: ports.unreachable(),
    past,
  })
  if (rendered === null) return noModel(generation, built.problems)
  const verdict = guardChange(guarded, { configMaps, nodes: nodes.length, built })
  if (verdict.kind === "hold")
    return { ...noModel(generation, [verdict.problem, ...built.problems]), guard: verdict.guard }
  const { believesInLostEndpoints } = verdict
  return { kind: "candidate", generation, built, release: configRelease(rendered), believesInLostEndpoints }
}

/** Repeats the walk without what other programs have, if the first walk asks for any of it. */
async function withoutOthers(
  { pipeline, others }: Pick<ObservePorts, "pipeline" | "others">,
  announced: ReadonlySet<string>,
  input: ModelInput,
): Promise<PipelineResult> {
  const first = pipeline(input)
  const { model } = first.built
  if (model === null) return first
  const found = await others(model, { announced, nodes: first.built.own.nodes })
  return found === null ? first : pipeline({ ...input, others: found })
}

function noModel(
  generation: Generation,
  problems: readonly Problem<SidecarCode>[],
): Extract<Observation, { readonly kind: "no-model" }> {
  return { kind: "no-model", generation, problems, guard: guardOfProblems(problems) }
}

/** What earlier configurations show about addresses. */
export function pastOf({ past }: AppliedHistory): Past {
  return { announced: past.announced, nodes: past.nodes, instances: past.model?.instances ?? [] }
}

function drainingOf(history: AppliedHistory): Draining {
  return new Map([...history.recent].map(([address, recent]) => [address, recent.draining]))
}
