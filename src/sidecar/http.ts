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
  close(): Promise<void>
}

/**
 * Answers probes, Prometheus and people, with a server of its own for each address: whoever fills up that of the LAN does
 * not keep the kubelet from the one on loopback. The status, which names Services, stays on the node.
 *
 * @throws When one of the addresses cannot be listened on.
 */
export async function startServers(
  { httpPort: port, httpAddresses }: Pick<SidecarSettings, "httpPort" | "httpAddresses">,
  parts: AnswerParts,
): Promise<Servers> {
  const servers: HttpServer[] = []
  const close = async () => void (await Promise.all(servers.map((server) => server.close())))
  try {
    for (const address of httpAddresses) {
      const routes = { ...routesOf(parts), ...(isLoopback(address) ? ownRoutesOf(parts) : {}) }
      servers.push(await serve({ port, address, routes }))
    }
  } catch (error) {
    await close()
    throw error
  }
  return { ports: servers.map((server) => server.port), close }
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

function routesOf({ agent, metrics, watch, statusNow, sync, faults, nodes }: AnswerParts): HttpRoutes {
  // What sync says is no part of these answers: no probe depends on the API server.
  const why = (asker: Asker) =>
    findingsFor(asker, { status: statusNow(), agent: null, sync: null })
      .map(({ text }) => text)
      .join("; ")
  return {
    "/health": () => verdict(why("health"), 500, "keepalived not healthy: "),
    // That this is answered at all is the answer: the loop turns.
    "/livez": () => text(200, "OK"),
    "/readyz": () => verdict(why("ready"), 503),
    "/metrics": async () => ({
      status: 200,
      type: "text/plain; version=0.0.4",
      body: await metrics.page(agent.snapshot(), {
        watch: watch.counts(),
        status: statusNow(),
        sync: sync(),
        nodes: nodes?.state() ?? null,
        faults: faults.standing(),
      }),
    }),
  }
}

function ownRoutesOf({ status }: AnswerParts): HttpRoutes {
  return {
    "/status.json": () => ({
      status: 200,
      type: "application/json",
      body: `${visible(JSON.stringify(status.value(), null, 2))}\n`,
    }),
  }
}
