import type { Signs } from "../../contract/signs.ts"
import type { Status } from "../../contract/status.ts"
import { findingsFor, type Subject } from "../../contract/well.ts"
import type { Problem } from "../../kit/problem.ts"
import { bad, type Consequence, type Finding, good } from "./finding.ts"

/** What the sidecar and sync say of themselves, in groups. */
export function statusChecks(signs: Signs): readonly Finding[] {
  const found = findingsFor("status", signs)
  const groups = GROUPS.flatMap(({ check, subjects, well, ...consequence }) => {
    const texts = found.filter(({ about }) => subjects.includes(about)).map(({ text }) => text)
    return texts.length === 0
      ? [good(check, well)]
      : texts.map((is) => bad(check, check === DRAINED ? "look" : stateOf(is), is, consequence))
  })
  return [...groups, ...signs.status.problems.flatMap(problemFinding)]
}

/** What cannot be told is unknown. */
function stateOf(text: string): "unknown" | "wrong" {
  return /^Cannot tell|unknown|has not been compared/.test(text) ? "unknown" : "wrong"
}

interface Group extends Consequence {
  readonly check: string
  readonly subjects: readonly Subject[]
  /** The sentence for a check without a finding. */
  readonly well: string
}

/** What a user wants is not wrong. */
const DRAINED = "drained"

const GROUPS: readonly Group[] = [
  {
    ...{ check: "agent", subjects: ["agent"], well: "it lives" },
    causes: "no change is applied, and nothing is repaired; keepalived goes on",
    action: "look at the log of the sidecar's container",
  },
  {
    ...{ check: "keepalived", subjects: ["keepalived", "configuration"], well: "it runs with a known configuration" },
    causes: "this node cannot hold VIPs",
    action: "look at the log of the sidecar's container, and at kkv status",
  },
  {
    ...{ check: "VRRP", subjects: ["vrrp", "handover", "init"], well: "the state of each instance is known" },
    causes: "this node does not take part, or it is unknown whether it does",
    action: "docs/troubleshooting.md, FAULT or no master",
  },
  {
    ...{ check: "kernel state", subjects: ["drift", "repaired"], well: "addresses and IPVS are as configured" },
    causes: "another program changes addresses or the IPVS table: VIPs can be without effect until they are repaired",
    action: "find that program: docs/problems.md has DRIFT, KUBE_PROXY_IPVS and FOREIGN_CHANGES",
  },
  {
    ...{
      check: "configuration",
      subjects: ["stranded", "outcome", "entries", "problems", "pinned", "generation"],
      well: "the newest generation is in effect",
    },
    causes: "what was asked for last is not in effect, or only a part of it",
    action: "kkv status names each entry and what to do",
  },
  {
    ...{ check: DRAINED, subjects: ["drained"], well: "this node takes part in the election as usual" },
    causes: "one node less can take over as usual",
    action: "end it when the maintenance is over: kkv resume drain",
  },
  {
    ...{ check: "sync", subjects: ["sync", "source"], well: "it lives, and its knowledge of the cluster is new" },
    causes: "what runs stays, and no change arrives",
    action: "look at the log of the sync container, and at the API server",
  },
]

/** Errors and warnings of the node itself: entries are a matter of kkv status. */
function problemFinding({ code, severity, place, message }: Problem<string>): readonly Finding[] {
  if (place !== null || code === "DRIFT") return []
  const action = `docs/problems.md says more about ${code}`
  return [bad(code, severity === "error" ? "wrong" : "look", message, { causes: CAUSES, action })]
}

const CAUSES = "as the problem says"

/** The interfaces of the VIPs. */
export function interfacesOf({ vrrp }: Pick<Status, "vrrp">): readonly string[] {
  return [...new Set(vrrp.flatMap((one) => one.interface ?? []))]
}
