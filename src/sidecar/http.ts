import type { Status } from "../contract/status.ts"
import { type Asker, findingsFor, type SyncSigns } from "../contract/well.ts"
import { type HttpAnswer, type HttpRoutes, type HttpServer, serve } from "../kit/http-server.ts"
import { visible } from "../kit/visible.ts"
import type { Agent } from "./agent.ts"
import type { Metrics } from "./metrics.ts"
import type { NodeWatch } from "./nodes/node-watch.ts"
import type { SidecarSettings } from "./settings.ts"
import type { StandingFaults } from "./standing-faults.ts"
import type { StatusWriter } from "./volume/status-writer.ts"
import type { VolumeWatch } from "./volume/watch.ts"

/** What the answers are made from. */
export interface AnswerParts {
  readonly agent: Pick<Agent, "snapshot">
  readonly metrics: Metrics
  readonly watch: Pick<VolumeWatch, "counts">
  readonly status: Pick<StatusWriter, "value">
  /** As it is at this moment. */
  readonly statusNow: () => Omit<Status, "time">
  readonly sync: () => SyncSigns
  readonly faults: Pick<StandingFaults, "standing">
  readonly nodes: NodeWatch | null
}

export interface Servers {
  /** What is listened on, in the order of the addresses; also where port 0 was asked for. */
  readonly ports: readonly number[]
  /** From now on the answers are made from these; until then only `/livez` says that all is well. */
  answerFrom(parts: AnswerParts): void
  close(): Promise<void>
}

/**
 * Answers probes, Prometheus and people, with a server of its own for each address: whoever fills up that of the LAN does
 * not keep the kubelet from the one on loopback. The status, which names Services, stays on the node.
 *
 * They listen before there is anything to say: whoever has the port keeps the sidecar from touching keepalived, and no probe asks a stranger.
 *
 * @throws When one of the addresses cannot be listened on.
 */
export async function startServers({
  httpPort: port,
  httpAddresses,
}: Pick<SidecarSettings, "httpPort" | "httpAddresses">): Promise<Servers> {
  let parts: AnswerParts | null = null
  const withParts: WithParts = (answer) => () => (parts === null ? STARTING : answer(parts))
  const servers: HttpServer[] = []
  const close = async () => void (await Promise.all(servers.map((server) => server.close())))
  try {
    for (const address of httpAddresses) {
      const routes = { ...routesOf(withParts), ...(isLoopback(address) ? ownRoutesOf(withParts) : {}) }
      servers.push(await serve({ port, address, routes }))
    }
  } catch (error) {
    await close()
    throw error
  }
  return { ports: servers.map((server) => server.port), answerFrom: (given) => void (parts = given), close }
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1"
}

const text = (code: number, body: string): HttpAnswer => ({
  status: code,
  type: "text/plain",
  body: `${visible(body)}\n`,
})

/** @param why what is not well; empty where all is. */
const verdict = (why: string, code: number, prefix = ""): HttpAnswer =>
  why === "" ? text(200, "OK") : text(code, prefix + why)

/** Makes a route of what answers from the parts, once there are any. */
type WithParts = (
  answer: (parts: AnswerParts) => HttpAnswer | Promise<HttpAnswer>,
) => () => HttpAnswer | Promise<HttpAnswer>

const STARTING = text(503, "the sidecar is starting")

/** What is not well, as one who asks is told. What sync says is no part of it: no probe depends on the API server. */
function why(asker: Asker, { statusNow }: AnswerParts): string {
  return findingsFor(asker, { status: statusNow(), agent: null, sync: null })
    .map((finding) => finding.text)
    .join("; ")
}

function routesOf(withParts: WithParts): HttpRoutes {
  return {
    "/health": withParts((parts) => verdict(why("health", parts), 500, "keepalived not healthy: ")),
    // That this is answered at all is the answer: the loop turns.
    "/livez": () => text(200, "OK"),
    "/readyz": withParts((parts) => verdict(why("ready", parts), 503)),
    "/metrics": withParts(async ({ agent, metrics, watch, statusNow, sync, faults, nodes }) => ({
      status: 200,
      type: "text/plain; version=0.0.4",
      body: await metrics.page(agent.snapshot(), {
        watch: watch.counts(),
        status: statusNow(),
        sync: sync(),
        nodes: nodes?.state() ?? null,
        faults: faults.standing(),
      }),
    })),
  }
}

function ownRoutesOf(withParts: WithParts): HttpRoutes {
  return {
    "/status.json": withParts(({ status }) => ({
      status: 200,
      type: "application/json",
      body: `${visible(JSON.stringify(status.value(), null, 2))}\n`,
    })),
  }
}
