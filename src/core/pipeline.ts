import { createModelBuilder } from "./model/build-model.ts"
import type { BuiltModel, ModelInput } from "./model/types.ts"
import type { ModelSettings } from "./model/settings.ts"
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
