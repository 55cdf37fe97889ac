import { test } from "uvu"
import * as assert from "uvu/assert"
import { vrrpIn } from "../../../src/sidecar/keepalived/vrrp-data.ts"

/** As keepalived 2.2.7 and 2.3.3 write it, less the fields that nobody reads. */
const instance = {
  data: {
    iname: "vips",
    last_transition: 1795995798.359806,
    adver_int: 1,
    master_adver_int: 2,
    state: 2,
    wantstate: 2,
  },
  stats: { advert_rcvd: 3, advert_sent: 2, become_master: 1, pri_zero_rcvd: 1 },
}

test("vrrpIn() reads state, time and what was heard", () => {
  const vips = { state: "master", at: 1795995798360, advertInterval: 2, heard: 3, farewells: 1 }
  const answer = { kind: "answer", instances: new Map([["vips", vips]]) }
  assert.equal(vrrpIn(JSON.stringify([instance])), answer)
  assert.equal(vrrpIn(JSON.stringify({ vrrp: [instance] })), answer)
})

test("vrrpIn() knows all states of keepalived", () => {
  const states = [0, 1, 2, 3].map((state) =>
    vrrpIn(JSON.stringify([{ ...instance, data: { ...instance.data, state } }])),
  )
  assert.equal(
    states.map((one) => one?.instances.get("vips")?.state),
    ["init", "backup", "master", "fault"],
  )
})

test("vrrpIn() reads every instance, and nothing where one of them is not as expected", () => {
  const other = { ...instance, data: { ...instance.data, iname: "lan", state: 1 } }
  const states = [...(vrrpIn(JSON.stringify([instance, other]))?.instances ?? [])].map(([name, one]) => [
    name,
    one.state,
  ])
  assert.equal(states, [
    ["vips", "master"],
    ["lan", "backup"],
  ])
  assert.is(vrrpIn(JSON.stringify([instance, { ...other, data: { ...other.data, state: 9 } }])), null)
})

test("vrrpIn() believes nothing that is half written, or other than expected", () => {
  const whole = JSON.stringify([instance])
  for (let length = 0; length < whole.length; length++) assert.is(vrrpIn(whole.slice(0, length)), null)
  for (const text of ["[]", "{}", "null", '[{"data":{"state":9},"stats":{}}]', "[[]]"]) assert.is(vrrpIn(text), null)
})

test.run()
