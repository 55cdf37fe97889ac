import { stringify } from "yaml"

import { MODEL_FLAGS } from "../../../core/model/flags.ts"
import { decodeLargeFile, MAXIMUM_FILE_BYTES } from "../../../core/objects/decode.ts"
import { createJoin } from "../../../core/objects/join.ts"
import { checked } from "../check.ts"
import { createDifferences, type Differences } from "../differences.ts"
import { type MigrationInput, reportUnreadable } from "../input.ts"
import { EMPTY_TARGET, freeRouterId, type Migration, type TargetEntry } from "../target.ts"
import { type Announced, announcedBy, type Instance } from "./instances.ts"
import { API_SERVER, reportLeftover } from "./leftovers.ts"
import { LONGEST_AFFINITY, type MadeService, servicesFor } from "./services.ts"
import { type OldVirtualServer, virtualServerIn } from "./virtual-servers.ts"
import { readConfig } from "./words.ts"

/** Migrates keepalived.conf files that people wrote. Those of several nodes are read as one. */
export function migrateKeepalived({ files, problems }: MigrationInput): Migration {
  const differences = createDifferences()
  reportUnreadable(problems, differences)
  const instances: Instance[] = []
  const servers = new Map<string, OldVirtualServer>()
  for (const { file, text } of files) {
    const { statements, fault } = readConfig(text.slice(0, MAXIMUM_FILE_BYTES))
    if (text.length > MAXIMUM_FILE_BYTES) reportBraces(file, { line: 1, text: "it has more than 1 MiB" }, differences)
    if (fault !== null) reportBraces(file, fault, differences)
    for (const statement of statements) {
      const [keyword = ""] = statement.words
      if (keyword === "vrrp_instance") instances.push({ file, statement, block: statement.block ?? [] })
      else if (keyword === "virtual_server") addServer(virtualServerIn(file, statement, differences), servers)
      else reportLeftover(file, statement, differences)
    }
  }
  const announced = announcedBy(instances, differences)
  if (announced.vips.size === 0 && servers.size === 0) return { target: null, differences: differences.all() }
  const served = servedBy(announced, [...servers.values()], differences)
  const sidecar = sidecarFlags(announced, served, differences)
  return {
    target: { ...EMPTY_TARGET, ...entriesOf(announced, served, differences), sidecar },
    differences: differences.all(),
  }
}

function reportBraces(file: string, { line, text }: { line: number; text: string }, differences: Differences): void {
  const place = { file, line, column: null }
  differences.broken({ place, was: "a block in braces", becomes: `unsure: ${text}`, todo: "correct the file" })
}

/** The first of several nodes counts: their files have the same virtual servers. */
function addServer(server: OldVirtualServer | null, servers: Map<string, OldVirtualServer>): void {
  if (server === null) return
  const key = `${server.address} ${server.port} ${server.protocol}`
  if (!servers.has(key)) servers.set(key, server)
}

/** The virtual servers on VIPs. Others forward an address that something else announces. */
function servedBy(
  { vips }: Announced,
  servers: readonly OldVirtualServer[],
  differences: Differences,
): readonly OldVirtualServer[] {
  for (const server of servers.filter((one) => !vips.has(one.address)))
    differences.missing({
      place: server.place,
      was: serverText(server),
      becomes: "nothing: no vrrp_instance that is read announces its address",
      todo: "add the file that announces it",
    })
  return servers.filter((one) => vips.has(one.address))
}

function entriesOf(announced: Announced, served: readonly OldVirtualServer[], differences: Differences) {
  const made = new Map<string, readonly MadeService[]>()
  for (const address of announced.vips.keys()) {
    const own = served.filter((one) => one.address === address)
    made.set(address, servicesFor(address, own))
    reportServers(own, differences)
  }
  const candidates = [...announced.vips].map(([address, place]): TargetEntry => {
    const lines = (made.get(address) ?? []).map(({ line }) => line)
    return { address, place, text: lines.length > 1 ? `${lines.join("\n")}\n` : lines.join("") }
  })
  const objects = [...made.values()].flat().flatMap((one) => one.objects)
  const text = objects.map((one) => stringify(one)).join("---\n")
  const joined = createJoin()([decodeLargeFile("services.yaml", text)])
  const { entries } = checked(candidates, joined.value, { differences })
  const kept = entries.flatMap(({ address }) => (made.get(address) ?? []).flatMap((one) => one.objects))
  return { entries, objects: kept }
}

function reportServers(servers: readonly OldVirtualServer[], differences: Differences): void {
  for (const server of servers) {
    const { place, persistence } = server
    differences.different({
      place,
      was: serverText(server),
      becomes: "a Service and EndpointSlices with these addresses",
      todo: "if pods serve it, name their Service in the entry, and remove ours",
    })
    if (server.servers.some(({ port }) => port === API_SERVER_PORT))
      differences.different({ place, was: serverText(server), becomes: "an entry, as any other", todo: API_SERVER })
    if (persistence > LONGEST_AFFINITY)
      differences.different({ place, was: `persistence_timeout ${persistence}`, becomes: String(LONGEST_AFFINITY) })
  }
}

/** Port of the API server, as kubeadm and most others choose it. */
const API_SERVER_PORT = 6443

function serverText({ address, port, servers }: OldVirtualServer): string {
  return `virtual_server ${address} ${port} with ${servers.map((one) => `${one.address}:${one.port}`).join(", ")}`
}

function sidecarFlags(announced: Announced, served: readonly OldVirtualServer[], differences: Differences) {
  const { routerIds, isUnicast, advertInterval } = announced
  const id = String(freeRouterId(routerIds))
  differences.different({
    place: null,
    was: `VRID ${routerIds.join(", ") || "unknown"}`,
    becomes: `VRID ${id}: the two must not form one VRRP group`,
    todo: `look whether another router has ${id}: tcpdump -n vrrp`,
  })
  const isPlain = advertInterval === null || MODEL_FLAGS.advertInterval.parse(advertInterval).kind === "value"
  if (!isPlain)
    differences.missing({ place: null, was: `advert_int ${advertInterval}`, becomes: "1 second", todo: "set it" })
  const isChecked = served.some(({ servers }) => servers.some((one) => one.isChecked))
  return {
    "--vrid": id,
    ...interfaceFlag(announced.interface, differences),
    ...(isPlain && advertInterval !== null && advertInterval !== "1" && { "--advert-interval": advertInterval }),
    ...(isUnicast && { "--use-unicast": "true" }),
    ...schedulerFlag(served, differences),
    ...(isChecked && { "--check": "tcp" }),
  }
}

function interfaceFlag(name: string | null, differences: Differences): { readonly "--iface"?: string } {
  if (name === null) return {}
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(name)) return { "--iface": name }
  differences.missing({ place: null, was: `interface ${name}`, becomes: "the one of the node", todo: "set --iface" })
  return {}
}

/** All virtual servers have one scheduler here: that of the first one. */
function schedulerFlag(
  served: readonly OldVirtualServer[],
  differences: Differences,
): { readonly "--scheduler"?: string } {
  const [first] = served
  const choice = first?.scheduler ?? null
  for (const { scheduler, place } of served.filter((one) => one.scheduler !== choice))
    differences.missing(
      {
        place,
        was: scheduler === null ? "no scheduler" : `scheduler ${scheduler}`,
        becomes: `${choice ?? "wlc"}, for all`,
        todo: "choose one with --scheduler",
      },
      `scheduler ${scheduler}`,
    )
  if (first === undefined || choice === null || choice === "wlc") return {}
  if (MODEL_FLAGS.scheduler.parse(choice).kind === "value") return { "--scheduler": choice }
  const said = { place: first.place, was: `scheduler ${choice}`, becomes: "wlc", todo: "choose one with --scheduler" }
  differences.missing(said)
  return {}
}
