import Handlebars from "handlebars"

import { sha256Of } from "../../kit/sha256.ts"
import { visible } from "../../kit/text/escape-hidden.ts"
import type { Verdict } from "./view/headline.ts"

/** The files of templates/page/, by name. */
export type PageTexts = Readonly<
  Record<"layout.hbs" | "overview.hbs" | "lan.hbs" | "timeline.hbs" | "diff.hbs" | "vip.hbs" | "style.css", string>
>

export interface Pages {
  /** @param data What the template names. */
  overview(data: object): string
  diff(data: object): string
  vip(data: object): string
  /** The headers of each page: nothing is loaded from elsewhere, no script runs, and no other page shows it in a frame. */
  readonly headers: Readonly<Record<string, string>>
}

/** Compiles the templates. Handlebars escapes every value for HTML; only the style sheet, which is ours, is not escaped. */
export function compilePages(texts: PageTexts): Pages {
  const engine = Handlebars.create()
  const style = compact(texts["style.css"])
  for (const name of ["layout", "lan", "timeline"] as const) engine.registerPartial(name, texts[`${name}.hbs`])
  const compiled = (name: "overview.hbs" | "diff.hbs" | "vip.hbs") => {
    const fill = engine.compile<object>(texts[name], { strict: true })
    return (data: object) => visible(fill({ icon: iconOf("unknown"), ...data, style }))
  }
  return {
    overview: compiled("overview.hbs"),
    diff: compiled("diff.hbs"),
    vip: compiled("vip.hbs"),
    headers: headersOf(style),
  }
}

/** The sheet without line ends and indents, so that the page is small. */
function compact(sheet: string): string {
  return sheet.replaceAll(/\s*\n\s*/g, "")
}

/** Source: CSP Level 3; HTML, "Referrer policy". */
function headersOf(style: string): Pages["headers"] {
  const hash = Buffer.from(sha256Of(style), "hex").toString("base64")
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${hash}'`,
    "img-src data:",
    ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  ]
  return {
    "content-security-policy": policy.join("; "),
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
  }
}

const SHAPES: Readonly<Record<Verdict, string>> = {
  well: '<circle cx="8" cy="8" r="7" fill="#17693a"/>',
  "not-well": '<path d="M8 1 15 15H1z" fill="#a8121f"/>',
  unknown: '<path d="M1 1H15V15H1z" fill="#b36b00"/>',
}

/** The icon of a verdict: each has a shape of its own, not only a colour. */
export function iconOf(verdict: Verdict): string {
  const image = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${SHAPES[verdict]}</svg>`
  return `data:image/svg+xml,${encodeURIComponent(image)}`
}
