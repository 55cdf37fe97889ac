import Handlebars from "handlebars"

/** The texts of templates/*.hbs, by name without extension. */
export type TemplateTexts = Readonly<Record<TemplateName, string>>

export const TEMPLATE_NAMES = ["keepalived.conf", "vrrp-instance", "virtual-server"] as const

export type TemplateName = (typeof TEMPLATE_NAMES)[number]

/** What a template may read: texts, and lists of the same. A missing name is an error, never an empty text. */
export interface TemplateData {
  readonly [name: string]: string | readonly TemplateData[]
}

export interface Templates {
  /** Head of the file: global_defs and the VRRP instance. */
  head(data: TemplateData): string
  /** One virtual_server block. */
  virtualServer(data: TemplateData): string
}

/**
 * Compiles the templates with the traps of the library closed: no HTML escaping, no built-in functions, no prototype
 * access, every printed value through one function that knows keepalived's syntax, and no name that the data lacks.
 *
 * @throws when a template does not parse; the program then ends at its start, long before keepalived could notice.
 */
export function compileTemplates(texts: TemplateTexts): Templates {
  const engine = Handlebars.create()
  engine.registerHelper("conf", conf)
  engine.registerHelper("each", each)
  engine.registerPartial(
    "vrrp-instance",
    engine.compile(prepared(engine, "vrrp-instance", texts["vrrp-instance"]), OPTIONS),
  )
  const head = engine.compile(prepared(engine, "keepalived.conf", texts["keepalived.conf"]), OPTIONS)
  const virtualServer = engine.compile(prepared(engine, "virtual-server", texts["virtual-server"]), OPTIONS)
  return { head, virtualServer }
}

/**
 * The one way by which a value reaches the file. keepalived.conf has no escaping that holds everywhere, so a value is
 * letters, digits and a few marks, or it is refused: the last of several walls, for the model has checked every value.
 *
 * Source: keepalived.conf(5), QUOTED STRINGS and CONDITIONAL CONFIGURATION.
 */
export function conf(value: unknown): string {
  if (typeof value === "string" && SAFE.test(value)) return value
  throw new TypeError(
    `Cannot print ${JSON.stringify(value) ?? String(value)} into keepalived.conf: wanted letters, digits and . _ : / -`,
  )
}

/** Replaces the library's own, which takes a misspelt name for an empty list, even in strict mode. */
function each(list: unknown, options: Handlebars.HelperOptions): string {
  if (!Array.isArray(list))
    throw new ReferenceError("Cannot fill a template: it goes through a list that its data does not have")
  let text = ""
  for (const one of list as readonly TemplateData[]) text += options.fn(one)
  return text
}

const SAFE = /^[A-Za-z0-9/-][A-Za-z0-9._:/-]*$/

const OPTIONS: CompileOptions = {
  strict: true,
  noEscape: true,
  knownHelpersOnly: true,
  knownHelpers: { conf: true, each: true, if: false, unless: false, with: false, log: false, lookup: false },
  preventIndent: true,
}

/**
 * Rewrites `{{name}}` to `{{conf name}}`. Without it the library joins two unescaped neighbours with JavaScript's `+`, so
 * that 1 and 2 print as 3, and prints a missing value as nothing (handlebars.js issue 1838).
 */
function prepared(engine: typeof Handlebars, name: string, text: string): hbs.AST.Program {
  const program = engine.parse(text)
  rewrite(program, name)
  return program
}

function rewrite(program: hbs.AST.Program, template: string): void {
  for (const statement of program.body) {
    const { line } = statement.loc.start
    if (isMustache(statement)) {
      if (statement.path.type !== "PathExpression" || statement.params.length > 0)
        throw new SyntaxError(
          `Cannot use a call in template "${template}", line ${line}: templates spell, they do not decide`,
        )
      statement.params = [statement.path]
      statement.path = CONF_PATH
    } else if (isBlock(statement)) {
      const { original } = statement.path
      if (original !== "each")
        throw new SyntaxError(`Cannot use "${original}" in template "${template}", line ${line}: only each is known`)
      rewrite(statement.program, template)
    }
  }
}

function isMustache(statement: hbs.AST.Statement): statement is hbs.AST.MustacheStatement {
  return statement.type === "MustacheStatement"
}

function isBlock(statement: hbs.AST.Statement): statement is hbs.AST.BlockStatement {
  return statement.type === "BlockStatement"
}

const NOWHERE = { source: "", start: { line: 0, column: 0 }, end: { line: 0, column: 0 } }
const CONF_PATH: hbs.AST.PathExpression = {
  type: "PathExpression",
  data: false,
  depth: 0,
  parts: ["conf"],
  original: "conf",
  loc: NOWHERE,
}
