import { type Node, parseSync, Visitor } from "oxc-parser"

/** One mention of another module: static, bare, dynamic, re-exported or only for its types. */
export interface Import {
  /** As written; null where it is computed, so that nobody can say what it names. */
  readonly specifier: string | null
  /** The names taken from it, as the other module calls them; `*` for all, nothing for a bare import. */
  readonly names: readonly string[]
  /** Whether nothing of it is left when the types are stripped. */
  readonly typesOnly: boolean
}

export interface Mentions {
  readonly imports: readonly Import[]
  /** Globals that are called, built or looked into, such as `process`, `Date` and `Math.random`. */
  readonly globals: readonly string[]
}

/**
 * Lists what a TypeScript source mentions of the world outside it.
 *
 * @throws When the source cannot be parsed.
 */
export function mentionsOf(file: string, source: string): Mentions {
  const { program, errors } = parseSync(file, source)
  if (errors.length > 0) throw new Error(`Cannot parse "${file}": ${errors[0]?.message}`)
  const imports: Import[] = []
  const globals: string[] = []
  const all = ["*"]
  new Visitor({
    ImportDeclaration: (node) => {
      const typesOnly = node.importKind === "type" || onlyTypes(node.specifiers)
      imports.push({ specifier: node.source.value, names: node.specifiers.map(importedName), typesOnly })
    },
    ExportNamedDeclaration: (node) => {
      if (node.source === null) return
      const names = node.specifiers.map(({ local }) => nameOf(local))
      imports.push({ specifier: node.source.value, names, typesOnly: node.exportKind === "type" })
    },
    ExportAllDeclaration: (node) => {
      imports.push({ specifier: node.source.value, names: all, typesOnly: node.exportKind === "type" })
    },
    ImportExpression: (node) => {
      imports.push({ specifier: textOf(node.source), names: all, typesOnly: false })
    },
    TSImportType: (node) => {
      imports.push({ specifier: node.source.value, names: all, typesOnly: true })
    },
    CallExpression: (node) => {
      if (!isIdentifier(node.callee)) return
      globals.push(node.callee.name)
      if (node.callee.name === "require") {
        imports.push({ specifier: textOf(node.arguments[0]), names: all, typesOnly: false })
      }
    },
    NewExpression: (node) => {
      if (!isIdentifier(node.callee)) return
      globals.push(node.callee.name)
      if (node.arguments.length === 0) globals.push(`new ${node.callee.name}()`)
    },
    MemberExpression: (node) => {
      if (!isIdentifier(node.object)) return
      globals.push(node.object.name)
      if (isIdentifier(node.property)) globals.push(`${node.object.name}.${node.property.name}`)
    },
  }).visit(program)
  return { imports, globals }
}

type Specifier = Extract<Node, { type: `Import${string}Specifier` }>

function onlyTypes(specifiers: readonly Specifier[]): boolean {
  const isType = (one: Specifier) => one.type === "ImportSpecifier" && one.importKind === "type"
  return specifiers.length > 0 && specifiers.every(isType)
}

function importedName(specifier: Specifier): string {
  return specifier.type === "ImportSpecifier" ? nameOf(specifier.imported) : "*"
}

function nameOf(name: { readonly name: string } | { readonly value: string }): string {
  return "name" in name ? name.name : name.value
}

function textOf(node: Node | undefined): string | null {
  return node?.type === "Literal" && typeof node.value === "string" ? node.value : null
}

function isIdentifier(node: Node): node is Extract<Node, { type: "Identifier" }> {
  return node.type === "Identifier"
}
