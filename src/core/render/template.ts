import Handlebars from "handlebars"

import { checkData, needsOf, sampleOf, takesIn, type TemplateData } from "./needs.ts"

/** The texts of templates/*.hbs, by name without extension. */
export type TemplateTexts = Readonly<Record<TemplateName, string>>

export const TEMPLATE_NAMES = ["keepalived.conf", "vrrp-instance", "virtual-server"] as const

export type TemplateName = (typeof TEMPLATE_NAMES)[number]

export interface Templates {
  /** Head of the file: global_defs and the VRRP instance. */
  head(data: TemplateData): string
  /** A virtual_server block for each. */
  virtualServers(all: readonly TemplateData[]): readonly string[]
}

/**
 * Compiles the templates with the traps of the library closed: no HTML escaping, no built-in functions, no prototype
 * access, no name that the data lacks, and every value looked at by one function that knows keepalived's syntax.
 *
 * @throws when a template does not parse or cannot be filled; the program then ends at its start, long before keepalived
 *   could notice.
 */
export function compileTemplates(texts: TemplateTexts): Templates {
  const engine = Handlebars.create()
  for (const name of Object.keys(engine.helpers)) engine.unregisterHelper(name)
  engine.registerHelper("each", each)
  const instance = parsed(engine, "vrrp-instance", texts)
  engine.registerPartial("vrrp-instance", engine.compile(instance.program, OPTIONS))
  const compiled = (name: TemplateName) => {
    const { program, needs } = parsed(engine, name, texts)
    const all = takesIn(program) ? [needs, instance.needs] : [needs]
    const fill = filler(engine, program)
    // The library translates a template when it is filled for the first time: now, and not before the first keepalived.conf.
    fill([Object.assign({}, ...all.map(sampleOf))])
    return (data: readonly TemplateData[]) => {
      for (const one of data) for (const needed of all) checkData(needed, one)
      return fill(data)
    }
  }
  const head = compiled("keepalived.conf")
  return { head: (data) => head([data])[0] ?? "", virtualServers: compiled("virtual-server") }
}

/** Fills a template many times in one go: to begin costs the library more than a block of text. */
function filler(engine: typeof Handlebars, program: hbs.AST.Program) {
  const around = engine.parse("{{#collect all}}{{/collect}}")
  for (const block of around.body) Object.assign(block, { program })
  const fill = engine.compile(around, OPTIONS)
  return (all: readonly TemplateData[]): readonly string[] => {
    const texts: string[] = []
    const collect = (data: typeof all, options: Handlebars.HelperOptions) => {
      for (const one of data) texts.push(options.fn(one))
    }
    fill({ all }, { helpers: { collect } })
    return texts
  }
}

function parsed(engine: typeof Handlebars, name: TemplateName, texts: TemplateTexts) {
  const program = engine.parse(texts[name])
  return { program, needs: needsOf(program, name) }
}

/** In place of the library's own, which knows more than lists. */
function each(list: readonly TemplateData[], options: Handlebars.HelperOptions): string {
  let text = ""
  for (const one of list) text += options.fn(one)
  return text
}

const OPTIONS: CompileOptions = {
  noEscape: true,
  data: false,
  knownHelpersOnly: true,
  knownHelpers: { each: true, collect: true, if: false, unless: false, with: false, log: false, lookup: false },
  preventIndent: true,
  // The blank lines around blocks are gone since the text was parsed.
  ignoreStandalone: true,
}
