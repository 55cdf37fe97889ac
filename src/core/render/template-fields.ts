/** The data of a template: texts and lists of data. A missing name is an error, not an empty text. */
export interface TemplateData {
  readonly [name: string]: string | readonly TemplateData[]
}

/** The texts that a template prints and the lists that it repeats; each name once. */
export interface TemplateFields {
  readonly texts: string[]
  readonly lists: { readonly name: string; readonly each: TemplateFields }[]
}

/**
 * The only way for a value into the file. keepalived.conf has no escaping that works everywhere, so a value may contain only
 * letters, digits and a few marks. This is the last of several checks: the model has already checked every value.
 *
 * Source: keepalived.conf(5), QUOTED STRINGS and CONDITIONAL CONFIGURATION.
 */
export function conf(value: unknown): string {
  if (typeof value === "string" && SAFE.test(value)) return value
  throw new TypeError(
    `Cannot print ${JSON.stringify(value) ?? String(value)} into keepalived.conf: it is not a safe value (expected letters, digits and . _ : / -)`,
  )
}

const SAFE = /^[A-Za-z0-9/-][A-Za-z0-9._:/-]*$/

/**
 * Checks all data before a template is filled. Handlebars itself prints a missing value as an empty text, a list as
 * JavaScript converts it, and two adjacent numbers as their sum (handlebars.js issue 1838).
 *
 * @throws when the data lack a name, or have a value that must not be printed.
 */
export function checkData({ texts, lists }: TemplateFields, data: TemplateData): void {
  for (const name of texts) conf(data[name])
  for (const { name, each } of lists) {
    const list = data[name]
    if (!Array.isArray(list))
      throw new ReferenceError(`Cannot fill a template: it repeats a list "${name}" that its data do not have`)
    for (const one of list as readonly TemplateData[]) checkData(each, one)
  }
}

/** Sample data for a template. */
export function sampleOf({ texts, lists }: TemplateFields): TemplateData {
  return Object.fromEntries([
    ...texts.map((name) => [name, "x"] as const),
    ...lists.map(({ name, each }) => [name, [sampleOf(each)]] as const),
  ])
}

/**
 * Reads the needed names from a parsed template. A template contains no logic: it prints names and repeats lists.
 *
 * @throws for every other feature of Handlebars.
 */
export function templateFieldsOf(program: hbs.AST.Program, template: string): TemplateFields {
  const needs: TemplateFields = { texts: [], lists: [] }
  gather(program, template, [needs])
  return needs
}

/** @param levels The needs of each level, the innermost first. */
function gather(program: hbs.AST.Program, template: string, levels: readonly TemplateFields[]): void {
  for (const statement of program.body) {
    if (statement.type === "ContentStatement" || statement.type === "CommentStatement") continue
    if (!isMustache(statement) && !isBlock(statement)) throw refused(statement, template)
    if (statement.hash !== undefined) throw refused(statement, template)
    if (isMustache(statement)) gatherText(statement, template, levels)
    else gatherList(statement, template, levels)
  }
}

function gatherText(statement: hbs.AST.MustacheStatement, template: string, levels: readonly TemplateFields[]): void {
  const found = statement.params.length === 0 ? named(statement.path, levels) : null
  if (found === null) throw refused(statement, template, isPath(statement.path) ? statement.path.original : null)
  const { name, level } = found
  if (!level.texts.includes(name)) level.texts.push(name)
}

function gatherList(statement: hbs.AST.BlockStatement, template: string, levels: readonly TemplateFields[]): void {
  const [list, ...others] = statement.params
  const found = others.length === 0 ? named(list, levels) : null
  const { path, program, inverse } = statement
  if (found === null || path.original !== "each" || inverse !== undefined || program.blockParams !== undefined)
    throw refused(statement, template, path.original)
  const { name, level } = found
  const before = level.lists.find((one) => one.name === name)
  const each: TemplateFields = before?.each ?? { texts: [], lists: [] }
  if (before === undefined) level.lists.push({ name, each })
  gather(program, template, [each, ...levels])
}

/** A plain name, `name` or `../name`; null for every other expression of Handlebars. */
function named(path: hbs.AST.Expression | undefined, levels: readonly TemplateFields[]) {
  if (path === undefined || !isPath(path) || path.data || path.parts.length !== 1) return null
  const [name, level] = [path.parts[0], levels[path.depth]]
  return name === undefined || level === undefined ? null : { name, level }
}

function refused({ type, loc }: hbs.AST.Statement, template: string, word: string | null = null): SyntaxError {
  const what = word === null ? `a ${type}` : `"${word}"`
  return new SyntaxError(
    `Cannot use ${what} in template "${template}", line ${loc.start.line}: only names and lists ("each") are allowed`,
  )
}

function isPath(expression: hbs.AST.Expression): expression is hbs.AST.PathExpression {
  return expression.type === "PathExpression"
}

function isMustache(statement: hbs.AST.Statement): statement is hbs.AST.MustacheStatement {
  return statement.type === "MustacheStatement"
}

function isBlock(statement: hbs.AST.Statement): statement is hbs.AST.BlockStatement {
  return statement.type === "BlockStatement"
}
