import type { Checked, Problem } from "../kit/problem.ts"
import { type BuiltModel, createModelBuilder, type ModelInput } from "./model/build-model.ts"
import type { ModelCode } from "./model/codes.ts"
import type { ModelSettings } from "./model/settings.ts"
import type { ClusterObjects, ConfigMap, Placed } from "./objects/kinds.ts"
import { createRenderer, type RenderedConfig } from "./render/render.ts"
import type { TemplateTexts } from "./render/template.ts"

/** Where the walk from objects to text ended. */
export interface Walk {
  readonly built: BuiltModel
  /** Null when there is no model to render. */
  readonly rendered: RenderedConfig | null
}

/**
 * The one walk from objects to the text of keepalived.conf, shared by the sidecar and the offline commands. It keeps what
 * did not change from one call to the next; the result never depends on that.
 */
export function createPipeline(settings: ModelSettings, templates: TemplateTexts): (input: ModelInput) => Walk {
  const build = createModelBuilder(settings)
  const render = createRenderer(templates)
  return (input) => {
    const built = build(input)
    return { built, rendered: built.model === null ? null : render(built.model) }
  }
}

/**
 * The ConfigMap that holds the VIPs.
 *
 * @param name `namespace/name`, or null: then the only ConfigMap there is.
 */
export function vipConfigMapOf(
  objects: ClusterObjects,
  name: string | null,
): Checked<Placed<ConfigMap> | null, ModelCode> {
  const all = [...objects.configMaps.keys()]
  const key = name ?? (all.length === 1 ? all[0] : undefined)
  const found = key === undefined ? undefined : objects.configMaps.get(key)
  if (found !== undefined) return { value: found, problems: [] }
  const seen = all.length === 0 ? "no ConfigMap at all" : `only ${all.map((one) => `"${one}"`).join(", ")}`
  const message =
    name === null
      ? `Cannot tell which ConfigMap holds the VIPs: there is ${all.length === 0 ? seen : "more than one"}; name it with --services-configmap=namespace/name`
      : `Cannot find ConfigMap "${name}", which should hold the VIPs: there is ${seen}`
  const problem: Problem<ModelCode> = {
    code: "CONFIGMAP_MISSING",
    severity: "error",
    path: [`ConfigMap ${name ?? ""}`.trim()],
    place: null,
    message,
  }
  return { value: null, problems: [problem] }
}
