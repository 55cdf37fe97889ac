import type { Place } from "../../../kit/problem.ts"
import { below, isPlainMap, listBelow, mapBelow, type PlainDocument, type PlainMap } from "../documents.ts"
import type { Placement } from "../target.ts"

/** An installation of release 0.35: a workload with its program, or values of its Helm chart. */
export interface Installation {
  /** `DaemonSet default/kube-keepalived-vip`, for people. */
  readonly title: string
  /** Null if the input does not have the installation. */
  readonly place: Place | null
  /** Whether its pods are those of a DaemonSet. */
  readonly isDaemonSet: boolean
  /** Without dashes; a switch without a value is `true`. */
  readonly flags: ReadonlyMap<string, string>
  /** Environment variables; those of another source than a value are empty. */
  readonly env: ReadonlyMap<string, string>
  readonly placement: Placement
  /** Fields that are set and not carried over, such as `priorityClassName`. */
  readonly others: readonly string[]
  /** Entries in the installation itself, as values of Helm have them; null if they are in a ConfigMap. */
  readonly entries: Readonly<Record<string, unknown>> | null
}

/** Fields of a pod that decide which nodes run it. */
export function placementIn(pod: PlainMap): Placement {
  const labels = Object.entries(mapBelow(pod, "nodeSelector"))
  const nodeSelector: Record<string, string> = Object.fromEntries(
    labels.map(([label, value]) => [label, scalarText(value)]),
  )
  const affinity = mapBelow(pod, "affinity")
  return {
    nodeSelector,
    tolerations: listBelow(pod, "tolerations"),
    affinity: Object.keys(affinity).length === 0 ? null : affinity,
  }
}

/** The workload in a document; null if it does not run release 0.35. */
export function workloadIn({ value, place }: PlainDocument): Installation | null {
  const kind = below(value, "kind")
  if (typeof kind !== "string" || !WORKLOADS.has(kind)) return null
  const pod = kind === "Pod" ? mapBelow(value, "spec") : mapBelow(value, "spec", "template", "spec")
  const container = listBelow(pod, "containers").filter(isPlainMap).find(isOld)
  if (container === undefined) return null
  const namespace = scalarText(below(value, "metadata", "namespace") ?? "default")
  const env = new Map([...envOf(container), ["POD_NAMESPACE", namespace]])
  return {
    title: `${kind} ${namespace}/${scalarText(below(value, "metadata", "name"))}`,
    ...{ place, isDaemonSet: kind === "DaemonSet", env, entries: null },
    flags: flagsOf([...wordsOf(container, "command"), ...wordsOf(container, "args")], env),
    placement: placementIn(pod),
    others: OTHERS.filter((field) => below(pod, field) !== undefined),
  }
}

const WORKLOADS = new Set(["DaemonSet", "Deployment", "ReplicationController", "ReplicaSet", "Pod"])
const OTHERS = ["priorityClassName", "initContainers"]

/** 0.35 does not start without --services-configmap; this product's sync is another program. */
function isOld(container: PlainMap): boolean {
  const words = [...wordsOf(container, "command"), ...wordsOf(container, "args")]
  const isOurs = /(?:^|\/)kkv-/.test(scalarText(below(container, "image"))) || words.includes("sync")
  return !isOurs && words.some((word) => word.startsWith("--services-configmap") || word === "-services-configmap")
}

function wordsOf(container: PlainMap, field: string): readonly string[] {
  const words = listBelow(container, field).map(scalarText)
  // A shell's one long word.
  return words.flatMap((word) => (/\s-/.test(word) ? word.split(/\s+/) : [word]))
}

function envOf(container: PlainMap): readonly (readonly [string, string])[] {
  return listBelow(container, "env")
    .filter(isPlainMap)
    .map((one) => [scalarText(below(one, "name")), scalarText(below(one, "value"))])
}

/** The flags as pflag reads them: `--vrid=51`, `--vrid 51`, `--logtostderr`, `--v=2`. Replaces `$(NAME)` of the environment. */
function flagsOf(words: readonly string[], env: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const flags = new Map<string, string>()
  for (const [at, word] of words.entries()) {
    const [, name, value] = /^--?([A-Za-z][\w-]*)(?:=([^]*))?$/.exec(word) ?? []
    // `-c` is a flag of a shell.
    if (name === undefined || (name.length === 1 && name !== "v")) continue
    const next = words[at + 1]
    const isSwitch = value !== undefined || SWITCHES.has(name) || next === undefined || next.startsWith("-")
    const text = value ?? (isSwitch ? "true" : next)
    flags.set(
      name,
      text.replaceAll(/\$\((\w+)\)/g, (unknown, variable: string) => env.get(variable) ?? unknown),
    )
  }
  return flags
}

/** Flags of 0.35 that take a value only after `=`. */
const SWITCHES = new Set(["use-unicast", "proxy-protocol-mode", "logtostderr", "alsologtostderr", "release-vips"])

/** A scalar as text; empty for everything else. */
export function scalarText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : ""
}
