import topology from '../../examples/list-side.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group } from './example.ts'

/** Orders of no, one or more lines; of some a line never comes, and some do not say how many they have. */
export const listSide: Example = {
  name: 'list-side',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const key = `o-${id}`
      const lineCount = nextInt(random, 5)
      const order = (told: string): GivenRecord => {
        return { topic: 'order-heads', value: `{"orderId":"${key}", "lineCount":${told}}` }
      }
      const lines = Array.from({ length: lineCount }, (_line, at): GivenRecord => {
        return { topic: 'order-lines', value: `{"orderId":"${key}", "line":${at}}` }
      })
      const nothing = { merged: [], deadLetters: [] }
      switch (nextInt(random, 10)) {
        case 0:
          return { records: [order(String(lineCount + 1)), ...lines], outcomes: [nothing] }
        case 1: {
          const record = order('"many"')
          const letter = { reason: 'COUNT_INVALID', record }
          return { records: [...lines, record], outcomes: [{ ...nothing, deadLetters: [letter] }] }
        }
        default: {
          const record = order(String(lineCount))
          const list = lines.map(({ value }) => String(value)).join(',')
          const value = `{"orderId":"${key}","order":${String(record.value)},"lines":[${list}]}`
          return { records: [...lines, record], outcomes: [{ ...nothing, merged: [{ key, value }] }] }
        }
      }
    })
  },
}
