import * as z from "zod"
import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import { replaceFile, replaceFileAtOnce } from "../../kit/files/atomic-file.ts"
import { readJson } from "../../kit/files/safe-read.ts"
import type { ApplyRecords } from "../apply/ports.ts"
import { tracesOf } from "../effect/intended.ts"

/** What we added to this kernel since it booted, or were about to add. Everything else belongs to other programs. */
export interface Ledger {
  readonly vips: ReadonlySet<string>
  /** As `10.4.0.50 eth0`: the interface that the address was added to, always with prefix /32. */
  readonly additions: ReadonlySet<string>
  /** As `10.4.0.50 80 TCP`. */
  readonly virtualServers: ReadonlySet<string>
  /** True if no ledger of this boot was found, and nothing has been claimed since. */
  readonly isLost: boolean
}

/** The ledger's name, below applied/ and below state/. */
export const LEDGER_FILE = "ledger.json"

/** Where a ledger is kept besides its file. */
export interface LedgerPlaces {
  /** The boot for which it is valid: a kernel that has booted since has nothing of ours. Null: any. */
  readonly boot: string | null
  /** A second file on the node, which outlives the pod; null for none. */
  readonly copy: string | null
  /** Reports that the copy could not be written. */
  readonly failed: (error: unknown) => void
}

export interface LedgerFile extends Pick<ApplyRecords, "claim"> {
  ledger(): Promise<Ledger>
  /** Removes what is not in this model. Call it only after the kernel was checked to be without it. */
  settle(model: KeepalivedModel): Promise<void>
  /** Resolves when the copy is written. */
  idle(): Promise<void>
}

/**
 * The ledger in a file, one item a line: `release-node` of the image reads it without a JSON parser.
 *
 * The copy remains when the pod is killed together with its volume. It is on a disk, so no work waits for it.
 */
export function openLedger(path: string, places: LedgerPlaces): LedgerFile {
  let current = read(path, places) ?? (places.copy === null ? null : read(places.copy, places)) ?? NOTHING
  let copying: Promise<void> = Promise.resolve()
  const copy = (text: string) => {
    const { copy: to, failed } = places
    if (to !== null) copying = copying.then(() => replaceFile(to, text, OWN_MODE)).catch(failed)
  }
  const write = async (next: Pick<Ledger, "additions" | "virtualServers">) => {
    const text = encode(next, places.boot)
    replaceFileAtOnce(path, text, OWN_MODE)
    current = ledgerOf(next)
    copy(text)
  }
  return {
    ledger: () => Promise.resolve(current),
    claim: async (model) => {
      const { additions, virtualServers } = tracesOf(model)
      const isClaimed =
        additions.every((one) => current.additions.has(one)) &&
        virtualServers.every((one) => current.virtualServers.has(one))
      if (isClaimed) return
      await write({
        additions: new Set([...current.additions, ...additions]),
        virtualServers: new Set([...current.virtualServers, ...virtualServers]),
      })
    },
    settle: async (model) => {
      const { additions, virtualServers } = tracesOf(model)
      if (additions.length === current.additions.size && virtualServers.length === current.virtualServers.size) return
      await write({ additions: new Set(additions), virtualServers: new Set(virtualServers) })
    },
    idle: () => copying,
  }
}

const NOTHING: Ledger = { ...ledgerOf({ additions: new Set(), virtualServers: new Set() }), isLost: true }

function ledgerOf({ additions, virtualServers }: Pick<Ledger, "additions" | "virtualServers">): Ledger {
  const vips = new Set([...additions].map((line) => line.slice(0, line.indexOf(" "))))
  return { vips, additions, virtualServers, isLost: false }
}

const schema = z.object({
  schema: z.literal(1),
  boot: z.string().nullable(),
  vips: z.array(z.string().regex(/^\S+ \S+$/)),
  virtualServers: z.array(z.string()),
})

function read(path: string, { boot }: LedgerPlaces): Ledger | null {
  const parsed = schema.safeParse(readJson(path, LARGEST))
  if (!parsed.success || (boot !== null && parsed.data.boot !== boot)) return null
  return ledgerOf({ additions: new Set(parsed.data.vips), virtualServers: new Set(parsed.data.virtualServers) })
}

function encode(
  { additions, virtualServers }: Pick<Ledger, "additions" | "virtualServers">,
  boot: string | null,
): string {
  const lines = (items: ReadonlySet<string>) => {
    const sorted = [...items].toSorted().map((item) => JSON.stringify(item))
    return sorted.length === 0 ? "[]" : `[\n${sorted.join(",\n")}\n]`
  }
  const head = `{"schema":1,"boot":${JSON.stringify(boot)}`
  return `${head},"vips":${lines(additions)},"virtualServers":${lines(virtualServers)}}\n`
}

/** Readable only by our own user, like keepalived.conf. */
const OWN_MODE = 0o600
/** Maximum size of a ledger: 1,000 VIPs with 20 virtual servers each are 600 kB. */
const LARGEST = 8 * 1024 * 1024
