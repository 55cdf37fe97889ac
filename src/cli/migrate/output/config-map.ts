import { stringify } from "yaml"

import { byAddress, CONFIG_MAP, NAMESPACE, type TargetEntry } from "../target.ts"

/** YAML that every reader reads alike: no line is broken, and nothing is an alias. */
export const YAML = { lineWidth: 0, aliasDuplicateObjects: false, version: "1.1" } as const

/** The ConfigMap of the entries, in the order of their addresses. */
export function configMapText(entries: readonly TargetEntry[]): string {
  const data = Object.fromEntries(entries.toSorted(byAddress).map(({ address, text }) => [address, text]))
  const metadata = { name: CONFIG_MAP, namespace: NAMESPACE }
  return `${HEAD}${stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data }, YAML)}`
}

const HEAD = "# Written by kkv migrate.\n"
