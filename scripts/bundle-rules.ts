import type { Metafile } from "esbuild"

/** What a program's bundle must never carry, as a pattern over the paths of its source files, and why. */
interface BundleRule {
  readonly entry: string
  readonly forbidden: RegExp
  readonly reason: string
}

const kubernetesClient = /(^|\/)node_modules\/@kubernetes\/client-node\//

const rules: readonly BundleRule[] = [
  { entry: "src/sidecar/main.ts", forbidden: kubernetesClient, reason: "the sidecar talks to no API server" },
  {
    entry: "src/sidecar/main.ts",
    forbidden: /^src\/(sync|plugin|cli)\//,
    reason: "programs share only what is below them",
  },
  { entry: "src/cli/main.ts", forbidden: kubernetesClient, reason: "every command works from files alone" },
  {
    entry: "src/cli/main.ts",
    forbidden: /^src\/(sync|plugin|sidecar)\//,
    reason: "programs share only what is below them",
  },
  {
    entry: "src/plugin/main.ts",
    forbidden: /^src\/(sync|sidecar|cli)\//,
    reason: "programs share only what is below them",
  },
  {
    entry: "src/sync/main.ts",
    forbidden: /^src\/(sidecar|plugin|cli)\//,
    reason: "programs share only what is below them",
  },
]

/** One message for each source file that a program must not carry; empty when all is well. */
export function forbiddenInputs(meta: Metafile): readonly string[] {
  return rules.flatMap(({ entry, forbidden, reason }) =>
    [...inputsFrom(meta, entry)]
      .filter((input) => forbidden.test(input))
      .map((input) => `Cannot ship ${entry}: its bundle contains ${input}, but ${reason}`),
  )
}

/** The source files reachable from one, itself included, through static and dynamic imports. */
function inputsFrom(meta: Metafile, entry: string): ReadonlySet<string> {
  const reached = new Set<string>()
  const waiting = meta.inputs[entry] === undefined ? [] : [entry]
  for (let input = waiting.pop(); input !== undefined; input = waiting.pop()) {
    if (reached.has(input)) continue
    reached.add(input)
    for (const { path, external } of meta.inputs[input]?.imports ?? []) if (external !== true) waiting.push(path)
  }
  return reached
}
