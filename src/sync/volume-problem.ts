import { faultText, machineText, rootFaultCode } from "../kit/fault.ts"
import type { Problem } from "../kit/problem.ts"
import type { VolumeProblemCode } from "./problem-codes.ts"

/** Error codes of the operating system for a full disk or quota. */
const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"])

/** Whether the volume is full, so that removing old generations helps. */
export function isFull(fault: unknown): boolean {
  return FULL.has(rootFaultCode(fault) ?? "")
}

/** The problem of a damaged generation whose content sync no longer has in memory. @param reason Names the file. */
export function damageProblem(reason: string): Problem<VolumeProblemCode> {
  const cure = "sync publishes it again as soon as the input has no problems"
  const message = `Cannot repair the current generation: ${reason}; ${cure}`
  return { code: "GENERATION_DAMAGED", severity: "error", path: [], place: null, message }
}

/** The problem of a volume that sync cannot write. @param volume Its path. */
export function volumeProblem(volume: string, fault: unknown): Problem<VolumeProblemCode> {
  const why = `Cannot write the volume ${JSON.stringify(volume)}: ${machineText(fault) ?? faultText(fault)}`
  const stays = "what was published last stays in effect, and no change arrives"
  const [code, cure] = isFull(fault)
    ? (["VOLUME_FULL", "sync has already removed the older generations; make the volume larger (sizeLimit)"] as const)
    : (["VOLUME_FAULT", "sync tries again; check the volume, its mount and its permissions"] as const)
  return { code, severity: "error", path: [volume], place: null, message: `${why}; ${stays}; ${cure}` }
}
