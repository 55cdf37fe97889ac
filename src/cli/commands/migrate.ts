import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs"
import { dirname, join } from "node:path"

import { placeText } from "../../kit/problem.ts"
import { replaceFile } from "../../kit/files/atomic-file.ts"
import { packageVersion } from "../../kit/files/package-file.ts"
import { EXIT, UsageError } from "../../terminal/exit-status.ts"
import { openSource, openTexts } from "../input/source.ts"
import { migrateExternalIps } from "../migrate/external-ips.ts"
import { lostAddresses, type MigrationInput } from "../migrate/input.ts"
import { migrateKeepalived } from "../migrate/keepalived/migrate.ts"
import { manifestFiles, type Origin, type OutputFile, reportFile } from "../migrate/output/files.ts"
import { migrateRelease035 } from "../migrate/release-0.35/migrate.ts"
import { summaryOf } from "../migrate/output/report.ts"
import type { Migration } from "../migrate/target.ts"
import type { Terminal } from "../output/terminal.ts"

/** What `--from` may be. */
export type OriginName = "0.35" | "keepalived" | "externalips"

export interface MigrateOptions {
  readonly from: OriginName
  readonly out: string
  /** Write into a directory that has files. */
  readonly force: boolean
  /** The kustomize base; null: that of this version. */
  readonly base: string | null
  readonly servicesConfigmaps: readonly string[]
  readonly output: "text" | "json"
}

/** Writes our manifests from those of another load balancer, with a report of every difference. */
export async function migrate(paths: readonly string[], options: MigrateOptions, terminal: Terminal): Promise<number> {
  refuseUsed(options)
  const input = await inputOf(paths, options, terminal)
  const { run, title, next } = FROM[options.from]
  const first = run(input)
  const manifests = first.target === null ? [] : manifestFiles(first.target, options.base ?? releasedBase())
  const about = { title, next }
  const outputs = [...manifests, reportFile(first, about)].map(({ text }) => text)
  const lost = lostAddresses(input, { differences: first.differences, outputs })
  const migration: Migration = { target: first.target, differences: [...first.differences, ...lost] }
  const isEmpty = migration.target === null && migration.differences.length === 0
  const files = isEmpty ? [] : [...manifests, reportFile(migration, about)]
  await write(options.out, files)
  say(migration, { files, options, title }, terminal)
  const isComplete = migration.target !== null && migration.differences.every(({ hasEquivalent }) => hasEquivalent)
  return isComplete ? EXIT.good : EXIT.no
}

const FROM: Readonly<Record<OriginName, Origin & { readonly run: (input: MigrationInput) => Migration }>> = {
  "0.35": {
    ...{ run: migrateRelease035, title: "release 0.35" },
    next: [
      "Read the tables above. Then `kkv validate` on this folder.",
      "Keep one of the two: `kustomization.yaml` (`kubectl apply -k`), or `values.yaml` for the chart (`helm install -f`).",
      "First step, node by node as docs/migrate-0.35.md says: release 0.35 ends on a node, then the node gets the label `kube-keepalived-vip.io/node`, and this starts there. `--profile=0.35` advertises the same VIPs under the same VRID, so that both form one VRRP group. Do not change entries meanwhile.",
      "Second step, when no node runs release 0.35 any more: add `--layout=anchor` (`KKV_LAYOUT`; `layout` of the chart), again node by node. A rollout of the DaemonSet does that.",
      "At last, setting by setting: what remains of `--profile=0.35` (docs/settings.md).",
    ],
  },
  keepalived: {
    ...{ run: migrateKeepalived, title: "keepalived" },
    next: [
      "Read the tables above. Then `kkv validate` on this folder.",
      "Keep one of the two: `kustomization.yaml` (`kubectl apply -k`), or `values.yaml` for the chart (`helm install -f`, and `kubectl apply -f services.yaml`).",
      "Move one address at a time, as docs/migrate-keepalived.md says: an address in both has two owners.",
    ],
  },
  externalips: {
    ...{ run: migrateExternalIps, title: "Services with externalIPs" },
    next: [
      "Read the tables above. Then `kkv validate` on this folder.",
      "Keep one of the two: `kustomization.yaml` (`kubectl apply -k`), or `values.yaml` for the chart (`helm install -f`).",
      "For each address: stop what announces it now, wait until nothing answers for it, then apply the entry, as docs/migrate-keepalived.md says.",
    ],
  },
}

/** The base of this version in the project's repository. */
function releasedBase(): string {
  return `https://github.com/kube-keepalived-vip/kube-keepalived-vip//manifests/base?ref=v${packageVersion()}`
}

function refuseUsed({ out, force }: MigrateOptions): void {
  if (!existsSync(out)) return
  if (!statSync(out).isDirectory()) throw new UsageError(`Cannot write into "${out}": it is not a directory`)
  if (force || readdirSync(out).length === 0) return
  throw new UsageError(`Cannot write into "${out}": it is not empty (expected an empty or new directory, or --force)`)
}

async function inputOf(
  paths: readonly string[],
  { from, servicesConfigmaps }: MigrateOptions,
  terminal: Terminal,
): Promise<MigrationInput> {
  const open = from === "keepalived" ? openTexts : openSource
  const sources = []
  for (const path of paths) sources.push(await open(path, terminal))
  return {
    files: sources.flatMap(({ files }) => files),
    problems: sources.flatMap(({ problems }) => problems),
    servicesConfigmaps,
  }
}

async function write(out: string, files: readonly OutputFile[]): Promise<void> {
  for (const { name, text } of files) {
    const path = join(out, name)
    mkdirSync(dirname(path), { recursive: true })
    await replaceFile(path, text)
  }
}

interface Around {
  readonly files: readonly OutputFile[]
  readonly options: MigrateOptions
  readonly title: string
}

function say(migration: Migration, { files, options, title }: Around, terminal: Terminal): void {
  const { target, differences } = migration
  if (options.output === "json") {
    const entries = (target?.entries ?? []).map(({ address, text }) => ({ address, text }))
    const good = target !== null && differences.every(({ hasEquivalent }) => hasEquivalent)
    const said = differences.map(({ hasEquivalent, place, was, becomes, todo }) => ({
      ...{ hasEquivalent, place, was, becomes, todo },
    }))
    const names = files.map(({ name }) => name)
    terminal.out(`${JSON.stringify({ good, entries, files: names, differences: said }, null, 2)}\n`)
    return
  }
  for (const { place, was, becomes, hasEquivalent } of differences)
    if (!hasEquivalent)
      terminal.err(`${place === null ? "the input" : placeText(place)}: ${oneLine(was)}: ${oneLine(becomes)}\n`)
  if (target === null) terminal.err(`kkv: Cannot find anything of ${title} in the input that has an equivalent\n`)
  if (files.length > 0)
    terminal.out(`${files.map(({ name }) => `${join(options.out, name)}\n`).join("")}${summaryOf(migration)}\n`)
}

/** A text on one line, shortened: the report has more of it. */
function oneLine(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, " ")
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}...` : line
}

const LONGEST_LINE = 300
