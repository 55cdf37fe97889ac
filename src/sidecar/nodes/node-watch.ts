import type { ClusterObjects } from "../../core/objects/kinds.ts"
import type { Clock } from "../../kit/time/clock.ts"
import type { Log } from "../../kit/process/log.ts"
import { isSameSet } from "../../kit/same-set.ts"
import {
  afterCutOff,
  type Answer,
  type Answers,
  observeAnswer,
  type Judgement,
  classify,
  type NodeHealth,
  UNHEARD,
} from "./reachability.ts"
import { type Target, type WatchedNode, watchedNodes } from "./watched.ts"

/** What one agent knows of the nodes, for the next agent. */
export interface NodeRecord {
  /** Nodes that have answered; `accepts` as in `Standing`. */
  readonly answered: readonly { readonly node: string; readonly address: string; readonly accepts: boolean }[]
  readonly unreachable: readonly string[]
}

/** The state of the other nodes, for users. */
export interface NodeWatchState {
  readonly watched: number
  /** Sorted names of the nodes that get no packets while other nodes can take them. */
  readonly unreachable: readonly string[]
  /** Sorted names of the nodes that have never answered: they are not judged. */
  readonly unheard: readonly string[]
  /** Half of the nodes or more are silent: no node is judged. */
  readonly isCutOff: boolean
}

/** Probes every second whether the nodes that host real servers live. */
export interface NodeWatch {
  /** Sets the nodes to probe: those of these objects, at their own addresses. */
  follow(objects: Pick<ClusterObjects, "services" | "nodes">): void
  /** Names; the same set while nothing changes. */
  unreachable(): ReadonlySet<string>
  state(): NodeWatchState
  stop(): Promise<void>
}

export interface NodeWatchOptions {
  /** This node's name. */
  readonly self: string
  /** The port to probe. */
  readonly port: number
  readonly ask: (target: Target) => Promise<Answer>
  readonly record: NodeRecord
  /** Called when the next agent should learn something new. */
  readonly writeRecord: (nodes: NodeRecord) => void
  /** Called when a node becomes unreachable, or is back. */
  readonly onChange: () => void
  /** Called when `state` changes. */
  readonly onRecord: () => void
  readonly clock: Clock
  readonly log: Log
}

/** Interval between two probes of a node, in ms. */
export const ROUND_MS = 1_000
/** Number of moments over which the probes of a second are spread. */
const MOMENTS = 20

export function createNodeWatch(options: NodeWatchOptions): NodeWatch {
  const { clock, log } = options
  const stopping = new AbortController()
  let watched: readonly WatchedNode[] = []
  let standings = standingsOf(options.record)
  let judgement: Judgement = { unreachable: new Set(options.record.unreachable), isCutOff: false }
  let followed: Pick<ClusterObjects, "services" | "nodes"> | null = null
  let rounds: Promise<void> = Promise.resolve()
  let isAsking = false
  const asking = new Set<string>()

  function follow(objects: Pick<ClusterObjects, "services" | "nodes">): void {
    const isSame = followed?.services === objects.services && followed.nodes === objects.nodes
    if (isSame || stopping.signal.aborted) return
    followed = objects
    watched = watchedNodes(objects, options.self)
    standings = new Map(watched.map((node) => [keyOf(node), standings.get(keyOf(node)) ?? UNHEARD]))
    decide()
    if (!isAsking) rounds = askRounds()
  }

  async function askRounds(): Promise<void> {
    isAsking = true
    let next = clock.now()
    while (watched.length > 0 && !stopping.signal.aborted) {
      const nodes = watched
      const moments = Math.min(MOMENTS, nodes.length)
      for (let moment = 0; moment < moments && !stopping.signal.aborted; moment++) {
        for (const node of nodes.filter((_, at) => at % moments === moment)) void askOne(node)
        // After a pause of the process it continues from now: missed probes are not sent all at once.
        next = Math.max(next + ROUND_MS / moments, clock.now())
        await clock.delay(next - clock.now(), stopping.signal)
      }
    }
    isAsking = false
  }

  async function askOne(node: WatchedNode): Promise<void> {
    const key = keyOf(node)
    if (asking.has(key)) return
    asking.add(key)
    const answers = await answersOf(node, standings.get(key) ?? UNHEARD)
    asking.delete(key)
    const before = standings.get(key)
    // The node may have disappeared from the objects meanwhile.
    if (before === undefined || stopping.signal.aborted) return
    const after = observeAnswer(before, answers, judgement.unreachable.has(node.name))
    if (after === before) return
    standings.set(key, after)
    if (after.hasAnswered !== before.hasAnswered || after.accepts !== before.accepts) writeRecord()
    decide()
    if (after.hasAnswered !== before.hasAnswered) options.onRecord()
  }

  /** A pod of a silent node is probed too: a new firewall may block only the node. */
  async function answersOf({ name, address, realServers }: WatchedNode, standing: NodeHealth): Promise<Answers> {
    const { hasAnswered, isSilent, misses, answers, podsAlone } = standing
    const isDoubtful = hasAnswered && (isSilent || podsAlone > 0 || judgement.unreachable.has(name))
    const pod = isDoubtful ? realServers[(misses + answers) % Math.max(1, realServers.length)] : undefined
    const own = options.ask({ address, port: options.port })
    if (pod === undefined) return { own: await own, pod: null }
    const [first, second] = await Promise.all([own, options.ask(pod)])
    return { own: first, pod: second }
  }

  function decide(): void {
    const before = judgement
    const byName = new Map(watched.flatMap((node) => [[node.name, standings.get(keyOf(node)) ?? UNHEARD] as const]))
    const next = classify(byName, before.unreachable)
    if (next.isCutOff) for (const [key, standing] of standings) standings.set(key, afterCutOff(standing))
    const isSame = isSameSet(next.unreachable, before.unreachable)
    judgement = isSame ? { ...next, unreachable: before.unreachable } : next
    if (next.isCutOff !== before.isCutOff) tellCutOff(next.isCutOff)
    if (isSame) return
    tell(before.unreachable, next.unreachable)
    writeRecord()
    options.onChange()
    options.onRecord()
  }

  function tellCutOff(isCutOff: boolean): void {
    const reason = "half of the nodes or more do not answer: this node may be cut off, so it judges no other node"
    if (isCutOff) log.warn("nodes-silent", { watched: watched.length, reason })
    else log.info("nodes-answer-again", { watched: watched.length })
    options.onRecord()
  }

  function tell(before: ReadonlySet<string>, after: ReadonlySet<string>): void {
    for (const { name, address } of watched) {
      if (after.has(name) && !before.has(name)) log.warn("node-unreachable", { unreachable: name, address })
      if (before.has(name) && !after.has(name)) log.info("node-back", { back: name, address })
    }
  }

  function writeRecord(): void {
    const answered = watched.flatMap((node) => {
      const standing = standings.get(keyOf(node))
      return standing?.hasAnswered === true
        ? [{ node: node.name, address: node.address, accepts: standing.accepts }]
        : []
    })
    options.writeRecord({ answered, unreachable: [...judgement.unreachable].toSorted() })
  }

  return {
    follow,
    unreachable: () => judgement.unreachable,
    state: () => ({
      watched: watched.length,
      unreachable: [...judgement.unreachable].toSorted(),
      unheard: watched.filter((node) => standings.get(keyOf(node))?.hasAnswered !== true).map(({ name }) => name),
      isCutOff: judgement.isCutOff,
    }),
    stop: async () => {
      stopping.abort()
      await rounds
    },
  }
}

/** A node with a new address is a different node. */
function keyOf({ name, address }: Pick<WatchedNode, "name" | "address">): string {
  return `${name} ${address}`
}

function standingsOf({ answered }: NodeRecord): Map<string, NodeHealth> {
  return new Map(
    answered.map(({ node: name, address, accepts }) => [
      keyOf({ name, address }),
      { ...UNHEARD, hasAnswered: true, accepts },
    ]),
  )
}
