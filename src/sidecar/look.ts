import type { BuiltModel } from "../core/model/build-model.ts"
import type { NodeFacts } from "../core/model/settings.ts"
import type { Draining } from "../core/model/vip-model.ts"
import { type createPipeline, vipConfigMapOf } from "../core/pipeline.ts"
import type { RenderedConfig } from "../core/render/render.ts"
import type { Problem } from "../kit/problem.ts"
import type { Memory } from "./memory.ts"
import type { Generation, Generations } from "./ports.ts"

/** What a look at the inputs led to. Only `candidate` can change what runs. */
export type Seen =
  | {
      readonly kind: "candidate"
      readonly generation: Generation
      readonly built: BuiltModel
      readonly rendered: RenderedConfig
    }
  /** A whole generation from which nothing can be made: what runs goes on. */
  | { readonly kind: "no-model"; readonly generation: Generation; readonly problems: readonly Problem[] }
  /** No generation to be believed: what runs goes on. */
  | {
      readonly kind: "no-generation"
      readonly reason: string
      readonly problems: readonly Problem[]
      readonly transient: boolean
    }

export interface LookPorts {
  readonly generations: Generations
  readonly pipeline: ReturnType<typeof createPipeline>
  /** Names of the nodes that answer no more; the same set while nothing changes. */
  readonly unreachable: () => ReadonlySet<string>
  /** @returns the facts, or what keeps this node from having a configuration. */
  readonly node: (generation: Generation) => Promise<NodeFacts | Problem>
}

/** What keepalived refused in the generation with this manifest. */
export interface Refusals {
  readonly manifestSha256: string
  /** Entry key -> keepalived's words. */
  readonly entries: ReadonlyMap<string, string>
}

/** Reads the newest generation and walks it to a text, with what is remembered. Changes nothing. */
export async function look(ports: LookPorts, memory: Memory, refusals: Refusals | null): Promise<Seen> {
  const reading = await ports.generations.read()
  switch (reading.kind) {
    case "absent":
      return {
        kind: "no-generation",
        reason: "sync has not published a generation yet",
        problems: [],
        transient: false,
      }
    case "torn":
      return { kind: "no-generation", reason: reading.reason, problems: [], transient: true }
    case "refused":
      return { kind: "no-generation", reason: reading.reason, problems: reading.problems, transient: false }
    case "generation":
      return walk(reading.generation, ports, { memory, refusals })
  }
}

/** Walks a generation to a text. */
export async function walk(
  generation: Generation,
  ports: Pick<LookPorts, "node" | "pipeline" | "unreachable">,
  context: { readonly memory: Memory; readonly refusals: Refusals | null },
): Promise<Seen> {
  const configMap = vipConfigMapOf(generation.objects, null)
  if (configMap.value === null) return { kind: "no-model", generation, problems: configMap.problems }
  const node = await ports.node(generation)
  if ("code" in node) return { kind: "no-model", generation, problems: [node] }
  const { refusals, memory } = context
  const { built, rendered } = ports.pipeline({
    objects: generation.objects,
    configMap: configMap.value,
    node,
    lastGood: memory.lastGood,
    refused: refusals?.manifestSha256 === generation.manifestSha256 ? refusals.entries : new Map<string, string>(),
    draining: drainingOf(memory),
    unreachable: ports.unreachable(),
  })
  if (rendered === null) return { kind: "no-model", generation, problems: built.problems }
  return { kind: "candidate", generation, built, rendered }
}

function drainingOf(memory: Memory): Draining {
  return new Map([...memory.recent].map(([address, recent]) => [address, recent.draining]))
}
