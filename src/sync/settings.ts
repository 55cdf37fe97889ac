import { Command, CommanderError, Option } from "commander"

import { VARIABLE_PREFIX, VARIABLES } from "../contract/variables.ts"
import { type LogLevel, logLevels } from "../kit/process/log.ts"
import { packageVersion } from "../kit/files/package-file.ts"
import { unknownVariables } from "../kit/process/variables.ts"
import {
  configMapNames,
  namespacedName,
  serverUrl,
  namespaces,
  retainCount,
  ipAddresses,
  portNumber,
} from "./flag-values.ts"
import { isInPod } from "../kubernetes/in-pod.ts"

/** The source of the objects. */
export type SourceSettings =
  | { readonly kind: "directory"; readonly directory: string }
  | {
      readonly kind: "kubernetes"
      /** A kubeconfig; null for the pod's service account. */
      readonly kubeconfig: string | null
      /** URL of the API server, in place of the kubeconfig's server. */
      readonly apiserverHost: string | null
      /** Empty: every namespace that an entry names. */
      readonly watchNamespaces: readonly string[]
      /** A label selector for Nodes; null uses the pod's nodeSelector, and outside of a pod selects all Nodes. */
      readonly nodeSelector: string | null
      /** The sidecar's volume; null: sync does not report. */
      readonly applied: string | null
      /** `namespace/name` of the VipReport; null: that of the first ConfigMap. */
      readonly report: string | null
    }

/** sync's settings. */
export interface Settings {
  readonly source: SourceSettings
  /** The volume to publish in. */
  readonly desired: string
  /** `namespace/name` of the VIP ConfigMaps. Of several entries for one address, that of the first ConfigMap counts. */
  readonly servicesConfigmaps: readonly string[]
  /** Number of generations to keep. */
  readonly retain: number
  /** Publish once and end. */
  readonly once: boolean
  /** Port for probes and Prometheus; 0 for none. */
  readonly httpPort: number
  /** Addresses to listen on. */
  readonly httpAddress: readonly string[]
  readonly logLevel: LogLevel
}

export type SettingsReading =
  | { readonly kind: "settings"; readonly settings: Settings }
  /** The user asked for help, or a flag is not valid; the help or the error is already printed. */
  | { readonly kind: "exit"; readonly status: number }

/** Exit status for an invalid flag. */
const USAGE = 2

/** Reads flags, and the environment for absent flags. */
export function readSettings(argv: readonly string[]): SettingsReading {
  const command = settingsCommand()
  try {
    command.parse(argv, { from: "user" })
    for (const fault of unknownVariables(process.env, { prefix: VARIABLE_PREFIX, known: VARIABLES }))
      command.error(`error: ${fault}`)
    refuseMissing(command)
    refuseNoSource(command)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { kind: "exit", status: error.exitCode === 0 ? 0 : USAGE }
  }
  const { source, kubeconfig, apiserverHost, watchNamespace, nodeSelector, applied, report, ...given } =
    command.opts<Given>()
  const { servicesConfigmap: servicesConfigmaps, ...others } = given
  const rest = { ...others, servicesConfigmaps }
  if (source !== undefined)
    return { kind: "settings", settings: { ...rest, source: { kind: "directory", directory: source } } }
  return {
    kind: "settings",
    settings: {
      ...rest,
      source: {
        kind: "kubernetes",
        kubeconfig: kubeconfig ?? null,
        apiserverHost: apiserverHost ?? null,
        watchNamespaces: watchNamespace,
        nodeSelector: nodeSelector ?? null,
        applied: applied ?? null,
        report: report ?? null,
      },
    },
  }
}

interface Given extends Omit<Settings, "source" | "servicesConfigmaps"> {
  readonly servicesConfigmap: readonly string[]
  readonly source?: string
  readonly kubeconfig?: string
  readonly apiserverHost?: string
  readonly watchNamespace: readonly string[]
  readonly nodeSelector?: string
  readonly applied?: string
  readonly report?: string
}

/** Runs after all flags are read, because an unknown flag may be the mistyped required one. @throws CommanderError */
function refuseMissing(command: Command): void {
  if (command.opts()["servicesConfigmap"] === undefined)
    command.error("error: required option '--services-configmap <namespace/name>' not specified")
}

/** @throws CommanderError */
function refuseNoSource(command: Command): void {
  const { source, kubeconfig, apiserverHost } = command.opts<Given>()
  if ((source ?? kubeconfig ?? apiserverHost) !== undefined || isInPod()) return
  command.error(
    "error: no source of objects: this is not a pod with a service account; give --source, --kubeconfig or --apiserver-host",
  )
}

/** The command line for commander. */
export function settingsCommand(): Command {
  return new Command("kkv sync")
    .description(
      "Mirrors Kubernetes objects to the shared volume, from which sidecars make keepalived's configuration.\n" +
        "They come from the Kubernetes API (in a pod: with its service account) or from a directory of manifests.",
    )
    .addOption(
      new Option(
        "--source <directory>",
        "directory of manifests instead of the API: *.yaml, *.yml, *.json, at any depth",
      )
        .env("KKV_SOURCE")
        .conflicts(["kubeconfig", "apiserverHost", "watchNamespace", "nodeSelector", "applied", "report"]),
    )
    .addOption(
      new Option("--kubeconfig <file>", "kubeconfig for the API; its current context is used").env("KKV_KUBECONFIG"),
    )
    .addOption(
      new Option(
        "--apiserver-host <url>",
        "URL of the API server, such as http://localhost:8080, instead of the kubeconfig's",
      )
        .env("KKV_APISERVER_HOST")
        .argParser(serverUrl),
    )
    .addOption(
      new Option("--watch-namespace <name,...>", "only Services of these namespaces; all if absent or empty")
        .env("KKV_WATCH_NAMESPACE")
        .argParser(namespaces)
        .default([], "all"),
    )
    .addOption(
      new Option(
        "--node-selector <labels>",
        "the Nodes that count, such as edge=true; the pod's own nodeSelector if absent",
      ).env("KKV_NODE_SELECTOR"),
    )
    .addOption(
      new Option(
        "--applied <directory>",
        "the sidecar's volume; its status is reported as Events and in a VipReport",
      ).env("KKV_APPLIED"),
    )
    .addOption(
      new Option("--report <namespace/name>", "the VipReport; the first ConfigMap's name if absent")
        .env("KKV_REPORT")
        .argParser(namespacedName),
    )
    .addOption(
      new Option(
        "--services-configmap <namespace/name>",
        "a ConfigMap whose entries are VIPs; may be repeated: the first that names an address has it",
      )
        .env("KKV_SERVICES_CONFIGMAP")
        .argParser(configMapNames),
    )
    .addOption(
      new Option("--desired <directory>", "volume to publish in").env("KKV_DESIRED").default("/run/kkv/desired"),
    )
    .addOption(
      new Option("--retain <count>", "generations to keep, 1 to 100")
        .env("KKV_RETAIN")
        .argParser(retainCount)
        .default(5),
    )
    .addOption(
      new Option("--http-port <port>", "port for /livez, /readyz and /metrics; 0 for none")
        .env("KKV_HTTP_PORT")
        .argParser(portNumber)
        .default(0),
    )
    .addOption(
      new Option("--http-address <addresses>", "addresses to listen on, separated by commas")
        .env("KKV_HTTP_ADDRESS")
        .argParser(ipAddresses)
        .default(["127.0.0.1"], "127.0.0.1"),
    )
    .addOption(
      new Option("--log-level <level>", "least important events to log")
        .env("KKV_LOG_LEVEL")
        .choices(logLevels)
        .default("info"),
    )
    .option("--once", "publish once and end: 0 when published, 1 when the input is held", false)
    .version(packageVersion(), "--version", "display the version")
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "kkv: ")) })
    .showHelpAfterError("(kkv sync --help shows all flags)")
    .exitOverride()
    .addHelpText("after", EXAMPLES)
}

const EXAMPLES = `
Exit status: 0 done, 1 the input has problems (--once), 2 usage, 3 fault, such as another writer in the volume

Examples:
  In a pod, publish what the Kubernetes API says, and follow it:
    kkv sync --services-configmap default/vips
  The same from outside of the cluster:
    kkv sync --kubeconfig ~/.kube/config --services-configmap default/vips --desired /tmp/desired
  Publish what a git working tree says, and follow it:
    kkv sync --source ./manifests --services-configmap default/vips
  Publish once, into a directory to look at:
    kkv sync --once --source ./manifests --services-configmap default/vips --desired /tmp/desired
    cat /tmp/desired/status.yaml`
