import Negotiator from "negotiator"
import type { HttpRequest } from "../../kit/http/request.ts"
import type { HttpAnswer, HttpPages } from "../../kit/http/server.ts"
import { quoted } from "../../kit/text/quoted.ts"
import { visible } from "../../kit/text/escape-hidden.ts"
import type { PageData } from "./data.ts"
import { compared, diffHtml, diffText, type Generations } from "./diff.ts"
import { type AskedVip, explanationHtml, explanationText, type VipExplanation } from "./explanation.ts"
import { compilePages, type Pages, type PageTexts } from "./html.ts"
import { linkTo, overviewHtml } from "./overview.ts"
import { pageText } from "./text.ts"
import { viewOf } from "./view/view.ts"

export interface PageSources {
  /** The files of templates/page/. @throws when the installation lacks one. */
  readonly pageTexts: () => PageTexts
  /** Everything that the page shows, at this moment. */
  readonly page: () => Promise<PageData>
  /** This node's name, and the generations that ran on it. */
  readonly node: string
  readonly generations: Generations
  /** Null if the node does not know that VIP. */
  readonly explain: (asked: AskedVip) => VipExplanation | null
}

/** Seconds between two loads of a page that stays open. */
const REFRESH_SECONDS = 5
/** Maximum VIPs in the page as text: more than a ConfigMap may declare. */
const MOST_AS_TEXT = 2_000

/**
 * The status page. Its templates are compiled when it is asked for the first time.
 *
 * @param sources Null while the sidecar starts.
 */
export function createPages(sources: () => PageSources | null): HttpPages {
  let pages: Pages | null = null
  return {
    "/": atOwnHost(async (request) => {
      const asked = queryOf(request)
      if (typeof asked === "string") return textAnswer(400, asked)
      const known = sources()
      if (known === null) return textAnswer(503, "the sidecar is starting")
      const data = await known.page()
      const { from, refreshes } = asked
      if (prefersText(request)) return textAnswer(200, pageText(viewOf(data, { from, most: MOST_AS_TEXT })).trimEnd())
      pages ??= compilePages(known.pageTexts())
      const body = overviewHtml(pages, data, { from, refresh: refreshes ? REFRESH_SECONDS : 0 })
      // The address is named because a browser does not load a page again whose address ends with a place in it.
      const refresh = `${REFRESH_SECONDS};url=${linkTo({ from, refreshes })}`
      const headers = refreshes ? { ...pages.headers, refresh } : pages.headers
      return { status: 200, type: "text/html", body, headers: { ...headers, vary: "accept" } }
    }),
    "/vip": atOwnHost((request) => {
      const words = new URLSearchParams(request.query)
      const asked = { object: words.get("object") ?? "", entry: words.get("entry") ?? "", vip: words.get("vip") }
      const known = sources()
      if (known === null) return textAnswer(503, "the sidecar is starting")
      const found = known.explain(asked)
      if (found === null)
        return textAnswer(404, `Cannot find the entry ${quoted(asked.entry)} in ${quoted(asked.object)}: / has all`)
      if (prefersText(request)) return textAnswer(200, explanationText(found))
      pages ??= compilePages(known.pageTexts())
      const headers = { ...pages.headers, vary: "accept" }
      return { status: 200, type: "text/html", body: explanationHtml(pages, found), headers }
    }),
    "/diff": atOwnHost(async (request) => {
      const asked = diffQueryOf(request)
      if (typeof asked === "string") return textAnswer(400, asked)
      const known = sources()
      if (known === null) return textAnswer(503, "the sidecar is starting")
      const both = await compared(known.generations, asked.from, asked.to)
      if (typeof both === "string") return textAnswer(404, both)
      if (prefersText(request)) return textAnswer(200, diffText(both))
      pages ??= compilePages(known.pageTexts())
      const body = diffHtml(pages, known.node, both)
      return { status: 200, type: "text/html", body, headers: { ...pages.headers, vary: "accept" } }
    }),
  }
}

/**
 * Answers only if the client asks for an IP address or for localhost: another web site whose name leads to 127.0.0.1 could
 * otherwise read the page through the browser of a user (DNS rebinding).
 */
export function atOwnHost<Answer extends HttpAnswer | Promise<HttpAnswer>>(
  answer: (request: HttpRequest) => Answer,
): (request: HttpRequest) => Answer | HttpAnswer {
  return (request) => {
    if (OWN_HOST.test(request.host)) return answer(request)
    return textAnswer(421, `Cannot answer for host ${quoted(request.host)}: expected localhost or an IP address`)
  }
}

/** Also without a host, as HTTP/1.0 asks. */
const OWN_HOST = /^(?:|(?:localhost|[\d.]+|\[[\da-f:.]+\])(?::\d+)?)$/i

interface Query {
  readonly from: number
  readonly refreshes: boolean
}

/** @returns a sentence about a query that is not valid. */
function queryOf({ query }: HttpRequest): Query | string {
  const words = new URLSearchParams(query)
  const from = words.get("from") ?? "0"
  if (!/^\d{1,6}$/.test(from)) return `Cannot show the VIPs from ${quoted(from)} on: expected a number`
  const refresh = words.get("refresh") ?? "on"
  if (refresh !== "on" && refresh !== "off") return `Cannot use refresh ${quoted(refresh)}: expected on or off`
  return { from: Number(from), refreshes: refresh === "on" }
}

/** @returns a sentence about a query that is not valid. */
function diffQueryOf({ query }: HttpRequest): { readonly from: number | null; readonly to: number } | string {
  const words = new URLSearchParams(query)
  const [from, to] = [words.get("from"), words.get("to") ?? ""]
  const wrong = [from ?? "1", to].find((word) => !/^\d{1,15}$/.test(word))
  if (wrong !== undefined)
    return `Cannot compare generation ${quoted(wrong)}: expected ?to=NUMBER or ?from=NUMBER&to=NUMBER`
  return { from: from === null ? null : Number(from), to: Number(to) }
}

function prefersText({ accept }: HttpRequest): boolean {
  const asked = new Negotiator({ headers: accept === "" ? {} : { accept } })
  return asked.mediaType(["text/html", "text/plain"]) === "text/plain"
}

function textAnswer(status: number, text: string): HttpAnswer {
  return { status, type: "text/plain", body: `${visible(text)}\n` }
}
