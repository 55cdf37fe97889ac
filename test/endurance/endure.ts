import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { sha256Of } from "../../src/kit/sha256.ts"
import { type TestNode, withNode } from "../faults/support/node.ts"
import { type Bundle, type Program, start, until } from "../faults/support/program.ts"
import { vipsText } from "../support/manifests.ts"
import { writeTree } from "../support/volume.ts"
import { type Held, heldBy, ofProcess, type Stored, storedIn } from "./measure.ts"

export interface Sample {
  readonly generation: number
  readonly sync: Held
  readonly sidecar: Held
  /** keepalived's VRRP child, which reads every file. */
  readonly keepalived: Held
  readonly desired: Stored
  readonly applied: Stored
  readonly state: Stored
}

/** Waits of the two programs are shorter by this factor: at their own pace, two generations a second, ten thousand take 83 minutes. */
const HURRY = 50
const RETAIN = 5
/** As bin/kkv has it; what a program cannot be told by its environment, hurry.ts tells it. */
const AS_SHIPPED = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_TRIM_THRESHOLD_: "65536",
  MALLOC_MMAP_THRESHOLD_: "65536",
  NODE_OPTIONS: "--max-semi-space-size=1",
}
/** Archives that are kept. */
export const ARCHIVES = 20

/**
 * Has so many generations published and applied one after the other, by the programs as they are shipped, with the real keepalived. No two
 * have the same text. Before each sample the newest may soak.
 *
 * @param hear gets a sample at each tenth of them.
 */
export async function endure(
  bundle: Bundle,
  generations: number,
  hear: (sample: Sample) => void,
): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  await withNode(bundle, async (node) => {
    const at = (name: string) => join(node.directory, name)
    const hurried = (name: string) => ({
      preload: [join(import.meta.dirname, "hurry.ts")],
      environment: { ...AS_SHIPPED, HURRY: String(HURRY), HURRY_FIGURES: at(`${name}.figures`) },
    })
    mkdirSync(at("source"))
    change(node, 1)
    const words = ["sync", "--source", at("source"), "--desired", at("desired"), "--services-configmap=default/vips"]
    const sync = start(bundle, [...words, `--retain=${RETAIN}`], hurried("sync"))
    const sidecar = node.agent(["--archive-count", String(ARCHIVES)], hurried("sidecar"))
    try {
      for (let generation = 1; generation <= generations; generation++) {
        if (generation > 1) change(node, generation)
        await until(() => isApplied(sidecar, generation), `generation ${generation} is applied`, 60_000)
        if (generation % Math.floor(generations / 10) !== 0) continue
        await until(() => goodOne(node) === node.live(), `generation ${generation} has soaked`)
        samples.push({
          generation,
          sync: await heldBy(sync, at("sync.figures")),
          sidecar: await heldBy(sidecar, at("sidecar.figures")),
          keepalived: ofProcess(node.pid("vrrp")),
          ...{ desired: storedIn(at("desired")), applied: storedIn(at("applied")), state: storedIn(at("state")) },
        })
        hear(samples.at(-1) as Sample)
      }
    } finally {
      sync.child.kill("SIGKILL")
    }
  })
  return samples
}

/** One of 250 VIPs beside one of 199: so many texts, and no more addresses than a busy cluster has. */
function change({ directory }: TestNode, generation: number): void {
  const vips = [`10.5.0.${1 + (generation % 250)}`, `10.6.0.${1 + (generation % 199)}`]
  writeTree(join(directory, "source"), { "vips.yaml": vipsText(...vips.map((vip) => `${vip}: ""`)) })
}

/** sha256 of the newest last known good configuration. */
function goodOne({ directory }: TestNode): string | null {
  const root = join(directory, "state/last-known-good")
  const newest = readdirSync(root).findLast((name) => !name.startsWith("."))
  return newest === undefined ? null : sha256Of(readFileSync(join(root, newest, "keepalived.conf")))
}

function isApplied({ lines, printed }: Program, generation: number): boolean {
  const last = lines.slice(-20).findLast((line) => line.event === "pass")
  if (last !== undefined && last["outcome"] !== "applied")
    throw new Error(
      `Cannot go on: generation ${String(last["generation"])} is ${String(last["outcome"])}\n${printed()}`,
    )
  return last?.["generation"] === generation
}
