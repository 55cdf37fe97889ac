import { createModelBuilder } from "./model/build-model.ts"
import type { BuiltModel, ModelInput } from "./model/types.ts"
import type { ModelSettings } from "./model/settings.ts"
import { createRenderer, type RenderedConfig } from "./render/render.ts"
import type { TemplateTexts } from "./render/template.ts"

/** The result of a walk from objects to text. */
export interface PipelineResult {
  readonly built: BuiltModel
  /** Null when the model is null. */
  readonly rendered: RenderedConfig | null
}

/**
 * The walk from objects to the text of keepalived.conf, shared by the sidecar and the offline commands. It caches unchanged
 * parts between calls; the result does not depend on the cache.
 */
export function createPipeline(
  settings: ModelSettings,
  templates: TemplateTexts,
): (input: ModelInput) => PipelineResult {
  const build = createModelBuilder(settings)
  const render = createRenderer(templates)
  return (input) => {
    const built = build(input)
    return { built, rendered: built.model === null ? null : render(built.model) }
  }
}
