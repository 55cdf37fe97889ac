import Handlebars from "handlebars"

import { checkData, templateFieldsOf, sampleOf, type TemplateData } from "./template-fields.ts"

/** The texts of templates/*.hbs, by name without extension. */
export type TemplateTexts = Readonly<Record<TemplateName, string>>

export const TEMPLATE_NAMES = ["keepalived.conf", "vrrp-instance", "virtual-server"] as const

export type TemplateName = (typeof TEMPLATE_NAMES)[number]

export interface Templates {
  /** Head of the file: `global_defs` and the tracked file. */
  head(data: TemplateData): string
  /** One vrrp_instance block. */
  instance(data: TemplateData): string
  /** One virtual_server block. */
  virtualServer(data: TemplateData): string
}

/**
 * Compiles the templates with the unsafe features of the library disabled: no HTML escaping, no built-in functions, no
 * prototype access, no missing names. One function checks every value against keepalived's syntax.
 *
 * @throws when a template does not parse or cannot be filled; the program then ends at startup.
 */
export function compileTemplates(texts: TemplateTexts): Templates {
  const engine = Handlebars.create()
  for (const name of Object.keys(engine.helpers)) engine.unregisterHelper(name)
  engine.registerHelper("each", each)
  const compiled = (name: TemplateName) => {
    const program = engine.parse(texts[name])
    const fields = templateFieldsOf(program, name)
    const fill = engine.compile<TemplateData>(program, OPTIONS)
    // The library translates a template when it is first filled: do that at startup, not for the first keepalived.conf.
    fill(sampleOf(fields))
    return (data: TemplateData) => {
      checkData(fields, data)
      return fill(data)
    }
  }
  return {
    head: compiled("keepalived.conf"),
    instance: compiled("vrrp-instance"),
    virtualServer: compiled("virtual-server"),
  }
}

/** Replaces the library's own `each`, which also accepts other values than lists. */
function each(list: readonly TemplateData[], options: Handlebars.HelperOptions): string {
  let text = ""
  for (const one of list) text += options.fn(one)
  return text
}

const OPTIONS: CompileOptions = {
  noEscape: true,
  data: false,
  knownHelpersOnly: true,
  knownHelpers: { each: true, if: false, unless: false, with: false, log: false, lookup: false },
  preventIndent: true,
  // The parser has already removed the blank lines around blocks.
  ignoreStandalone: true,
}
