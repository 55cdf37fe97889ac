import { join } from "node:path"
import type { Status } from "../../contract/status.ts"
import { CONTENT_FILE, MAXIMUM_FILE_BYTES } from "../../contract/layout.ts"
import { vipIdOf } from "../../core/declare/declaration.ts"
import { type ExplainedService, explainService } from "../../core/explain/service.ts"
import type { EntryOutcome } from "../../core/model/types.ts"
import type { VipModel } from "../../core/model/keepalived-model.ts"
import { vipsOf } from "../../core/model/keepalived-model.ts"
import { createRenderer } from "../../core/render/render.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
import { placeText, type Problem } from "../../kit/problem.ts"
import { readTemplates } from "../../templates.ts"
import type { Candidate, Snapshot } from "../agent/state.ts"
import type { AskedVip, ExplainedProblem, VipExplanation } from "../page/explanation.ts"
import { podsOf } from "./page.ts"

/**
 * @param asked `vip` is one of the addresses of the entry; null for the first.
 * @returns null if no VIP has this object, this entry and this address.
 */
export function explainVip(
  { object, entry, vip: address }: AskedVip,
  { status, snapshot }: { readonly status: Omit<Status, "time">; readonly snapshot: Snapshot },
): VipExplanation | null {
  const found = status.vips.find(
    (one) => one.object === object && one.entry === entry && (address === null || one.vip === address),
  )
  if (found === undefined) return null
  const id = vipIdOf(`${object} ${entry}`, found.vip)
  const { observation, inEffect } = snapshot
  const seen = observation?.kind === "candidate" ? observation : null
  const outcome =
    seen?.built.entries.find((one) => vipIdOf(one.declaration.id, one.address ?? found.vip) === id) ?? null
  const vip = inEffect === null ? undefined : vipsOf(inEffect.model).find((one) => vipIdOf(one.id, one.address) === id)
  const folder = seen?.generation.path ?? null
  return {
    ...{ node: status.node, object, entry, vip: found.vip, state: found.state },
    text: outcome?.text ?? null,
    problems: (outcome?.problems ?? []).map((problem) => explained(problem, folder)),
    services: seen === null || outcome === null ? [] : servicesOf(outcome, seen),
    pods: vip === undefined ? { ready: [], draining: [], unreachable: [] } : podsOf(vip),
    config: vip === undefined ? "" : configOf(snapshot, vip),
  }
}

/** Its Services, as the newest generation has them. */
function servicesOf(outcome: EntryOutcome, { generation, built }: Candidate): readonly ExplainedService[] {
  const objects = { ...generation.objects, nodes: built.own.nodes }
  return outcome.declaration.services.map((target) => explainService(target, outcome, objects))
}

function explained({ severity, code, message, place }: Problem<string>, folder: string | null): ExplainedProblem {
  const line = place === null || place.line === null || folder === null ? null : lineIn(folder, place.file, place.line)
  return {
    severity,
    code,
    message,
    place: place === null ? null : placeText(place),
    line,
    column: place?.column ?? null,
  }
}

/** A line of a file of a generation; null if it is gone: retention removes old generations. */
function lineIn(folder: string, file: string, line: number): string | null {
  if (!CONTENT_FILE.test(file)) return null
  try {
    const read = readRegularFile(join(folder, file), MAXIMUM_FILE_BYTES)
    return read.kind === "file" ? (read.bytes.toString("utf8").split("\n")[line - 1] ?? null) : null
  } catch {
    return null
  }
}

/** The blocks of its virtual servers, rendered alone: equal models give equal bytes. */
function configOf({ inEffect }: Snapshot, vip: VipModel): string {
  const [first] = inEffect?.model.instances ?? []
  if (inEffect === null || first === undefined) return ""
  const model = { ...inEffect.model, instances: [{ ...first, vips: [vip] }] }
  const { pieces } = createRenderer(readTemplates())(model)
  return pieces.flatMap(({ origin, text }) => (origin.kind === "virtual-server" ? text : [])).join("")
}
