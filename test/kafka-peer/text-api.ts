import type { Api, Type } from '../../src/protocol/index.ts'

/** The rest of a message as text. */
const text: Type<string> = {
  read: (reader) => reader.buffer.toString('utf8', reader.skip(reader.remaining)),
  write: (writer, value) => writer.raw(Buffer.from(value)),
}

/** An API of no broker, for tests of what is below all of them: a text is asked and answered. */
export const textApi: Api<'Text', typeof text, typeof text> = {
  key: 99,
  name: 'Text',
  versions: [3, 3],
  flexibleSince: Infinity,
  request: text,
  response: text,
}
