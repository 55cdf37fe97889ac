import { Command, CommanderError, Option } from "commander"

import { VARIABLE_PREFIX, VARIABLES } from "../contract/variables.ts"
import { type LogLevel, logLevels } from "../kit/log.ts"
import { packageVersion } from "../kit/package-file.ts"
import { unknownVariables } from "../kit/variables.ts"
import { namespacedName, serverUrl, namespaces, retainCount, ipAddresses, portNumber } from "./flag-values.ts"
import { isInPod } from "./kubernetes/in-pod.ts"

/** Where the objects come from. */
export type SourceSettings =
  | { readonly kind: "directory"; readonly directory: string }
  | {
      readonly kind: "kubernetes"
      /** A kubeconfig; null for the pod's service account. */
      readonly kubeconfig: string | null
      /** URL of the API server, in place of the kubeconfig's. */
      readonly apiserverHost: string | null
      /** Empty: every namespace that an entry names. */
      readonly watchNamespaces: readonly string[]
      /** A label selector for Nodes; null takes the pod's nodeSelector, and outside of a pod all Nodes. */
      readonly nodeSelector: string | null
      /** The sidecar's volume; null: nothing is reported. */
      readonly applied: string | null
      /** `namespace/name` of the VipReport; null: named as the ConfigMap. */
      readonly report: string | null
    }

/** What sync is told at its start. */
export interface Settings {
  readonly source: SourceSettings
  /** The volume to publish in. */
  readonly desired: string
  /** `namespace/name` of the VIP ConfigMap. */
  readonly servicesConfigmap: string
  /** How many generations are kept. */
  readonly retain: number
  /** Publish once and end. */
  readonly once: boolean
  /** Port on which probes and Prometheus are answered; 0 for none. */
  readonly httpPort: number
  /** Where to answer. */
  readonly httpAddress: readonly string[]
  readonly logLevel: LogLevel
}

export type SettingsReading =
  | { readonly kind: "settings"; readonly settings: Settings }
  /** Help was asked for, or a flag cannot be used; it has been said to the person already. */
  | { readonly kind: "exit"; readonly status: number }

/** Exit status for a flag that cannot be used. */
const USAGE = 2

/** Reads flags, and the environment where a flag is absent. */
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
  const { source, kubeconfig, apiserverHost, watchNamespace, nodeSelector, applied, report, ...rest } =
    command.opts<Given>()
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

interface Given extends Omit<Settings, "source"> {
  readonly source?: string
  readonly kubeconfig?: string
  readonly apiserverHost?: string
  readonly watchNamespace: readonly string[]
  readonly nodeSelector?: string
  readonly applied?: string
  readonly report?: string
}

/** After all flags were read: one that is not known may be the one that is missing. @throws CommanderError */
function refuseMissing(command: Command): void {
  if (command.opts()["servicesConfigmap"] === undefined)
    command.error("error: required option '--services-configmap <namespace/name>' not specified")
}

/** @throws CommanderError */
function refuseNoSource(command: Command): void {
  const { source, kubeconfig, apiserverHost } = command.opts<Given>()
  if ((source ?? kubeconfig ?? apiserverHost) !== undefined || isInPod()) return
  command.error(
    "error: no source of objects: this is no pod with a service account; give --source, --kubeconfig or --apiserver-host",
  )
}

function settingsCommand(): Command {
  return new Command("kkv sync")
    .description(
      "Mirrors Kubernetes objects to the shared volume, from which sidecars make keepalived's configuration.\n" +
        "They come from the Kubernetes API, in a pod with its service account, or from a directory of manifests.",
    )
    .addOption(
      new Option("--source <directory>", "no API: directory of manifests, *.yaml, *.yml, *.json, at any depth")
        .env("KKV_SOURCE")
        .conflicts(["kubeconfig", "apiserverHost", "watchNamespace", "nodeSelector", "applied", "report"]),
    )
    .addOption(
      new Option("--kubeconfig <file>", "reach the API as this file says, in its current context").env(
        "KKV_KUBECONFIG",
      ),
    )
    .addOption(
      new Option(
        "--apiserver-host <url>",
        "the API server, such as http://localhost:8080, in place of the kubeconfig's",
      )
        .env("KKV_APISERVER_HOST")
        .argParser(serverUrl),
    )
    .addOption(
      new Option("--watch-namespace <name,...>", "only Services of these namespaces; all where absent or empty")
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
        "the sidecar's volume: how it fares is reported as Events and in a VipReport",
      ).env("KKV_APPLIED"),
    )
    .addOption(
      new Option("--report <namespace/name>", "the VipReport; named as the ConfigMap if absent")
        .env("KKV_REPORT")
        .argParser(namespacedName),
    )
    .addOption(
      new Option("--services-configmap <namespace/name>", "the ConfigMap whose entries are VIPs")
        .env("KKV_SERVICES_CONFIGMAP")
        .argParser(namespacedName),
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
      new Option("--http-port <port>", "answers /livez, /readyz and /metrics; 0 for none")
        .env("KKV_HTTP_PORT")
        .argParser(portNumber)
        .default(0),
    )
    .addOption(
      new Option("--http-address <addresses>", "where to answer, commas between")
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
