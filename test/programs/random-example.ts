import { gzipSync } from 'node:zlib'
import { nextInt, type Random, seededRandom } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group } from '../examples/example.ts'
import { type ModelRecord, outcomesOf } from './random-model.ts'
import { type DrawnProgram, drawProgram, topologyOf, type Value, withinMs } from './random-program.ts'

const recordsMax = 6
const prefix = 'random-'

/** A program that a seed draws, with its records and its model. */
export function randomExample(seed: number): Example & { readonly program: DrawnProgram } {
  const program = drawProgram(seededRandom(seed))
  const name = `${prefix}${seed}`
  return {
    name,
    program,
    topology: topologyOf(program, name),
    settleMs: 10 * withinMs,
    draw: (random, count) => Array.from({ length: count }, (_, id) => drawGroup(random, program, 100_000 + id)),
  }
}

/** The program of such a name; undefined for another one. */
export function randomExampleNamed(name: string): Example | undefined {
  return name.startsWith(prefix) ? randomExample(Number(name.slice(prefix.length))) : undefined
}

/** Records of one key: of most sides one, of some none or several, in any order. */
function drawGroup(random: Random, program: DrawnProgram, id: number): Group {
  const key = String(id)
  const kinds = program.sides.flatMap(({ name, list, isLatest }) => {
    const most = list === undefined ? (isLatest ? 3 : 2) : 4
    const count = nextInt(random, 4) === 0 ? nextInt(random, most + 1) : list === undefined ? 1 : 2
    return Array<string>(count).fill(name)
  })
  const records: ModelRecord[] = []
  while (kinds.length > 0 && records.length < recordsMax) {
    const [kind] = kinds.splice(nextInt(random, kinds.length), 1)
    const record = drawRecord(random, program, kind!, id, records.length)
    records.push(record)
    const lettingOnce = program.sources.some(({ topic, once }) => topic === record.given.topic && once !== undefined)
    if (lettingOnce && nextInt(random, 3) === 0) records.push({ ...record, given: { ...record.given } })
  }
  // A group without records has nothing to be found by.
  if (records.length === 0) records.push(drawRecord(random, program, program.sides[0]!.name, id, 0))
  return { records: records.map(({ given }) => given), outcomes: outcomesOf(program, key, records) }
}

function drawRecord(random: Random, program: DrawnProgram, kind: string, num: number, at: number): ModelRecord {
  const ref = String(num)
  const tells = program.sides.some(({ list }) => list?.count === kind)
  const n = tells ? nextInt(random, 4) : at
  const drop = nextInt(random, 8) === 0
  const times = [0, 1, 1, 2, 2, 3][nextInt(random, 6)]!
  const partText = `{ "of":"${kind}${at}",  "n":${n} }`
  const text = `{"kind":"${kind}","ref":"${ref}", "num":${num},"at":{"ref":"${ref}"},"n":${n},"drop":${drop},"times":${times},"part":${partText}}`
  const value = JSON.parse(text) as Value
  const source = program.sources.find(({ sides }) => sides.includes(kind))!
  const given: GivenRecord = {
    topic: source.topic,
    key: ref,
    headers: { kind, key: ref },
    value: written(source.decoding, text),
  }
  return { given, value, text, partText }
}

function written(decoding: DrawnProgram['sources'][number]['decoding'], text: string): string | Buffer {
  switch (decoding) {
    case 'json':
      return text
    case 'confluent':
      return Buffer.concat([Buffer.of(0, 0, 0, 0, 7), Buffer.from(text)])
    case 'gzip':
      return gzipSync(text)
    case 'function':
      return Buffer.from(text).toString('base64')
  }
}
