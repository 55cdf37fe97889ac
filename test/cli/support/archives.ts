import { mkdir, rm } from "node:fs/promises"

import { create } from "tar"

import { archiveName, encodeArchiveOutcome } from "../../../src/contract/archive.ts"
import { kkv } from "./kkv.ts"
import { configMap, GOOD_LINE, inTree, nodes, service, slice, type Tree, writeTree } from "./manifests.ts"

interface Packed {
  readonly sequence: number
  readonly manifests: Tree
}

const GOOD_FILE = "services/default/good.json"
/** One VIP. */
export const two: Tree = {
  "vips/default/vips.yaml": configMap(GOOD_LINE),
  "nodes.json": nodes("10.4.0.3"),
  [GOOD_FILE]: `${service("good")}---\n${slice("good", ["10.2.0.1"])}`,
}
/** Two VIPs, and one more endpoint. */
export const three: Tree = {
  ...two,
  "vips/default/vips.yaml": configMap(GOOD_LINE, '10.4.0.61: ""'),
  [GOOD_FILE]: `${service("good")}---\n${slice("good", ["10.2.0.1", "10.2.0.9"])}`,
}

export function name(sequence: number): string {
  return `${String(sequence).padStart(20, "0")}-0123456789ab`
}

export function renderingOf(manifests: Tree): Promise<string> {
  return inTree(manifests, async () => (await kkv(["render", ".", "--node", "n-10.4.0.3", "--iface", "eth0"])).out)
}

/** Calls `use` where `state/archive` holds what the sidecar would have packed. */
export function inArchive(packed: readonly Packed[], use: (directory: string) => Promise<void>): Promise<void> {
  return inTree({}, async (directory) => {
    await mkdir(`${directory}/state/archive`, { recursive: true })
    for (const one of packed) await pack(one, directory)
    await use(directory)
  })
}

async function pack({ sequence, manifests }: Packed, directory: string): Promise<void> {
  const config = await renderingOf(manifests)
  const vips = [...config.matchAll(/^ {4}(10\.\S+)\/32 dev/gm)].map(([, vip]) => vip ?? "")
  const outcome = encodeArchiveOutcome({
    sequence,
    generation: name(sequence),
    time: `2026-11-22T23:00:${String(sequence).padStart(2, "0")}.000Z`,
    outcome: "applied",
    reason: null,
    node: "n-10.4.0.3",
    interfaces: ["eth0"],
    keepalivedVersion: "2.3.3",
    configSha256: "a".repeat(64),
    vips,
    virtualServers: 1,
    realServers: 1,
    problems: [],
  })
  const files: Tree = {
    "outcome.json": outcome,
    "keepalived.conf": config,
    "generation/manifest.json": "{}",
    ...Object.fromEntries(Object.entries(manifests).map(([file, text]) => [`generation/${file}`, text])),
  }
  await writeTree(`${directory}/stage`, files)
  const members = Object.keys(files).toSorted()
  const file = `${directory}/state/archive/${archiveName(name(sequence))}`
  await create(
    { file, cwd: `${directory}/stage`, gzip: true, portable: true },
    members.map((member) => `./${member}`),
  )
  await rm(`${directory}/stage`, { recursive: true })
}
