import type { Drained } from "../../../src/contract/node/drain.ts"
import { ableNodes } from "../../../src/contract/report/takeover.ts"
import { ApiFault } from "../../../src/kubernetes/api-fault.ts"
import type { Kubectl } from "../../../src/plugin/ports.ts"
import { type FakeCluster, inCluster, lease, LEASES, NAMESPACE, nodeReport, SERVED } from "./fake-cluster.ts"

/** A FAKE node, and what its sidecar makes of a command. */
interface FakeNode {
  readonly state: "master" | "backup" | "fault"
  readonly priority: number | null
  readonly drained: Drained | null
  /** What it says in place of doing it, with status 1; a number: what the API server answers to the exec. */
  readonly refuses?: string | number | undefined
  /** It takes the command, and its report does not change. */
  readonly ignores?: boolean
  /** What its doctor prints. */
  readonly says?: { readonly status: number; readonly out: string }
  readonly ageMs: number
}

export type Nodes = Record<string, FakeNode>

/** Three nodes, of which n1 is master. @param ages Ages of the reports, in ms. */
export function three(
  change: Readonly<Record<string, Partial<FakeNode>>> = {},
  ages: Readonly<Record<string, number>> = {},
): Nodes {
  const names = ["n1", "n2", "n3"]
  const node = (name: string, at: number): FakeNode => ({
    ...{ state: at === 0 ? "master" : "backup", priority: 254 - 8 * at, drained: null, ageMs: ages[name] ?? 12_000 },
    ...change[name],
  })
  return Object.fromEntries(names.map((name, at) => [name, node(name, at)]))
}

interface Scene extends FakeCluster {
  /** As they are now; a test may change them. */
  readonly nodes: Nodes
  /** What was done on which pod, in order. */
  readonly done: string[]
  /** What the user answers on the terminal; null: there is none. */
  /** What kubectl is told to offer, for the words after `kubectl kkv`. */
  readonly complete: (...words: readonly string[]) => Promise<string>
  readonly terminal: { answer: boolean | null; question: string | null }
}

/** Nodes that hand their VIPs over as the real ones do: the able node with the highest priority takes them. */
export function inNodes(from: Nodes, check: (scene: Scene) => Promise<void>): () => Promise<void> {
  const done: string[] = []
  const terminal: Scene["terminal"] = { answer: null, question: null }
  const nodes: Nodes = { ...from }
  let answers: FakeCluster["answers"] | null = null
  const show = () => {
    answers?.set(
      LEASES,
      Object.entries(nodes).map(([name, node]) => leaseOf(name, node)),
    )
  }
  const kubectl: Kubectl = {
    forward: ({ name }, { local, remote }, { ready }) => {
      done.push(`${name}: forward ${local}:${remote}`)
      ready(41_234)
      return Promise.resolve()
    },
    kkv: (pod, words) => {
      const name = pod.name.replace("vip-", "")
      const node = nodes[name]
      if (node === undefined) throw new Error(`there is no node ${name}`)
      if (typeof node.refuses === "number")
        throw new ApiFault(`Cannot run it: it takes the right "create" on "pods/exec"`, { status: node.refuses })
      if (node.refuses !== undefined) return Promise.resolve({ status: 1, out: "", err: node.refuses })
      done.push(`${pod.namespace}/${pod.name}: ${words.join(" ")}`)
      if (node.says !== undefined && words[0] === "doctor") return Promise.resolve({ ...node.says, err: "" })
      if (node.ignores !== true) act(nodes, name, words[0] === "drain")
      show()
      return Promise.resolve({ status: 0, out: "", err: "" })
    },
  }
  const ask = (question: string) => {
    terminal.question = question
    return Promise.resolve(terminal.answer === true)
  }
  return inCluster(
    async (cluster) => {
      answers = cluster.answers
      show()
      cluster.answers.set(`/api/v1/namespaces/${NAMESPACE}/pods`, Object.keys(nodes).map(podOf))
      const run: FakeCluster["run"] = (...words) => {
        show()
        return cluster.run(...words)
      }
      // `run` puts the kubeconfig last; here the last word is the incomplete one.
      const complete = async (...words: readonly string[]) => {
        const [first, ...rest] = words
        const named = rest.length === 0 ? [] : [`--kubeconfig=${cluster.kubeconfig}`]
        return (await cluster.plain("__complete", ...(first === undefined ? [] : [first]), ...named, ...rest)).out
      }
      await check({ ...cluster, run, nodes, done, terminal, complete })
    },
    { kubectl, ask: () => (terminal.answer === null ? null : ask) },
  )
}

function act(nodes: Nodes, name: string, isDrain: boolean): void {
  const before = nodes[name]
  if (before === undefined) return
  if (!isDrain) {
    nodes[name] = { ...before, drained: null }
    return
  }
  nodes[name] = { ...before, drained: { since: "2026-11-30T12:00:00.000Z", reason: "r" }, state: "backup" }
  if (before.state !== "master") return
  const known = Object.entries(nodes).map(([node, { ageMs, drained, state, priority }]) => {
    const role = { instance: "vips", state, since: null, reason: null, advertInterval: 1, priority }
    return { node, ready: null, answers: null, report: { ageMs, drained, generation: "a", roles: [role] } }
  })
  const taker = ableNodes(known, "vips")[0]?.node ?? name
  const next = nodes[taker]
  if (next !== undefined) nodes[taker] = { ...next, state: "master" }
}

function leaseOf(name: string, { state, priority, drained, ageMs }: FakeNode): object {
  const role = { instance: "vips", state, since: "2026-11-27T08:00:00.000Z", reason: null, advertInterval: 1, priority }
  const serves = state === "master" ? [SERVED] : null
  return lease(name, nodeReport("backup", { roles: [role], serves, drained }), ageMs)
}

/** The API server knows selectors; this one does not, so the plugin must look at the node itself, too. */
function podOf(node: string): object {
  const containers = [{ name: "sync" }, { name: "sidecar" }]
  return { metadata: { name: `vip-${node}` }, spec: { nodeName: node, containers }, status: { phase: "Running" } }
}
