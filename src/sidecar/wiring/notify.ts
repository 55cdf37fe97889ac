import { VARIABLE_PREFIX } from "../../contract/variables.ts"
import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import { createHook, NOBODY, type Told } from "../notify/hook.ts"
import { createNotifier } from "../notify/notifier.ts"
import type { Roles } from "../vrrp/vrrp.ts"
import type { SidecarParts } from "./open.ts"

/** Tells the program of `--notify` the role of this node. */
export interface RoleNotes {
  /** @param model The configuration in effect; null before there is one. */
  follow(roles: Roles, model: KeepalivedModel | null): void
  stop(): void
}

const STATES = { master: "MASTER", backup: "BACKUP", fault: "FAULT", init: null, unknown: null } as const

/** Null if there is no such program. */
export function openRoleNotes({ settings, faults, metrics, log }: SidecarParts): RoleNotes | null {
  const { notify } = settings
  if (notify === null) return null
  const { program, limitMs } = notify
  // Our own settings are not its business; everything else may be, such as the token of a cloud.
  const environment = Object.fromEntries(
    Object.entries(process.env).filter((one): one is [string, string] => !one[0].startsWith(VARIABLE_PREFIX)),
  )
  const user = process.getuid?.() === 0 ? NOBODY : null
  const notifier = createNotifier({
    hook: createHook({ program, limitMs, environment, user }),
    ended: (kind) => metrics.notified(kind),
    ...{ program, log, faults },
  })
  return { follow: (roles, model) => notifier.follow(statesOf(roles, model)), stop: notifier.stop }
}

/** What can be told: keepalived has no word for a state that is not known. */
export function statesOf(roles: Roles, model: KeepalivedModel | null): readonly Told[] {
  return (model?.instances ?? []).flatMap(({ name, priority }) => {
    const state = STATES[roles.get(name)?.state ?? "unknown"]
    return state === null ? [] : [{ instance: name, state, priority }]
  })
}
