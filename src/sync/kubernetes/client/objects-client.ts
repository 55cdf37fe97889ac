import { ApiException, CustomObjectsApi, PatchStrategy } from "@kubernetes/client-node"

import { fieldOf } from "../../../kit/field.ts"
import type { ObjectPath, ObjectsApi } from "../../report/ports.ts"
import { ask, type Session } from "../../../kubernetes/session.ts"

/** Writes objects to the Kubernetes API with its client library: plain JSON for every kind. */
export function createObjectsApi(session: Session): ObjectsApi {
  return {
    get: (path) =>
      ask(`read ${titleOf(path)}`, () =>
        orNull(() => new CustomObjectsApi(session.configuration()).getNamespacedCustomObject({ ...path })),
      ),
    list: (path, labelSelector) =>
      ask(`list ${path.plural} in namespace "${path.namespace}"`, async () => {
        // Any cached state of the API server is good enough: sync lists again soon.
        const query = { ...path, labelSelector, resourceVersion: "0" }
        const found: unknown = await new CustomObjectsApi(session.configuration()).listNamespacedCustomObject(query)
        const items = fieldOf(found, "items")
        return Array.isArray(items) ? items : []
      }),
    create: (path, body) =>
      ask(`create one of ${path.plural} in namespace "${path.namespace}"`, () =>
        new CustomObjectsApi(session.configuration()).createNamespacedCustomObject({ ...path, body }),
      ),
    patch: (path, body, part) =>
      ask(`write ${part === undefined ? "" : `the ${part} of `}${titleOf(path)}`, () =>
        orNull(() => {
          const api = new CustomObjectsApi(session.configuration({ contentType: PatchStrategy.MergePatch }))
          const request = { ...path, body }
          return part === undefined
            ? api.patchNamespacedCustomObject(request)
            : api.patchNamespacedCustomObjectStatus(request)
        }),
      ),
  }
}

/** Null if there is no such object or kind. */
async function orNull(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return null
    throw error
  }
}

function titleOf({ plural, namespace, name }: ObjectPath): string {
  return `${plural} "${namespace}/${name}"`
}
