import type { PageData } from "./data.ts"
import { iconOf, type Pages } from "./html.ts"
import { type View, viewOf } from "./view/view.ts"

/** Maximum bytes of a page. */
export const MAXIMUM_BYTES = 58_000
/** Maximum rows of each list; fewer if the page would be too large. */
const MOST_ROWS = 100

export interface OverviewOptions {
  /** Position of the first VIP, from 0. */
  readonly from: number
  /** Seconds until the browser asks again; 0: it does not. */
  readonly refresh: number
}

/** The status page as HTML. */
export function overviewHtml(pages: Pages, data: PageData, options: OverviewOptions): string {
  for (let most = MOST_ROWS; ; most = Math.floor(most / 2)) {
    const html = pages.overview(contextOf(viewOf(data, { from: options.from, most }), options))
    if (most <= 1 || Buffer.byteLength(html) <= MAXIMUM_BYTES) return html
  }
}

/** What templates/page/overview.hbs names. */
function contextOf(view: View, { refresh }: OverviewOptions): object {
  const { from, next, before, total, rows } = view.vips
  const text = `VIPs ${from + 1} to ${from + rows.length} of ${total}`
  const isWhole = rows.length === total
  const link = (at: number | null) => (at === null ? "" : linkTo({ from: at, refreshes: refresh > 0 }))
  return {
    view,
    title: `${view.head.word}: ${view.node}, kube-keepalived-vip`,
    icon: iconOf(view.head.verdict),
    refresh,
    other: linkTo({ from, refreshes: refresh === 0 }),
    paging: isWhole ? null : { text, before: link(before), next: link(next) },
    moreProblems: view.problems.total - view.problems.rows.length,
  }
}

/** The address of the page. */
export function linkTo({ from, refreshes }: { readonly from: number; readonly refreshes: boolean }): string {
  const words = new URLSearchParams()
  if (from > 0) words.set("from", String(from))
  if (!refreshes) words.set("refresh", "off")
  return words.size === 0 ? "/" : `/?${words.toString()}`
}
