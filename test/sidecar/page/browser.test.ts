import { test } from "uvu"
import * as assert from "uvu/assert"
import { serve } from "../../../src/kit/http/server.ts"
import type { PageData } from "../../../src/sidecar/page/data.ts"
import { createPages } from "../../../src/sidecar/page/routes.ts"
import { readPageTexts } from "../../../src/sidecar/wiring/page.ts"
import { STATUS } from "../../cli/support/volume.ts"
import { slow } from "../../support/slow.ts"
import { axeFindings, keepPicture, listenTo, withBrowser } from "../../support/browser.ts"
import { explain, GENERATIONS, brokenEntry, manyVips, pageData, podsOf, twoMasters } from "./fixture.ts"

/** Serves the page of these data while `use` runs. */
async function served(data: PageData, use: (url: string) => Promise<void>): Promise<void> {
  const pages = createPages(() => ({
    page: () => Promise.resolve(data),
    pageTexts: readPageTexts,
    node: "n1",
    generations: GENERATIONS,
    explain,
  }))
  const server = await serve({ port: 0, address: "127.0.0.1", routes: {}, pages })
  try {
    await use(`http://127.0.0.1:${server.port}/`)
  } finally {
    await server.close()
  }
}

function manyData(): PageData {
  const vips = manyVips(500)
  const instances = pageData().instances.map((one) => ({ ...one, vips: vips.map(({ vip }) => vip) }))
  return pageData({ status: { ...STATUS, vips }, pods: podsOf(vips), instances })
}

const scenes: readonly [name: string, data: () => PageData][] = [
  ["3-vips", () => pageData()],
  ["500-vips", manyData],
  ["broken-entry", brokenEntry],
  ["two-masters", twoMasters],
]

/** In the page: texts of boxes that leave their box, and whether the page is wider than the window. */
const MISFITS = `[
  ...[...document.querySelectorAll("svg.boxes text")].flatMap((text) => {
    const { x, width, y, height } = text.getBBox()
    return x + width > 298 || y + height > 154 ? ["it leaves its box: " + text.textContent] : []
  }),
  ...(document.documentElement.scrollWidth > innerWidth ? ["the page is wider than the window"] : []),
]`

for (const [name, data] of scenes)
  // axe-core takes seconds for a page, and other tests run beside it.
  test(
    `a browser shows ${name} in wide and narrow windows, light and dark: axe-core finds nothing, and nothing is loaded`,
    slow(180_000, () =>
      served(data(), (home) =>
        withBrowser(async (browser) => {
          // The page must stay while it is looked at.
          const url = `${home}?refresh=off`
          for (const width of [1280, 400])
            for (const colorScheme of ["light", "dark"] as const) {
              const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
              const heard = listenTo(page)
              await page.goto(url)
              assert.equal(await axeFindings(page), [], `${width} ${colorScheme}`)
              assert.equal(await page.evaluate(MISFITS), [], `${width} ${colorScheme}`)
              await keepPicture(page, `${name}-${width}-${colorScheme}`)
              assert.equal(heard, { requests: [url], complaints: [] })
              await page.close()
            }
        }),
      ),
    ),
  )

test("a browser shows what a generation changed, at a click on its event", () =>
  served(brokenEntry(), (url) =>
    withBrowser(async (browser) => {
      const page = await browser.newPage({ viewport: { width: 400, height: 900 }, colorScheme: "dark" })
      const heard = listenTo(page)
      await page.goto(`${url}?refresh=off`)
      await page.getByRole("link", { name: "what it changed" }).click()
      await page.waitForURL(`${url}diff?to=7`)
      assert.equal(await axeFindings(page), [])
      await keepPicture(page, "diff-400-dark")
      assert.ok(await page.getByText("+  router_id <script>alert(1)</script>").isVisible())
      assert.equal(heard.complaints, [])
    }),
  ))

test("a browser opens a VIP into what was written, and what is wrong with it", () =>
  served(brokenEntry(), (url) =>
    withBrowser(async (browser) => {
      const page = await browser.newPage({ viewport: { width: 400, height: 900 } })
      const heard = listenTo(page)
      await page.goto(`${url}?refresh=off`)
      await page.getByRole("link", { name: "10.4.0.53" }).click()
      await page.waitForURL(`${url}vip?**`)
      assert.equal(await axeFindings(page), [])
      await keepPicture(page, "vip-400-light")
      assert.equal(heard.complaints, [])
    }),
  ))

test("a browser without script loads the page again by itself, also at a place in it, and stops when told", () =>
  served(manyData(), (url) =>
    withBrowser(async (browser) => {
      const context = await browser.newContext({ javaScriptEnabled: false })
      const page = await context.newPage()
      await page.goto(`${url}?from=100#vips`)
      await page.waitForURL(`${url}?from=100`, { timeout: 10_000 })
      await page.getByRole("link", { name: "next" }).click()
      await page.waitForURL(`${url}?from=200`)
      assert.ok(await page.getByText("VIPs 201 to 300 of 500").isVisible())
      await page.getByRole("link", { name: "stop" }).click()
      await page.waitForURL(`${url}?from=200&refresh=off`)
      await page.waitForLoadState()
      const again = await page.waitForRequest(() => true, { timeout: 7_000 }).catch(() => null)
      assert.is(again, null)
    }),
  ))

test("a browser prints the page in dark ink on white, without what only a screen needs", () =>
  served(brokenEntry(), (url) =>
    withBrowser(async (browser) => {
      const page = await browser.newPage({ colorScheme: "dark" })
      await page.goto(url)
      await page.emulateMedia({ media: "print", colorScheme: "dark" })
      const ink = await page.evaluate("getComputedStyle(document.body).color")
      assert.is(ink, "rgb(28, 31, 35)")
      assert.not.ok(await page.getByRole("link", { name: "stop" }).isVisible())
      assert.ok((await page.pdf()).length > 10_000)
    }),
  ))

test.run()
