import { test } from "uvu"
import * as assert from "uvu/assert"
import { createVrrpReader } from "../../../src/sidecar/keepalived/vrrp-log.ts"

const AT = Date.parse("Nov 29 2026 23:43:00")
const line = (second: number, message: string) => `Sun Nov 29 23:43:${String(second).padStart(2, "0")} 2026: ${message}`

/** Lines as keepalived 2.2.7 and 2.3.3 write them -> state, second, reason. */
const told: readonly (readonly [
  name: string,
  lines: readonly string[],
  events: readonly (readonly [state: string, second: number, reason: string | null])[],
])[] = [
  [
    "a start",
    [line(15, "Starting VRRP child process, pid=809"), line(15, "(vips) Entering BACKUP STATE (init)")],
    [["backup", 15, "keepalived has started"]],
  ],
  ["a takeover", [line(18, "(vips) Entering MASTER STATE")], [["master", 18, null]]],
  [
    "a cable that is out, and in again",
    [
      line(20, "Netlink reports eth0 down"),
      line(20, "(vips) Entering FAULT STATE"),
      line(25, "Netlink reports eth0 up"),
      line(25, "(vips) Entering BACKUP STATE"),
    ],
    [
      ["fault", 20, 'interface "eth0" is down'],
      ["backup", 25, 'interface "eth0" is up again'],
    ],
  ],
  [
    "a peer that comes first",
    [
      line(53, "(vips) Master received advert from 10.4.0.3 with higher priority 254, ours 246"),
      line(53, "(vips) Entering BACKUP STATE"),
    ],
    [["backup", 53, "10.4.0.3 sends adverts of the higher priority 254; this node has 246"]],
  ],
  [
    "an interface that is deleted",
    [
      line(55, "Netlink reports eth0 down"),
      line(55, "(vips) Entering FAULT STATE"),
      line(55, "(vips): send advert error 19 (No such device)"),
      line(55, "Interface eth0 deleted"),
    ],
    [
      ["fault", 55, 'interface "eth0" is down'],
      ["fault", 55, 'interface "eth0" was deleted'],
    ],
  ],
  [
    "a unicast source that is missing",
    [
      line(15, "bind unicast_src 10.4.0.50 failed 99 - Cannot assign requested address"),
      line(15, "(vips): entering FAULT state (src address not configured)"),
    ],
    [["fault", 15, "the unicast source address 10.4.0.50 is not on this node"]],
  ],
  [
    "a stop, which is said once",
    [line(20, "Stopping"), line(21, "Stopped"), line(21, "Stopped Keepalived v2.2.7 (01/16,2022)")],
    [["unknown", 20, "keepalived was told to stop"]],
  ],
  [
    "a child that was killed",
    [line(14, "VRRP child process(809) died: Respawning"), line(14, "(vips) Entering BACKUP STATE (init)")],
    [
      ["unknown", 14, "keepalived's VRRP child process died"],
      ["backup", 14, "keepalived has started"],
    ],
  ],
  [
    "a reason of long ago, which is none",
    [line(1, "Netlink reports eth1 down"), line(9, "(vips) Entering FAULT STATE")],
    [["fault", 9, null]],
  ],
  ["a reload, which is not a change", [line(12, "Reloading ..."), line(12, "Reload complete")], []],
]
test("createVrrpReader() names the instance of each event, and gives each the reason of its own or of its interface", () => {
  const found = createVrrpReader().read([
    line(1, "(vips) Entering MASTER STATE"),
    line(1, "(lan) Entering BACKUP STATE (init)"),
    line(5, "Netlink reports eth0 down"),
    line(5, "(vips) Entering FAULT STATE"),
    line(5, "(lan) Entering FAULT STATE"),
    line(9, "(lan) Master received advert from 10.4.0.3 with higher priority 254, ours 246"),
    line(9, "(vips) Entering MASTER STATE"),
    line(9, "(lan) Entering BACKUP STATE"),
    line(20, "Stopping"),
  ])
  assert.equal(
    found.map(({ instance, state, reason }) => [instance, state, reason]),
    [
      ["vips", "master", null],
      ["lan", "backup", "keepalived has started"],
      ["vips", "fault", 'interface "eth0" is down'],
      ["lan", "fault", 'interface "eth0" is down'],
      ["vips", "master", null],
      ["lan", "backup", "10.4.0.3 sends adverts of the higher priority 254; this node has 246"],
      [null, "unknown", "keepalived was told to stop"],
    ],
  )
})

for (const [name, lines, events] of told)
  test(`createVrrpReader() reads ${name}`, () => {
    const found = createVrrpReader().read(lines)
    assert.equal(
      found.map(({ state, at, reason }) => [state, at === null ? null : (at - AT) / 1_000, reason]),
      events,
    )
  })

test("createVrrpReader() finds a reason that came with an earlier call, and reads a line without a time", () => {
  const reader = createVrrpReader()
  assert.equal(reader.read([line(20, "Netlink reports eth0 down")]), [])
  assert.is(reader.read([line(21, "(vips) Entering FAULT STATE")])[0]?.reason, 'interface "eth0" is down')
  const ended = "keepalived: ended with exit status 256, signal 9"
  assert.equal(reader.read([ended]), [{ instance: null, state: "unknown", at: null, reason: "keepalived ended" }])
})

test.run()
