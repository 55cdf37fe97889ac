import { readFileSync } from "node:fs"
import { agentSignsIn, syncBeatIn } from "../../heartbeats/read.ts"
import type { SyncSigns } from "../../contract/signs.ts"
import { vipIdOf } from "../../core/declare/declaration.ts"
import { type RealServer, vipsOf, type VipModel, type VrrpInstance } from "../../core/model/keepalived-model.ts"
import { type Member, membersOf } from "../../core/model/vrrp-instance.ts"
import { faultText } from "../../kit/fault.ts"
import { packageFile, packageVersion } from "../../kit/files/package-file.ts"
import type { Snapshot } from "../agent/state.ts"
import { eventsOf } from "../page/events.ts"
import type { PageData, PageInstance, PagePods } from "../page/data.ts"
import type { PageTexts } from "../page/html.ts"
import { pageNodesOf } from "../page/cluster-nodes.ts"
import { clusterIn } from "../volume/cluster-reader.ts"
import { syncStatusIn } from "../volume/sync-status-reader.ts"
import { statusNow } from "./connect.ts"
import type { SidecarParts } from "./open.ts"

/** The files of the status page. @throws when the installation lacks one. */
export function readPageTexts(): PageTexts {
  const text = (name: keyof PageTexts) => readFileSync(packageFile(`templates/page/${name}`), "utf8")
  return {
    "layout.hbs": text("layout.hbs"),
    "overview.hbs": text("overview.hbs"),
    "lan.hbs": text("lan.hbs"),
    "timeline.hbs": text("timeline.hbs"),
    "diff.hbs": text("diff.hbs"),
    "vip.hbs": text("vip.hbs"),
    "style.css": text("style.css"),
  }
}

/** What sync shows on its volume. */
export function syncSignsOf({ settings }: Pick<SidecarParts, "settings">): SyncSigns {
  return { ...syncBeatIn(settings.desired), status: syncStatusIn(settings.desired) }
}

/** Everything that the status page shows, at this moment. */
export async function pageDataOf(parts: SidecarParts, snapshot: Snapshot): Promise<PageData> {
  const { settings, date } = parts
  const status = statusNow(parts, snapshot)
  const { inEffect } = snapshot
  const generation = inEffect?.generation?.name ?? null
  return {
    now: date().toISOString(),
    status,
    agent: agentSignsIn(settings.applied),
    sync: syncSignsOf(parts),
    generation,
    version: packageVersion(),
    instances: (inEffect?.model.instances ?? []).map(instanceOf),
    pods: new Map(
      (inEffect === null ? [] : vipsOf(inEffect.model)).map((vip) => [vipIdOf(vip.id, vip.address), podsOf(vip)]),
    ),
    connections: await connectionsIn(parts),
    nodes: pageNodesOf({ status, generation, members: nodesIn(snapshot), reading: clusterIn(settings.desired) }),
    ...(await eventsIn(parts)),
  }
}

/** A page without these numbers is better than none. */
async function connectionsIn({ machine }: SidecarParts): Promise<PageData["connections"]> {
  try {
    return (await machine.kernel.connections?.()) ?? null
  } catch {
    return null
  }
}

async function eventsIn({ history, archive }: SidecarParts): Promise<Pick<PageData, "events" | "eventsFault">> {
  try {
    return { events: eventsOf(history.events(), await archive.list()), eventsFault: null }
  } catch (error) {
    return { events: [], eventsFault: faultText(error) }
  }
}

/** The nodes of the election, by the newest generation; empty if it does not give a configuration. */
function nodesIn({ observation }: Snapshot): readonly Member[] {
  return observation?.kind === "candidate" ? membersOf(observation.built.own.nodes) : []
}

function instanceOf({ vips, unicast, ...instance }: VrrpInstance): PageInstance {
  const { name, virtualRouterId, priority, advertInterval } = instance
  return {
    ...{ name, interface: instance.interface, virtualRouterId, priority, advertInterval },
    isUnicast: unicast !== null,
    vips: vips.map(({ address }) => address),
  }
}

/** A pod may stand behind several ports: it counts as the best of what it is for them. */
export function podsOf({ virtualServers }: VipModel): PagePods {
  const reals = virtualServers.flatMap(({ realServers }) => realServers)
  const left = new Set(reals.map(({ address }) => address))
  const take = (isOne: (real: RealServer) => boolean) => {
    const found = [
      ...new Set(reals.filter((real) => left.has(real.address) && isOne(real)).map(({ address }) => address)),
    ]
    for (const address of found) left.delete(address)
    return found
  }
  return {
    ready: take(({ weight, draining }) => weight > 0 && !draining),
    draining: take(({ draining }) => draining),
    unreachable: take(() => true),
  }
}
