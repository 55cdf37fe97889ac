import { mkdirSync } from "node:fs"
import { join } from "node:path"
import axe from "axe-core"
import { type Browser, chromium, type Page } from "playwright-core"
import { packageFile } from "../../src/kit/files/package-file.ts"

/** Debian's browser. */
const PROGRAM = "/usr/bin/chromium"

/** Runs with a browser that has no window. */
export async function withBrowser(use: (browser: Browser) => Promise<void>): Promise<void> {
  // Root may not use the browser's sandbox. It loads only pages of this test.
  const browser = await chromium.launch({ executablePath: PROGRAM, args: ["--no-sandbox"] })
  try {
    await use(browser)
  } finally {
    await browser.close()
  }
}

/** What a page asks for and reports while it is open. */
export interface Heard {
  /** URLs of all requests, without images in the page itself. */
  readonly requests: readonly string[]
  /** What the browser reports: refused by the policy, errors, dialogs. */
  readonly complaints: readonly string[]
}

export function listenTo(page: Page): Heard {
  const heard = { requests: [] as string[], complaints: [] as string[] }
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) heard.requests.push(request.url())
  })
  page.on("console", (message) => heard.complaints.push(message.text()))
  page.on("pageerror", (error) => heard.complaints.push(String(error)))
  page.on("dialog", (dialog) => {
    heard.complaints.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  return heard
}

/** What axe-core finds, one line each: `rule: the element`. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const found: unknown = await page.evaluate("axe.run()")
  const { violations } = found as axe.AxeResults
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`),
  )
}

/** Keeps a picture of the whole page in `.cache/page/`, for people. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = packageFile(".cache/page")
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}
