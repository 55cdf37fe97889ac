import { stringify } from "yaml"
import type { LastGoodEntry } from "../../src/core/model/last-good.ts"
import type { ModelSettings } from "../../src/core/model/settings.ts"
import { decodeFile } from "../../src/core/objects/decode.ts"
import { encodeConfigMap, encodeNodes, encodeService } from "../../src/core/objects/encode.ts"
import { createJoin } from "../../src/core/objects/join.ts"
import type { ClusterObject, ConfigMap, Endpoints, EndpointSlice, Node, Service } from "../../src/core/objects/kinds.ts"
import { parseObject } from "../../src/core/objects/parse.ts"
import { createPipeline } from "../../src/core/pipeline.ts"
import { vipConfigMapsOf } from "../../src/core/declare/vip-config-maps.ts"
import { SETTINGS } from "../core/fixture.ts"
import { shippedTemplates } from "../support/golden.ts"
import type { Json, WorldFile } from "./world.ts"

/** How the objects become the text of a file: as sync writes it, or as somebody else may who writes the volume. */
export type Writer = "sync" | "json" | "yaml"

export function textOf(file: WorldFile, writer: Writer): string {
  switch (writer) {
    case "sync":
      return asSyncWrites(file.objects)
    case "json":
      return file.objects.map((object) => `${JSON.stringify(object)}\n`).join("---\n")
    case "yaml":
      return file.objects.map((object) => stringify(object)).join("---\n")
  }
}

/** What cannot be read is not written, as in the mirror of a source that never had a better form of it. */
function asSyncWrites(objects: readonly Json[]): string {
  const parsed = objects.flatMap((object): ClusterObject[] => {
    const one = parseObject(object)
    return one.kind === "object" ? [one.object] : []
  })
  const of = <T extends ClusterObject>(kind: T["kind"]) => parsed.filter((one): one is T => one.kind === kind)
  const configMaps = of<ConfigMap>("ConfigMap")
  if (configMaps[0] !== undefined) return encodeConfigMap(configMaps[0])
  const [service] = of<Service>("Service")
  if (service === undefined) return encodeNodes(of<Node>("Node"))
  const [endpoints = null] = of<Endpoints>("Endpoints")
  return encodeService({ service, slices: of<EndpointSlice>("EndpointSlice"), endpoints })
}

/** What came of the files. */
export interface Walked {
  /** Null where there is nothing that may be applied: what runs goes on. */
  readonly text: string | null
  /** How many problems were said. */
  readonly problems: number
  /** The form of each entry, for the next walk. */
  readonly good: ReadonlyMap<string, LastGoodEntry>
}

export type Walk = (files: readonly (readonly [name: string, text: string])[], own: { readonly node: string }) => Walked

/** The settings of a walk: every block and list of the templates is filled in one of them. */
export const VARIANTS: readonly ModelSettings[] = [
  SETTINGS,
  { ...SETTINGS, useUnicast: true, check: "tcp", persistenceTimeout: 60 },
]

/** The whole way of the sidecar, from the texts of the files to that of keepalived.conf. What it kept from earlier walks plays no part. */
export function createWalk(settings: ModelSettings, lastGood: ReadonlyMap<string, LastGoodEntry>): Walk {
  const pipeline = createPipeline(settings, shippedTemplates())
  return (files, { node }) => {
    const joined = createJoin()(files.map(([file, text]) => decodeFile(file, text)))
    const found = vipConfigMapsOf(joined.value, [])
    const none = { text: null, good: new Map<string, LastGoodEntry>() }
    if (found.value.length === 0) return { ...none, problems: joined.problems.length + found.problems.length }
    const { built, rendered } = pipeline({
      objects: joined.value,
      configMaps: found.value,
      node: { name: node, interface: "eth0", ipvs: true },
      lastGood,
      refused: new Map(),
      draining: new Map(),
      unreachable: new Set(),
    })
    const problems = joined.problems.length + built.problems.length
    if (rendered === null) return { ...none, problems }
    const good = new Map<string, LastGoodEntry>()
    for (const { declaration, text, vip } of built.entries) if (vip !== null) good.set(declaration.id, { text, vip })
    return { text: rendered.text, problems, good }
  }
}
