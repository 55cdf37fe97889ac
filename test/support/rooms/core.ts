import { pureKit, type Room } from "./room.ts"

/** What every program shares that decides: text in, text out. */
export const coreRooms: readonly Room[] = [
  // Families, prefixes and order of addresses. Only this room parses an address.
  { name: "core/address", files: ["core/address/**"], may: ["node:net#isIP", "ip-address"], pure: true },
  {
    name: "core/objects",
    files: ["core/objects/**"],
    may: ["core/address/**", ...pureKit, "zod", "yaml"],
    pure: true,
  },
  {
    // What a person asks for, whatever it was written in.
    name: "core/declare",
    files: ["core/declare/**"],
    may: ["core/objects/**", "core/address/**", ...pureKit, "zod", "yaml"],
    pure: true,
  },
  {
    name: "core/desired",
    files: ["core/desired/**"],
    may: ["core/declare/**", "core/objects/**", "core/address/**", ...pureKit],
    pure: true,
  },
  {
    name: "core/model",
    files: ["core/model/**"],
    may: ["core/desired/**", "core/declare/**", "core/objects/**", "core/address/**", ...pureKit, "zod"],
    pure: true,
  },
  {
    name: "core/render/template",
    files: ["core/render/template.ts"],
    may: ["core/render/**", "core/model/**", "handlebars"],
    pure: true,
  },
  {
    name: "core/render",
    files: ["core/render/**"],
    may: ["core/model/**", "core/declare/schedulers.ts", "core/address/**", ...pureKit],
    pure: true,
  },
  {
    // Why an endpoint is a real server, or is not: for `kkv explain` and for the status page.
    name: "core/explain",
    files: ["core/explain/**"],
    may: ["core/model/**", "core/desired/**", "core/declare/**", "core/objects/**", ...pureKit],
    pure: true,
  },
  { name: "core/pipeline", files: ["core/*.ts"], may: ["core/**", ...pureKit], pure: true },
]
