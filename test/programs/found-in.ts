import type { Engine } from '../../src/streams/index.ts'
import { type Found, traceOf } from '../examples/model.ts'

/** What an engine has published, as models are compared with. */
export function foundIn(engine: Engine): Found {
  const { written } = engine.kafka
  return {
    merged: written
      .filter((each) => engine.kindOf(each) !== 'deadLetter')
      .map((each) => {
        const { key, value, headers } = each
        return {
          topic: engine.topicOf(each),
          key: key ?? null,
          value: value ?? null,
          trace: traceOf(new Map(Object.entries(headers))),
        }
      }),
    deadLetters: written
      .filter((each) => engine.kindOf(each) === 'deadLetter')
      .map(({ letter }) => {
        const { topic, partition, offset } = letter!.origins[0]!
        return { reason: letter!.reason, topic, partition, offset }
      }),
  }
}
