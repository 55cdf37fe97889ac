import { ANY, parseVipRanges } from "../address/ranges.ts"
import { LONGEST_PERSISTENCE, type Scheduler, SCHEDULERS } from "../declare/schedulers.ts"
import type { Layout, ModelSettings } from "./settings.ts"

/** A command-line flag that decides a field of the model. All programs share this table. */
export interface ModelFlag<T> {
  /** The name with its dashes: `--vrid`. */
  readonly flag: `--${string}`
  /** The placeholder of the value in a help text, such as `1-255`; null for a switch, whose text is `true` or `false`. */
  readonly value: string | null
  /** One line for a help text. */
  readonly description: string
  /** The text of the default value. */
  readonly default: string
  readonly parse: (text: string) => ParsedFlag<T>
}

export type ParsedFlag<T> =
  | { readonly kind: "value"; readonly value: T }
  /** `reason` follows a colon: `expected a whole number from 1 to 255`. */
  | { readonly kind: "wrong"; readonly reason: string }

/** The settings that have a flag of their own. */
export type ModelFlagName = Exclude<keyof ModelSettings, "releaseFile">

const NO_NETWORK = "none"

export const MODEL_FLAGS: { readonly [Name in ModelFlagName]: ModelFlag<ModelSettings[Name]> } = {
  virtualRouterId: {
    flag: "--vrid",
    value: "1-255",
    description: "virtual router ID; unique on the LAN, the same on all nodes",
    default: "50",
    parse: (text) => wholeNumber(text, 1, 255),
  },
  vrrpVersion: {
    flag: "--vrrp-version",
    value: "2|3",
    description: "version of VRRP; the same on all nodes",
    default: "3",
    parse: (text) => oneOf(text, VRRP_VERSIONS),
  },
  advertInterval: {
    flag: "--advert-interval",
    value: "seconds",
    description: "interval between adverts of the master; a backup waits three times as long",
    default: "1",
    parse: advertInterval,
  },
  useUnicast: {
    flag: "--use-unicast",
    value: null,
    description: "send adverts to the other nodes' addresses instead of the multicast group",
    default: "false",
    parse: (text) => oneOf(text, BOOLEANS),
  },
  peerNetwork: {
    flag: "--peer-network",
    value: "network",
    description: "network of the nodes' addresses for unicast adverts, such as 10.8.0.0/24",
    default: NO_NETWORK,
    parse: (text) => {
      if (text === NO_NETWORK) return { kind: "value", value: null }
      const ranges = text === ANY ? null : parseVipRanges(text)
      const [value] = ranges ?? []
      return value === undefined || ranges?.length !== 1
        ? { kind: "wrong", reason: "expected one IPv4 network, such as 10.8.0.0/24, or none" }
        : { kind: "value", value }
    },
  },
  layout: {
    flag: "--layout",
    value: "anchor|classic",
    description: "what adverts carry: one fixed address, or every VIP as in release 0.35; the same on all nodes",
    default: "anchor",
    parse: (text) => oneOf(text, LAYOUTS),
  },
  scheduler: {
    flag: "--scheduler",
    value: "name",
    description: `how IPVS chooses a real server: ${SCHEDULERS.join(", ")}`,
    default: "wlc",
    parse: (text) => oneOf(text, new Map<string, Scheduler>(SCHEDULERS.map((name) => [name, name]))),
  },
  persistenceTimeout: {
    flag: "--persistence-timeout",
    value: "seconds",
    description: "how long a client stays with its real server; 0 disables persistence",
    default: "0",
    parse: (text) => wholeNumber(text, 0, LONGEST_PERSISTENCE),
  },
  check: {
    flag: "--check",
    value: "none|tcp",
    description: "how keepalived itself checks real servers; tcp opens a connection",
    default: "none",
    parse: (text) => oneOf(text, CHECKS),
  },
  vipRanges: {
    flag: "--vip-ranges",
    value: "networks",
    description: "networks of allowed VIPs, such as 10.4.0.48/28,10.4.0.80; other entries are left out",
    default: ANY,
    parse: (text) => {
      const value = parseVipRanges(text)
      return value === null ? { kind: "wrong", reason: RANGES_EXPECTED } : { kind: "value", value }
    },
  },
}

const RANGES_EXPECTED = "expected IPv4 networks or addresses separated by commas, such as 10.4.0.48/28,10.4.0.80"

/** The names of all flags, in the order of a help text. */
export const MODEL_FLAG_NAMES = [
  "virtualRouterId",
  "vrrpVersion",
  "advertInterval",
  "useUnicast",
  "peerNetwork",
  "layout",
  "scheduler",
  "persistenceTimeout",
  "check",
  "vipRanges",
] as const satisfies readonly ModelFlagName[]

/** Default path of the file into which the agent writes 1 to release the VIPs. */
export const DEFAULT_RELEASE_FILE = "/run/keepalived/release"

/** Path of the file into which the agent writes a drained node's change of priority: it lies beside the other. */
export function drainedFileOf(releaseFile: string): string {
  return `${releaseFile.slice(0, releaseFile.lastIndexOf("/"))}/drained`
}

/** Why a flag's value cannot be used. */
export interface FlagFault {
  readonly flag: string
  readonly text: string
  readonly reason: string
}

/**
 * Makes settings from the texts of flags. An absent flag has its default.
 *
 * @param releaseFile Absolute path of the file that releases the VIPs.
 * @returns the settings, or all faults at once.
 */
export function modelSettingsFrom(
  texts: Readonly<Partial<Record<ModelFlagName, string | undefined>>>,
  releaseFile: string = DEFAULT_RELEASE_FILE,
):
  | { readonly kind: "settings"; readonly settings: ModelSettings }
  | { readonly kind: "wrong"; readonly faults: readonly FlagFault[] } {
  const faults: FlagFault[] = []
  const read = <T>(flag: ModelFlag<T>, text: string = flag.default): T => {
    const parsed = flag.parse(text)
    if (parsed.kind === "value") return parsed.value
    faults.push({ flag: flag.flag, text, reason: parsed.reason })
    return defaultOf(flag)
  }
  const settings: ModelSettings = {
    virtualRouterId: read(MODEL_FLAGS.virtualRouterId, texts.virtualRouterId),
    vrrpVersion: read(MODEL_FLAGS.vrrpVersion, texts.vrrpVersion),
    advertInterval: read(MODEL_FLAGS.advertInterval, texts.advertInterval),
    useUnicast: read(MODEL_FLAGS.useUnicast, texts.useUnicast),
    peerNetwork: read(MODEL_FLAGS.peerNetwork, texts.peerNetwork),
    layout: read(MODEL_FLAGS.layout, texts.layout),
    scheduler: read(MODEL_FLAGS.scheduler, texts.scheduler),
    persistenceTimeout: read(MODEL_FLAGS.persistenceTimeout, texts.persistenceTimeout),
    check: read(MODEL_FLAGS.check, texts.check),
    vipRanges: read(MODEL_FLAGS.vipRanges, texts.vipRanges),
    releaseFile,
  }
  const together = advertReason(settings)
  if (together !== null) {
    const { flag, default: text } = MODEL_FLAGS.advertInterval
    faults.push({ flag, text: texts.advertInterval ?? text, reason: together })
  }
  return faults.length === 0 ? { kind: "settings", settings } : { kind: "wrong", faults }
}

function defaultOf<T>(flag: ModelFlag<T>): T {
  const parsed = flag.parse(flag.default)
  if (parsed.kind === "value") return parsed.value
  throw new TypeError(`Cannot use the default of ${flag.flag}: ${parsed.reason}`)
}

/** Why the VRRP version does not allow the interval (RFC 9568, 5.2.7; RFC 3768, 5.3.7); null when it does. */
function advertReason({ vrrpVersion, advertInterval }: ModelSettings): string | null {
  if (vrrpVersion === 2 && !Number.isInteger(advertInterval))
    return "VRRP version 2 supports whole seconds only (expected a whole number, or --vrrp-version 3)"
  if (vrrpVersion === 3 && advertInterval > LONGEST_ADVERT_3)
    return `VRRP version 3 supports at most ${LONGEST_ADVERT_3} seconds (expected less, or --vrrp-version 2)`
  return null
}

/** 12 bits of hundredths of a second (RFC 9568, 5.2.7). */
const LONGEST_ADVERT_3 = 40.95
/** 8 bits of seconds (RFC 3768, 5.3.7). */
const LONGEST_ADVERT_2 = 255

const VRRP_VERSIONS = new Map<string, 2 | 3>([
  ["2", 2],
  ["3", 3],
])
const LAYOUTS = new Map<string, Layout>([
  ["anchor", "anchor"],
  ["classic", "classic"],
])
const BOOLEANS = new Map([
  ["true", true],
  ["false", false],
])
const CHECKS = new Map<string, "none" | "tcp">([
  ["none", "none"],
  ["tcp", "tcp"],
])

function wholeNumber(text: string, least: number, most: number): ParsedFlag<number> {
  const value = /^(?:0|[1-9]\d{0,8})$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return { kind: "value", value }
  return { kind: "wrong", reason: `expected a whole number from ${least} to ${most}` }
}

function oneOf<T>(text: string, choices: ReadonlyMap<string, T>): ParsedFlag<T> {
  const value = choices.get(text)
  if (value !== undefined) return { kind: "value", value }
  return { kind: "wrong", reason: `expected ${[...choices.keys()].join(", ").replace(/, ([^,]*)$/, " or $1")}` }
}

function advertInterval(text: string): ParsedFlag<number> {
  const value = /^(?:0|[1-9]\d{0,2})(?:\.\d{1,2})?$/.test(text) ? Number(text) : Number.NaN
  if (value >= 0.01 && value <= LONGEST_ADVERT_2) return { kind: "value", value }
  return { kind: "wrong", reason: `expected seconds from 0.01 to ${LONGEST_ADVERT_3}, with at most two decimals` }
}
