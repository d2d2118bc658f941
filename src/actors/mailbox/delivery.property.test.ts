import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { sleep } from '../../core/clock.ts'
import { probeActors } from '../../testing/index.ts'
import { checkAsync } from '../../../test/property.ts'
import { defineActor, type FailingMessagePolicy } from '../index.ts'

interface Parcel {
  type: 'parcel'
  sender: number
  number: number
  /** Virtual milliseconds that handling takes; 0 is a synchronous handler. */
  workMs: number
  /** How often handling fails before it succeeds. */
  failures: number
}

const policy = fc.constantFrom<FailingMessagePolicy>('dead-letter', { retry: 1, afterwards: 'dead-letter' })
const parcel = fc.record({
  receiver: fc.nat(1),
  /** Virtual milliseconds that the sender waits before it sends. */
  pauseMs: fc.constantFrom(0, 0, 0, 1, 5),
  workMs: fc.constantFrom(0, 0, 1, 7),
  failures: fc.constantFrom(0, 0, 0, 0, 1, 2),
  isAwaited: fc.boolean(),
})

describe('Messages from one actor to another', () => {
  it('B6 B11 B16 are handled once and in order, or counted as dead letters, whatever crashes, waits and is full', async () => {
    const senders = fc.array(fc.array(parcel, { maxLength: 20 }), { minLength: 1, maxLength: 3 })
    const bounds = fc.record({
      mailboxMax: fc.integer({ min: 1, max: 4 }),
      mailboxMaxBytes: fc.integer({ min: 1, max: 40 }),
    })

    await checkAsync(
      fc.asyncProperty(
        senders,
        bounds,
        policy,
        async (parcelsBySender, { mailboxMax, mailboxMaxBytes }, failingMessage) => {
          const handled: [Parcel[], Parcel[]] = [[], []]
          const receiver = (index: 0 | 1) =>
            defineActor<Parcel, undefined>({
              name: `receiver-${index}`,
              mailboxMax,
              mailboxMaxBytes,
              sizeOf: ({ workMs }) => workMs * 5,
              failingMessage,
              init: () => undefined,
              handleInPlace: {
                parcel(_, message, { clock }) {
                  const finish = () => {
                    if (message.failures-- > 0) throw new Error('fault')
                    handled[index].push(message)
                  }
                  return message.workMs === 0 ? finish() : sleep(clock, message.workMs).then(finish)
                },
              },
            })
          await using probe = await probeActors([{ start: receiver(0) }, { start: receiver(1) }], {
            maxRestarts: 1_000,
          })

          const send = async (sender: number) => {
            for (const [number, { receiver, pauseMs, workMs, failures, isAwaited }] of parcelsBySender[
              sender
            ]!.entries()) {
              if (pauseMs > 0) await sleep(probe.clock, pauseMs)
              const sent = probe
                .ref<Parcel>(`receiver-${receiver}`)
                .tell({ type: 'parcel', sender, number, workMs, failures })
              if (isAwaited) await sent
              for (const child of probe.system.whichChildren()) {
                assert.ok(child.kind === 'actor' && child.mailboxCount <= mailboxMax)
                assert.ok(child.mailboxBytes <= mailboxMaxBytes || child.mailboxCount === 1)
              }
            }
          }
          await probe.clock.until(Promise.all([...parcelsBySender.keys()].map(send)))
          await probe.clock.until(probe.system.stop())

          const triesMax = failingMessage === 'dead-letter' ? 1 : 2
          const isDelivered = ({ failures }: { failures: number }) => failures < triesMax
          for (const index of [0, 1] as const) {
            for (const [sender, parcels] of parcelsBySender.entries()) {
              const numbers = [...parcels.entries()]
                .filter(([, each]) => each.receiver === index && isDelivered(each))
                .map(([number]) => number)
              assert.deepEqual(
                handled[index].filter((each) => each.sender === sender).map(({ number }) => number),
                numbers,
              )
            }
          }
          const undelivered = parcelsBySender.flat().filter((each) => !isDelivered(each))
          assert.equal(probe.system.deadLetters().total, undelivered.length)
        },
      ),
      100,
    )
  })
})
