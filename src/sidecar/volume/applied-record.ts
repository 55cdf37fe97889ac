import * as z from "zod"
import { declarationOf, vipIdOf } from "../../core/declare/declaration.ts"
import type { LastGood } from "../../core/model/last-good.ts"
import { type KeepalivedModel, keepalivedModelSchema, vipModelSchema } from "../../core/model/keepalived-model.ts"
import { readJson } from "../../kit/files/safe-read.ts"

/** What the agent needs to know of an applied configuration after a restart. */
export interface AppliedRecord {
  /** sha256 of the configuration. */
  readonly sha256: string
  readonly model: KeepalivedModel
  readonly lastGood: LastGood
  /** The generation that it was made from; null for none. */
  readonly generation: { readonly sequence: number; readonly name: string } | null
  /** Its model is the one above. */
  readonly past: RecordedPast
}

/** The basis of the guards, also after a restart of the agent. */
export interface RecordedPast {
  /** Null if nothing ever ran. */
  readonly model: KeepalivedModel | null
  /** Number of Node objects. */
  readonly nodeCount: number
  /** VIPs of the model, and earlier VIPs that some Node has listed ever since. */
  readonly announced: ReadonlySet<string>
  /** Node -> its own address. */
  readonly nodes: ReadonlyMap<string, string>
}

const LARGEST = 64 * 1024 * 1024

const schema = z.object({
  schema: z.literal(1),
  sha256: z.string(),
  generation: z.object({ sequence: z.number(), name: z.string() }).nullable(),
  nodeCount: z.number(),
  announced: z.array(z.string()),
  nodes: z.array(z.tuple([z.string(), z.string()])),
  model: keepalivedModelSchema,
  /** `id` is that of the declaration; there may be one for each of its addresses. */
  entries: z.array(z.object({ id: z.string(), text: z.string(), vip: vipModelSchema })),
})

/** A JSON text with one entry a line, so that `diff` of two of them is useful. */
export function encodeAppliedRecord(record: AppliedRecord): string {
  const { sha256, generation, past } = record
  const known = { nodeCount: past.nodeCount, announced: [...past.announced], nodes: [...past.nodes] }
  const entries = [...record.lastGood].map(([key, { text, vip }]) =>
    JSON.stringify({ id: declarationOf(key, vip.address), text, vip }),
  )
  const head = JSON.stringify({ schema: 1, sha256, generation, ...known, model: record.model })
  return `${head.slice(0, -1)},\n"entries":[\n${entries.join(",\n")}\n]}\n`
}

/** @returns null when the file is missing or incomplete; then nothing is known, which is always safe. */
export function readAppliedRecord(path: string): AppliedRecord | null {
  const parsed = schema.safeParse(readJson(path, LARGEST))
  if (!parsed.success) return null
  const { sha256, generation, model, entries, nodeCount, announced, nodes } = parsed.data
  const past = { model, nodeCount, announced: new Set(announced), nodes: new Map(nodes) }
  return {
    sha256,
    generation,
    model,
    lastGood: new Map(entries.map(({ id, ...rest }) => [vipIdOf(id, rest.vip.address), rest])),
    past,
  }
}
