import { hostname } from "node:os"
import { Command, CommanderError, Option } from "commander"
import { VARIABLE_PREFIX, VARIABLES } from "../../contract/variables.ts"
import { familyOf } from "../../core/address/ip.ts"
import { isInterfaceName } from "../../core/address/pattern.ts"
import { GUARD_PERCENT } from "../../core/model/guards.ts"
import { MODEL_FLAGS, modelSettingsFrom } from "../../core/model/flags.ts"
import { modelTextsIn, optionKey } from "../../core/model/option-texts.ts"
import { parseProfile, PROFILE_FLAG, takeProfile } from "../../core/model/profile/profiles.ts"
import type { ModelSettings } from "../../core/model/settings.ts"
import { type LogLevel, logLevels } from "../../kit/process/log.ts"
import { standardError } from "../../kit/process/output.ts"
import { unknownVariables } from "../../kit/process/variables.ts"
import { packageVersion } from "../../kit/files/package-file.ts"

/** Everything that flags decide. Read once, at the start. */
export interface SidecarSettings {
  readonly desired: string
  readonly applied: string
  readonly state: string
  readonly runDirectory: string
  readonly service: string
  readonly keepalived: string
  readonly node: string
  /** Null: the interface that has the node's address, or whose subnet contains it. */
  readonly interface: string | null
  readonly model: ModelSettings
  readonly snat: "masquerade" | "none"
  readonly releaseVips: boolean
  /** Whether the sidecar asks the LAN for a VIP before it announces the VIP for the first time. */
  readonly askLan: boolean
  readonly metricsPerVip: boolean
  readonly drainTimeMs: number
  readonly soakMs: number
  /** Time between two comparisons with the kernel. */
  readonly driftMs: number
  readonly archiveCount: number
  readonly archiveBytes: number
  /** Percentage of working VIPs or virtual servers (at least three) that a change must not exceed; 100 for no limit. */
  readonly guardPercent: number
  /** Time after which the loss of most endpoints is accepted. */
  readonly guardMs: number
  /** TCP port on which other nodes are probed; 0 disables probing. */
  readonly nodeProbePort: number
  readonly httpPort: number
  /** Addresses of this machine, at least one. */
  readonly httpAddresses: readonly string[]
  /** The program that is told each role of this node; null for none. */
  readonly notify: { readonly program: string; readonly limitMs: number } | null
  readonly logLevel: LogLevel
}

export type ParsedSettings =
  | { readonly kind: "settings"; readonly settings: SidecarSettings }
  /** The command line asks for help, or is wrong; the output is already written. */
  | { readonly kind: "exit"; readonly status: number }

const MIB = 1024 * 1024

/** Reads the flags; an environment variable (`KKV_` and the flag's name) replaces an absent flag. */
export function parseSettings(argv: readonly string[]): ParsedSettings {
  const command = commandOf()
  try {
    command.parse([...argv], { from: "user" })
    for (const fault of unknownVariables(process.env, { prefix: VARIABLE_PREFIX, known: VARIABLES }))
      command.error(`error: ${fault}`)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { kind: "exit", status: error.exitCode === 0 ? 0 : 2 }
  }
  // An unknown profile is one of the faults later.
  takeProfile(command)
  return fromOptions(command.opts<Options>())
}

type Options = Readonly<Record<string, string | true | undefined>>

/** The command line for commander. */
export function commandOf(): Command {
  const command = new Command("kkv sidecar")
    .description(
      "Watches desired/, tests each generation, and applies it to keepalived. Needs keepalived, its supervisor, NET_ADMIN and NET_RAW.",
    )
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "kkv: ")) })
    .showHelpAfterError("(kkv sidecar --help shows all flags)")
  for (const [flags, description, fallback] of PLAIN_FLAGS) command.addOption(optionOf(flags, description, fallback))
  for (const flag of Object.values(MODEL_FLAGS)) {
    const value = flag.value === null ? "[true|false]" : `<${flag.value}>`
    command.addOption(optionOf(`${flag.flag} ${value}`, flag.description, flag.default))
  }
  return command.version(packageVersion(), "--version", "display the version").addHelpText("after", EXAMPLES)
}

const PLAIN_FLAGS: readonly (readonly [flags: string, description: string, fallback: string | undefined])[] = [
  ["--desired <dir>", "the volume that sync writes", "/run/kkv/desired"],
  ["--applied <dir>", "directory of keepalived.conf, status.yaml and the journal", "/run/kkv/applied"],
  [
    "--state <dir>",
    "directory on the node for the last known good configuration and the archive",
    "/var/lib/kube-keepalived-vip",
  ],
  ["--run-dir <dir>", "directory of keepalived's pid files, log and release file", "/run/keepalived"],
  ["--service <dir>", "s6 service directory of keepalived", "/run/service/keepalived"],
  ["--keepalived <file>", "the keepalived program", "/usr/sbin/keepalived"],
  [`${PROFILE_FLAG.flag} <${PROFILE_FLAG.value}>`, PROFILE_FLAG.description, PROFILE_FLAG.default],
  ["--node <name>", "name of this node's Node object (default: the host's name)", undefined],
  ["--iface <name>", "interface of the VIPs (default: the one that has the node's address, or its subnet)", undefined],
  ["--snat <masquerade|none>", "whether replies of pods behind NAT return through this node", "masquerade"],
  ["--release-vips [true|false]", "hand the VIPs over to a peer before keepalived stops", "true"],
  [
    "--ask-lan [true|false]",
    "ask by ARP whether a VIP is in use before announcing it for the first time; never with --layout classic",
    "true",
  ],
  ["--drain-time <seconds>", "how long a removed real server may finish its connections", "30"],
  ["--soak <seconds>", "how long a configuration must run to become the last known good one", "15"],
  ["--drift-interval <seconds>", "interval between comparisons with the kernel", "60"],
  ["--archive-count <number>", "maximum archived generations", "100"],
  ["--archive-mib <number>", "maximum total size of archived generations, in MiB", "64"],
  [
    "--guard-percent <number>",
    "hold a change that removes more than this percentage of VIPs or virtual servers (and at least 3); 100: never",
    String(GUARD_PERCENT),
  ],
  ["--guard-time <seconds>", "how long the loss of most endpoints must last before it is applied", "60"],
  [
    "--node-probe-port <port>",
    "TCP port to probe nodes with real servers; a refused connection counts as alive; 0: never",
    "10256",
  ],
  ["--http-port <port>", "port of health, metrics and status; 0 for none", "8080"],
  [
    "--http-address <addresses>",
    "addresses to listen on, separated by commas; the pages and /status.json only on loopback ones",
    "127.0.0.1",
  ],
  ["--metrics-per-vip [true|false]", "have metrics that name each VIP: about six series for each entry", "false"],
  [
    "--notify <file>",
    "program to call with INSTANCE, name, state and priority when the role changes (also env: KEEPALIVED_NOTIFY)",
    undefined,
  ],
  ["--notify-time <seconds>", "how long that program may run", "30"],
  [`--log-level <${logLevels.join("|")}>`, "lowest level of lines to log", "info"],
]

const EXAMPLES = `
Examples:
  kkv sidecar --node worker-1
  kkv sidecar --desired /run/kkv/desired --applied /run/kkv/applied --use-unicast --advert-interval 0.2
Every flag can be given as an environment variable: --drain-time is KKV_DRAIN_TIME.`

function optionOf(flags: string, description: string, fallback: string | undefined): Option {
  const name = /--([a-z-]+)/.exec(flags)?.[1] ?? ""
  const option = new Option(flags, description).env(`KKV_${name.toUpperCase().replaceAll("-", "_")}`)
  return fallback === undefined ? option : option.default(fallback)
}

function fromOptions(options: Options): ParsedSettings {
  const faults: string[] = []
  const text = (name: string) => (options[name] === true ? "true" : (options[name] ?? ""))
  const wrong = (flag: string, reason: string) =>
    faults.push(`Cannot use ${flag} "${text(optionKey(flag))}": ${reason}`)
  const number = (flag: string, least: number, most: number) => {
    const given = text(optionKey(flag))
    const value = /^\d+(\.\d+)?$/.test(given) ? Number(given) : Number.NaN
    if (!(value >= least && value <= most)) wrong(flag, `expected a number from ${least} to ${most}`)
    return value
  }
  const choice = <T extends string>(flag: string, choices: readonly [T, ...T[]]): T => {
    const found = choices.find((one) => one === text(optionKey(flag)))
    if (found === undefined) wrong(flag, `expected ${choices.join(" or ")}`)
    return found ?? choices[0]
  }
  const runDirectory = text("runDir")
  const model = modelSettingsFrom(modelTextsIn(options), `${runDirectory}/release`)
  if (model.kind === "wrong")
    for (const fault of model.faults) faults.push(`Cannot use ${fault.flag} "${fault.text}": ${fault.reason}`)
  // The variable of release 0.35.
  const program = text("notify") || (process.env["KEEPALIVED_NOTIFY"] ?? "")
  if (!/^(?:\/[!-~]+)?$/.test(program))
    faults.push(`Cannot use --notify "${program}": expected the absolute path of a program, without arguments`)
  const settings: Omit<SidecarSettings, "model"> = {
    desired: text("desired"),
    applied: text("applied"),
    state: text("state"),
    runDirectory,
    service: text("service"),
    keepalived: text("keepalived"),
    node: text("node") === "" ? hostname() : text("node"),
    interface: text("iface") === "" ? null : text("iface"),
    snat: choice("--snat", ["masquerade", "none"]),
    releaseVips: choice("--release-vips", ["true", "false"]) === "true",
    askLan: choice("--ask-lan", ["true", "false"]) === "true",
    drainTimeMs: number("--drain-time", 0, 3600) * 1000,
    soakMs: number("--soak", 0, 3600) * 1000,
    driftMs: number("--drift-interval", 1, 86_400) * 1000,
    archiveCount: number("--archive-count", 1, 10_000),
    archiveBytes: number("--archive-mib", 1, 10_000) * MIB,
    guardPercent: number("--guard-percent", 0, 100),
    guardMs: number("--guard-time", 0, 86_400) * 1000,
    nodeProbePort: number("--node-probe-port", 0, 65_535),
    httpPort: number("--http-port", 0, 65_535),
    httpAddresses: text("httpAddress").split(","),
    metricsPerVip: choice("--metrics-per-vip", ["true", "false"]) === "true",
    notify: program === "" ? null : { program, limitMs: number("--notify-time", 1, 600) * 1000 },
    logLevel: choice("--log-level", logLevels),
  }
  const profile = parseProfile(text("profile"))
  if (profile.kind === "wrong") wrong("--profile", profile.reason)
  if (settings.interface !== null && !isInterfaceName(settings.interface))
    wrong("--iface", "expected the name of an interface")
  if (!settings.httpAddresses.every((address) => familyOf(address) !== null))
    wrong("--http-address", "expected IP addresses, separated by commas")
  if (faults.length === 0 && model.kind === "settings")
    return { kind: "settings", settings: { ...settings, model: model.settings } }
  for (const fault of faults) standardError().write(`kkv: ${fault}\n`)
  return { kind: "exit", status: 2 }
}
