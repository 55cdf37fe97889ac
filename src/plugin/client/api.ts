import { fieldOf } from "../../kit/field.ts"
import { ApiFault } from "../../kubernetes/api-fault.ts"
import { get } from "../../kubernetes/get.ts"
import { ask, type Session } from "../../kubernetes/session.ts"
import type { ClusterApi, Kind, ListQuery } from "../ports.ts"

/** Objects per page, as kubectl asks for them. */
const PAGE_SIZE = "500"

/** Reads the Kubernetes API with the rights of the session's user. */
export function createClusterApi(session: Session): ClusterApi {
  let date: Date | null = null

  async function read(path: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const { body, sentAt } = await get(session, path, query)
    date = sentAt
    return body
  }

  async function pages(kind: Kind, { namespace, labelSelector = "", fieldSelector = "" }: ListQuery) {
    const items: unknown[] = []
    let next = ""
    do {
      const given = { labelSelector, fieldSelector, continue: next }
      const query = Object.fromEntries(Object.entries(given).filter(([, text]) => text !== ""))
      const answer = await read(pathOf(kind, namespace), { limit: PAGE_SIZE, ...query })
      const page = fieldOf(answer, "items")
      if (!Array.isArray(page)) throw new ApiFault("the answer is not a list (expected items)", { status: null })
      items.push(...page)
      const token = fieldOf(answer, "metadata", "continue")
      next = typeof token === "string" ? token : ""
    } while (next !== "")
    return items
  }

  return {
    list: (kind, query) => {
      const where = query.namespace === null ? "" : ` in namespace "${query.namespace}"`
      return ask(`list ${kind.plural}${where}`, () => pages(kind, query))
    },
    get: (kind, namespace, name) =>
      ask(`read ${kind.plural} "${namespace}/${name}"`, async () => {
        try {
          return await read(`${pathOf(kind, namespace)}/${encodeURIComponent(name)}`)
        } catch (error) {
          if (error instanceof ApiFault && error.status === 404) return null
          throw error
        }
      }),
    serverTime: () => date,
  }
}

function pathOf({ group, version, plural }: Kind, namespace: string | null): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`
  return namespace === null ? `${root}/${plural}` : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`
}
