import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { createModelBuilder } from "../src/core/model/build-model.ts"
import { modelSettingsFrom } from "../src/core/model/flags.ts"
import { type Piece, parsePiece } from "../src/core/render/piece.ts"
import { createRenderer, type RenderedConfig } from "../src/core/render/render.ts"
import { checkStructure } from "../src/core/render/structure.ts"
import type { TemplateTexts } from "../src/core/render/template.ts"
import { packageFile } from "../src/kit/files/package-file.ts"
import { createConfigTest } from "../src/sidecar/keepalived/config-test.ts"
import { openAppliedVolume } from "../src/sidecar/volume/config-files.ts"
import { createGenerations } from "../src/sidecar/volume/generations.ts"
import { systemClock } from "../src/kit/time/clock.ts"
import type { Generation } from "../src/sidecar/ports.ts"
import { median, ms, table } from "./statistics.ts"
import { changeOneEndpoint, type Size, volumesRoot, writeManifests } from "./world.ts"

/** Milliseconds that each stage took. */
interface Stages {
  readonly read: number
  readonly model: number
  readonly render: number
  readonly structure: number
  readonly write: number
  readonly configTest: number
}

const SIZES: readonly Size[] = [10, 100, 1_000].map((vips) => ({ vips, endpoints: 10 }))
/** The median is that of code which the compiler has seen: the first pass of a process is measured by itself. */
const ROUNDS = 21

/** Measures the sidecar's stages: all of it once, then one changed endpoint, beside keepalived's own config test. */
export async function benchPipeline(): Promise<string> {
  const rows: string[][] = []
  const first = await firstPass(SIZES.at(-1) ?? { vips: 1_000, endpoints: 10 })
  for (const size of SIZES) {
    const { whole, changed } = await measure(size, ROUNDS)
    rows.push(
      row(`${size.vips} x ${size.endpoints}, all of it`, whole),
      row(`${size.vips} x ${size.endpoints}, one endpoint changed`, changed),
    )
  }
  const stages = table(
    ["VIPs x endpoints", "read", "model", "render", "structure", "write", "ours", "config test", "ours / config test"],
    rows,
  )
  return `${stages}

Goals: one changed endpoint among 1,000 VIPs takes at most a third of a config test; the first pass over 1,000 x 10 takes at most 1 s.
The first pass of this process, over all of 1,000 x 10 and with nothing compiled yet, took ${ms(oursOf(first))} ms of ours.`
}

async function firstPass(size: Size): Promise<readonly Stages[]> {
  const { whole } = await measure(size, 1)
  return whole
}

/** All that is not keepalived's own. */
function oursOf(rounds: readonly Stages[]): number {
  return (["read", "model", "render", "structure", "write"] as const)
    .map((stage) => median(rounds.map((one) => one[stage])))
    .reduce((sum, time) => sum + time, 0)
}

function row(name: string, rounds: readonly Stages[]): string[] {
  const of = (stage: (one: Stages) => number) => median(rounds.map(stage))
  const ours = oursOf(rounds)
  const test = of((one) => one.configTest)
  const stages = [
    of((one) => one.read),
    of((one) => one.model),
    of((one) => one.render),
    of((one) => one.structure),
    of((one) => one.write),
  ]
  return [name, ...stages.map(ms), ms(ours), ms(test), (ours / test).toFixed(2)]
}

async function measure(size: Size, rounds: number): Promise<{ readonly whole: Stages[]; readonly changed: Stages[] }> {
  const directory = await mkdtemp(join(volumesRoot(), "kkv-bench-"))
  const source = join(directory, "source")
  const desired = join(directory, "desired")
  const publish = () =>
    execFileSync(
      packageFile("bin/kkv", import.meta.url),
      ["sync", "--source", source, "--desired", desired, "--services-configmap", "default/vips", "--once"],
      { stdio: "ignore" },
    )
  try {
    await writeManifests(source, size)
    publish()
    const whole: Stages[] = []
    // A new sidecar each time: nothing is kept from before.
    for (let round = 0; round < rounds; round += 1) whole.push(await (await newSidecar(directory))())
    const one = await newSidecar(directory)
    await one()
    const changed: Stages[] = []
    for (let round = 1; round <= rounds; round += 1) {
      await changeOneEndpoint(source, round % size.vips, { endpoints: size.endpoints, turn: round })
      publish()
      changed.push(await one())
    }
    return { whole, changed }
  } finally {
    await rm(directory, { recursive: true })
  }
}

async function newSidecar(directory: string): Promise<() => Promise<Stages>> {
  const settings = modelSettingsFrom({})
  if (settings.kind === "wrong") throw new Error("Cannot use the defaults of the flags")
  const generations = createGenerations({ directory: join(directory, "desired"), alarm: () => undefined })
  const build = createModelBuilder(settings.settings)
  const render = createRenderer(templates())
  const volume = await openAppliedVolume(join(directory, `applied-${Math.random()}`), () => Promise.resolve(null))
  const test = createConfigTest({ program: "/usr/sbin/keepalived", clock: systemClock })
  const seen = new WeakSet<Piece>()
  return async () => {
    const times: number[] = []
    const timed = async <T>(stage: () => T | Promise<T>): Promise<T> => {
      const startedAt = performance.now()
      const result = await stage()
      times.push(performance.now() - startedAt)
      return result
    }
    const generation = await timed(() => readOne(generations))
    const built = await timed(() => modelOf(build, generation))
    const rendered = await timed(() => render(built))
    // The renderer has checked already; a second time on what is new shows what of it that was.
    await timed(() => structureOf(rendered, seen))
    const file = await timed(() => volume.writeCandidate(rendered.sha256, rendered.text))
    const verdict = await timed(() => test(file))
    for (const piece of rendered.pieces) seen.add(piece)
    if (verdict.kind === "refused")
      throw new Error(`Cannot go on: keepalived refuses the file: ${JSON.stringify(verdict)}`)
    return stagesOf(times)
  }
}

/** Reads the pieces that were not there before, and compares all of them with the model. */
function structureOf({ pieces, model }: RenderedConfig, seen: WeakSet<Piece>): void {
  checkStructure(
    pieces.map((piece) => (seen.has(piece) ? piece : parsePiece(piece.text, piece.origin))),
    model,
  )
}

function stagesOf(times: readonly number[]): Stages {
  const [read = 0, model = 0, render = 0, structure = 0, write = 0, configTest = 0] = times
  return {
    read,
    model,
    render: render - structure,
    structure,
    write,
    configTest,
  }
}

async function readOne(generations: { read(): Promise<{ readonly kind: string }> }): Promise<Generation> {
  const reading = await generations.read()
  if (reading.kind !== "generation") throw new Error(`Cannot go on: the reading is ${reading.kind}`)
  return (reading as { readonly kind: "generation"; readonly generation: Generation }).generation
}

function modelOf(build: ReturnType<typeof createModelBuilder>, { objects }: Generation) {
  const configMaps = [...objects.configMaps.values()]
  const name = anyInterface()
  const subnets = [{ interface: name, address: "10.4.0.3", prefixLength: 16 }]
  const node = { name: "n1", interface: name, ipvs: true, subnets }
  const past = { lastGood: new Map(), refused: new Map(), draining: new Map(), unreachable: new Set<string>() }
  const { model } = build({ objects, configMaps, node, ...past })
  if (model === null) throw new Error("Cannot go on: there is no model")
  return model
}

/** keepalived looks whether the interface exists, and takes any but the loopback. */
function anyInterface(): string {
  const name = readdirSync("/sys/class/net").find((one) => one !== "lo" && !one.startsWith("bonding"))
  if (name === undefined) throw new Error("Cannot go on: this machine has no interface but the loopback")
  return name
}

function templates(): TemplateTexts {
  const read = (name: string) => readFileSync(packageFile(`templates/${name}.hbs`, import.meta.url), "utf8")
  return {
    "keepalived.conf": read("keepalived.conf"),
    "vrrp-instance": read("vrrp-instance"),
    "virtual-server": read("virtual-server"),
  }
}
