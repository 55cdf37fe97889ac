import { INTERFACE } from "../../../core/address/pattern.ts"
import { DNS_LABEL } from "../../../core/objects/schema.ts"
import type { Differences } from "../differences.ts"
import { MOST_ROUTERS, type Target } from "../target.ts"
import type { Installation } from "./workload.ts"

type Settings = Pick<Target, "sidecar" | "sync" | "watchNamespaces">

/** A setting in the making. */
interface Making {
  readonly installation: Installation
  readonly differences: Differences
  readonly sidecar: Record<string, string>
  readonly sync: Record<string, string>
  watchNamespaces: readonly string[]
}

/** What the flags and the environment of 0.35 become. */
export function settingsOf(installation: Installation, differences: Differences): Settings {
  // What 0.35 did without a flag.
  const sidecar = { "--profile": "0.35" }
  const making: Making = { installation, differences, sidecar, sync: {}, watchNamespaces: [] }
  takeRouterId(making)
  for (const [flag, text] of installation.flags) {
    const take = Object.hasOwn(FLAGS, flag) ? FLAGS[flag] : undefined
    if (take !== undefined) take(making, text)
    else missing(making, `--${flag}=${text}`, "look for its meaning in docs/settings.md")
  }
  for (const [name, text] of installation.env) takeVariable(making, name, text)
  const { sync, watchNamespaces } = making
  return { sidecar: making.sidecar, sync, watchNamespaces }
}

const FLAGS: Readonly<Record<string, (making: Making, text: string) => void>> = {
  "services-configmap": () => undefined,
  // Written by takeRouterId().
  vrid: () => undefined,
  iface: (making, text) => takeText(making, { flag: "--iface", text, isValid: INTERFACE_OR_NONE, fallback: "" }),
  "http-port": (making, text) => {
    takeText(making, { flag: "--http-port", text, isValid: PORT, fallback: "8080" })
    const todo = "ask 127.0.0.1, or set --http-address"
    different(making, { was: `--http-port=${text}`, becomes: "the same port, on 127.0.0.1 only", todo })
  },
  "vrrp-version": (making, text) =>
    takeText(making, { flag: "--vrrp-version", text, isValid: /^[23]$/, fallback: "3" }),
  "use-unicast": (making, text) =>
    takeText(making, { flag: "--use-unicast", text: switchText(text), isValid: SWITCH, fallback: "false" }),
  "release-vips": (making, text) =>
    takeText(making, { flag: "--release-vips", text: switchText(text), isValid: SWITCH, fallback: "true" }),
  "watch-namespace": (making, text) => {
    if (text === "") return
    if (DNS_LABEL.test(text)) making.watchNamespaces = [text]
    else missing(making, `--watch-namespace=${text}`, "name the namespace again")
  },
  "proxy-protocol-mode": (making, text) => {
    if (switchText(text) !== "false") missing(making, `--proxy-protocol-mode=${text}`, "see docs/client-address.md")
  },
  "apiserver-host": (making, text) => {
    if (text !== "") making.sync["--apiserver-host"] = text
  },
  kubeconfig: (making, text) => {
    if (text !== "") missing(making, `--kubeconfig=${text}`, "use the ServiceAccount, or mount the file into sync")
  },
  ...Object.fromEntries(
    ["v", "logtostderr", "alsologtostderr", "stderrthreshold", "vmodule", "log_dir", "log-dir"].map((flag) => [
      flag,
      (making: Making, text: string) =>
        different(making, {
          was: `--${flag}=${text}`,
          becomes: "one JSON text a line",
          todo: "set --log-level for more",
        }),
    ]),
  ),
}

/** An empty text leaves the choice to 0.35. */
const INTERFACE_OR_NONE = new RegExp(`^(?:${INTERFACE})?$`)
const PORT = /^[1-9]\d{0,4}$/
const SWITCH = /^(?:true|false)$/

/** As Go reads a bool. */
function switchText(text: string): string {
  if (/^(?:1|t|true)$/i.test(text)) return "true"
  return /^(?:0|f|false)$/i.test(text) ? "false" : text
}

interface Taken {
  readonly flag: string
  readonly text: string
  readonly isValid: RegExp
  /** The default here and there. */
  readonly fallback: string
}

function takeText(making: Making, { flag, text, isValid, fallback }: Taken): void {
  if (!isValid.test(text)) missing(making, `${flag}=${text}`, "set the flag to a valid value")
  else if (text !== fallback) making.sidecar[flag] = text
}

/** Both form one VRRP group while nodes change from one to the other. */
function takeRouterId(making: Making): void {
  const text = making.installation.flags.get("vrid") ?? OLD_ROUTER_ID
  const isValid = /^[1-9]\d{0,2}$/.test(text) && Number(text) <= MOST_ROUTERS
  if (!isValid) missing(making, `--vrid=${text}`, "set --vrid to the number that adverts have: tcpdump -n vrrp")
  else if (text !== OLD_ROUTER_ID) making.sidecar["--vrid"] = text
}

/** Default of the flag, here as well. */
const OLD_ROUTER_ID = "50"

function takeVariable(making: Making, name: string, text: string): void {
  if (name === "POD_NAME" || name === "POD_NAMESPACE") return
  const was = `environment variable ${name}${text === "" ? "" : `=${text}`}`
  if (name !== "KEEPALIVED_NOTIFY") return missing(making, was, "look for its meaning")
  const becomes = "nothing yet: the script has to come into the new container, and runs without privileges"
  making.differences.missing({
    ...{ place: making.installation.place, was, becomes },
    todo: "add components/notify with the script (docs/maintenance.md)",
  })
}

function different({ installation, differences }: Making, said: { was: string; becomes: string; todo?: string }): void {
  differences.different({ place: installation.place, ...said })
}

function missing({ installation, differences }: Making, was: string, todo: string): void {
  differences.missing({ place: installation.place, was, becomes: "nothing", todo })
}
