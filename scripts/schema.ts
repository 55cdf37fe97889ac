import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import * as z from "zod"

import { archiveOutcomeSchema } from "../src/contract/archive.ts"
import { clusterSchema } from "../src/contract/report/cluster.ts"
import { heartbeatSchema } from "../src/contract/heartbeat.ts"
import { manifestSchema } from "../src/contract/manifest.ts"
import { drainSchema } from "../src/contract/node/drain.ts"
import { pinSchema } from "../src/contract/node/pin.ts"
import { pointerSchema } from "../src/contract/pointer.ts"
import { statusSchema } from "../src/contract/status.ts"
import { syncStatusSchema } from "../src/contract/sync-status.ts"
import { longFormSchema } from "../src/core/declare/long-form/schema.ts"
import { OBJECT_SCHEMAS } from "../src/core/objects/schema.ts"

/*
 * Writes the JSON Schemas of the contract to schema/. With --check it writes nothing, says which files are not what the
 * code makes, and ends with 1 if there are any.
 */

const directory = join(import.meta.dirname, "..", "schema")

const sources: Readonly<Record<string, { readonly title: string; readonly schema: z.ZodType }>> = {
  "entry.json": { title: "The long form of an entry of the VIP ConfigMap", schema: longFormSchema },
  "pointer.json": { title: "desired/current.json", schema: pointerSchema },
  "manifest.json": { title: "desired/generations/*/manifest.json", schema: manifestSchema },
  "heartbeat.json": { title: "desired/beat/heartbeat, the JSON before the padding", schema: heartbeatSchema },
  "cluster.json": { title: "desired/beat/cluster.json", schema: clusterSchema },
  "sync-status.json": { title: "desired/status.yaml", schema: syncStatusSchema },
  "status.json": { title: "applied/status.yaml", schema: statusSchema },
  "archive-outcome.json": { title: "archive/*.tar.gz: outcome.json", schema: archiveOutcomeSchema },
  "drain.json": { title: "drain.json of the node", schema: drainSchema },
  "pin.json": { title: "pin.json of the node", schema: pinSchema },
  "configmap.json": { title: "ConfigMap, as far as it is read", schema: OBJECT_SCHEMAS.ConfigMap },
  "service.json": { title: "Service, as far as it is read", schema: OBJECT_SCHEMAS.Service },
  "endpointslice.json": { title: "EndpointSlice, as far as it is read", schema: OBJECT_SCHEMAS.EndpointSlice },
  "endpoints.json": { title: "Endpoints, as far as it is read", schema: OBJECT_SCHEMAS.Endpoints },
  "node.json": { title: "Node, as far as it is read", schema: OBJECT_SCHEMAS.Node },
}

const made = new Map(Object.entries(sources).map(([file, source]) => [file, schemaText(source)]))
if (process.argv.includes("--check")) {
  const differing = differences(made)
  for (const line of differing) process.stderr.write(`${line}\n`)
  if (differing.length > 0) process.stderr.write("Run `npm run schema` and commit what changed\n")
  process.exitCode = differing.length === 0 ? 0 : 1
} else {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  for (const [file, text] of made) writeFileSync(join(directory, file), text)
}

function schemaText({ title, schema }: { readonly title: string; readonly schema: z.ZodType }): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: "draft-07", io: "input" })
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`
}

function differences(wanted: ReadonlyMap<string, string>): readonly string[] {
  const present = new Set(readdirSync(directory))
  const lines = [...present].filter((file) => !wanted.has(file)).map((file) => `schema/${file}: no code makes it`)
  for (const [file, text] of wanted) {
    if (!present.has(file)) lines.push(`schema/${file}: it is missing`)
    else if (readFileSync(join(directory, file), "utf8") !== text)
      lines.push(`schema/${file}: the code makes another text`)
  }
  return lines
}
