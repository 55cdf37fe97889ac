import { faultText, machineText, rootFaultCode } from "../kit/fault.ts"
import type { Problem } from "../kit/problem.ts"
import type { VolumeProblemCode } from "./problem-codes.ts"

/** Codes of the operating system for a disk, or a share of it, that has no room left. */
const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"])

/** Whether there is no room, which old generations can make. */
export function isFull(fault: unknown): boolean {
  return FULL.has(rootFaultCode(fault) ?? "")
}

/** What is wrong with the current generation, where what was published is known no more. @param reason Names the file. */
export function damageProblem(reason: string): Problem<VolumeProblemCode> {
  const cure = "it is published again as soon as the input has no problems"
  const message = `Cannot mend the current generation: ${reason}; ${cure}`
  return { code: "GENERATION_DAMAGED", severity: "error", path: [], place: null, message }
}

/** What a person should know of a volume that cannot take what is to be written. @param volume Its path. */
export function volumeProblem(volume: string, fault: unknown): Problem<VolumeProblemCode> {
  const why = `Cannot write the volume ${JSON.stringify(volume)}: ${machineText(fault) ?? faultText(fault)}`
  const stays = "what was published last stays in effect, and no change arrives"
  const [code, cure] = isFull(fault)
    ? (["VOLUME_FULL", "the older generations were given up already; make the volume larger (sizeLimit)"] as const)
    : (["VOLUME_FAULT", "it is tried again; look at the volume, its mount and its permissions"] as const)
  return { code, severity: "error", path: [volume], place: null, message: `${why}; ${stays}; ${cure}` }
}
