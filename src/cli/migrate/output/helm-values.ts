import { stringify } from "yaml"

import { byAddress, type Target } from "../target.ts"
import { YAML } from "./config-map.ts"
import { variablesOf } from "./kustomization.ts"

/** Values of the chart that make the same objects as the kustomization. */
export function valuesText(target: Target): string {
  const { placement, watchNamespaces, sync } = target
  const { "--vrid": vrid, "--iface": iface, "--advert-interval": interval, ...others } = target.sidecar
  const { "--use-unicast": unicast, "--http-port": port, "--profile": profile, ...rest } = others
  const { nodeSelector, tolerations, affinity } = placement
  const value = {
    vips: Object.fromEntries(target.entries.toSorted(byAddress).map(({ address, text }) => [address, text])),
    ...(vrid !== undefined && { vrid: Number(vrid) }),
    ...(profile !== undefined && { profile }),
    ...(iface !== undefined && { iface }),
    ...(interval !== undefined && { advertInterval: Number(interval) }),
    ...(unicast !== undefined && { unicast: unicast === "true" }),
    ...(watchNamespaces.length > 0 && { watchNamespaces }),
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
    ...(tolerations !== null && { tolerations }),
    ...(affinity !== null && { affinity }),
    ...(Object.keys(sync).length > 0 && { sync: { extraEnv: variablesOf(sync) } }),
    ...((port !== undefined || Object.keys(rest).length > 0) && {
      sidecar: {
        ...(port !== undefined && { httpPort: Number(port) }),
        ...(Object.keys(rest).length > 0 && { extraEnv: variablesOf(rest) }),
      },
    }),
  }
  return `${HEAD}${stringify(value, YAML)}`
}

const HEAD = "# Written by kkv migrate: values of the chart, in place of kustomization.yaml.\n"
