import type { Status } from "../../contract/status.ts"
import { type Asker, findingsFor } from "../../contract/well.ts"
import type { SyncSigns } from "../../contract/signs.ts"
import { type HttpAnswer, type HttpPages, type HttpRoutes, serveEach } from "../../kit/http/server.ts"
import { visible } from "../../kit/text/escape-hidden.ts"
import type { Agent } from "../agent/agent.ts"
import type { Metrics } from "./metrics.ts"
import type { NodeWatch } from "../nodes/node-watch.ts"
import { atOwnHost, createPages } from "../page/routes.ts"
import type { Generations } from "../page/diff.ts"
import type { AskedVip, VipExplanation } from "../page/explanation.ts"
import type { PageData } from "../page/data.ts"
import type { PageTexts } from "../page/html.ts"
import { statusJson } from "../page/status-json.ts"
import type { SidecarSettings } from "../wiring/settings.ts"
import type { StandingFaults } from "../faults/standing-faults.ts"
import type { StatusWriter } from "../volume/status-writer.ts"
import type { VolumeWatch } from "../volume/watch.ts"

/** The sources of the answers. */
export interface AnswerParts {
  readonly agent: Pick<Agent, "snapshot">
  readonly metrics: Metrics
  readonly watch: Pick<VolumeWatch, "counts">
  readonly status: Pick<StatusWriter, "value">
  /** The state at this moment. */
  readonly statusNow: () => Omit<Status, "time">
  readonly sync: () => SyncSigns
  readonly faults: Pick<StandingFaults, "standing">
  readonly nodes: NodeWatch | null
  /** Everything that the status page shows, at this moment. */
  readonly page: () => Promise<PageData>
  readonly generations: Generations
  /** Null if no entry has this object and this name. */
  readonly explain: (asked: AskedVip) => VipExplanation | null
  readonly node: string
  /** The files of the status page. */
  readonly pageTexts: () => PageTexts
}

export interface Servers {
  /** The ports in use, in the order of the addresses; also when port 0 was requested. */
  readonly ports: readonly number[]
  /** From now on the answers come from these parts; before that, only `/livez` reports success. */
  answerFrom(parts: AnswerParts): void
  close(): Promise<void>
}

/**
 * Answers probes, Prometheus and users, with one server per address: a client that exhausts the server on the LAN does
 * not block the kubelet on loopback. The status names Services, so it is served only on loopback.
 *
 * They listen before there is anything to report: another program on the port then stops the sidecar before it touches keepalived.
 *
 * @throws When the server cannot listen on one of the addresses.
 */
export async function startServers({
  httpPort: port,
  httpAddresses,
}: Pick<SidecarSettings, "httpPort" | "httpAddresses">): Promise<Servers> {
  let parts: AnswerParts | null = null
  const withParts: WithParts = (answer) => () => (parts === null ? STARTING : answer(parts))
  const servers = await serveEach(httpAddresses, (address) => ({
    ...{ port, routes: routesOf(withParts) },
    pages: isLoopback(address) ? pagesOf(() => parts) : {},
  }))
  return { ...servers, answerFrom: (given) => void (parts = given) }
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1"
}

const text = (code: number, body: string): HttpAnswer => ({
  status: code,
  type: "text/plain",
  body: `${visible(body)}\n`,
})

/** @param why What is not well; empty when everything is. */
const verdict = (why: string, code: number, prefix = ""): HttpAnswer =>
  why === "" ? text(200, "OK") : text(code, prefix + why)

/** Makes a route from a function of the parts, which exist later. */
type WithParts = (
  answer: (parts: AnswerParts) => HttpAnswer | Promise<HttpAnswer>,
) => () => HttpAnswer | Promise<HttpAnswer>

const STARTING = text(503, "the sidecar is starting")

/** What is not well, for a probe. The state of sync is left out, so that no probe depends on the API server. */
function why(asker: Asker, { statusNow }: AnswerParts): string {
  return findingsFor(asker, { status: statusNow(), agent: null, sync: null })
    .map((finding) => finding.text)
    .join("; ")
}

function routesOf(withParts: WithParts): HttpRoutes {
  return {
    "/health": withParts((parts) => verdict(why("health", parts), 500, "keepalived not healthy: ")),
    // An answer of any kind proves that the event loop runs.
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

/** What names Services. */
function pagesOf(partsNow: () => AnswerParts | null): HttpPages {
  return {
    "/status.json": atOwnHost(async () => {
      const parts = partsNow()
      if (parts === null) return STARTING
      return { status: 200, type: "application/json", body: statusJson(parts.status.value(), await parts.page()) }
    }),
    ...createPages(partsNow),
  }
}
