import { grouped } from '../core/grouped.ts'
import type { EarlierRecord, Explanation, OnwardRecord, Origin } from '../streams/index.ts'
import { beforeStartText } from './before-start.ts'
import { offsetText } from './offset-text.ts'
import { harmless } from './quoted.ts'
import { fateText } from './redrive-text.ts'

/** The explanation of a key for people. */
export function explanationText({
  app,
  key,
  pending,
  goneParts = [],
  unread = [],
  isRemembered,
  published,
  deadLetters,
  sources,
  startedAt = [],
  layoutBefore,
  earlier = [],
  onward = [],
}: Explanation): string {
  const lines = [
    ...(pending === undefined ? [] : pendingLines(pending)),
    ...(unread.length > 0 ? ['not read yet', ...unread.map((record) => `  ${placeText(record)}`)] : []),
    ...(isRemembered ? ['completed: what comes now is a duplicate'] : []),
    ...published.flatMap((record) => [
      `${record.isExpired ? 'expired' : 'merged'}${record.missing.length === 0 ? '' : ` without ${record.missing.join(', ')}`}`,
      `  ${placeText(record)}`,
      `  from ${record.parts.map(({ side, ...part }) => `${side} ${originText(part, sources)}`).join(', ')}`,
    ]),
    ...deadLetters.flatMap(({ letter, redriven, ...record }) => [
      `dead letter: ${letter.reason}, ${harmless(letter.cause)}`,
      `  ${placeText(record)}`,
      `  from ${letter.origins.map((origin) => originText(origin, sources)).join(', ')}`,
      ...(letter.redriven === undefined ? [] : [`  redriven before: ${letter.redriven}`]),
      ...(redriven === undefined ? [] : [`  redriven: ${fateText(redriven)}`]),
    ]),
  ]
  const starts = startedAt.map(({ topic, partition, offset }) => {
    return beforeStartText(
      `${sources.length > 1 ? `topic ${topic}, ` : ''}partition ${partition}`,
      offset,
      layoutBefore,
    )
  })
  const known = lines.length === 0 ? ['no record of it is known'] : lines
  return [
    `${app}, key ${key}`,
    ...known,
    ...earlier.flatMap(earlierLines),
    ...onward.flatMap(onwardLines),
    ...goneParts.map(({ topic, partition, count }) => {
      return `of topic ${topic}, partition ${partition}: records of ${grouped(count)} pending parts are gone, of whatever keys`
    }),
    ...starts,
  ].join('\n')
}

/** What a record was merged of in the correlation before. */
function earlierLines({ app, record, key, parts, earlier = [] }: EarlierRecord): string[] {
  const told =
    parts.length === 0
      ? 'its record is gone, with what it was merged of'
      : parts[0]!.side === undefined
        ? `copied from ${originText(parts[0]!, [])}`
        : `merged as key ${key ?? 'null'}, from ${parts.map(({ side, ...part }) => `${side} ${originText(part, [])}`).join(', ')}`
  return [`before ${app}, of ${record.topic} ${offsetText(record)}`, `  ${told}`, ...earlier.flatMap(earlierLines)]
}

/** What became of a merged record in the next correlation. */
function onwardLines({ app, record, state, published, deadLetters, onward = [] }: OnwardRecord): string[] {
  const told = [
    ...published.map((each) => `merged as key ${each.key}: ${each.topic} ${offsetText(each)}`),
    ...deadLetters.map((reason) => `dead letter: ${reason}`),
  ]
  const states = {
    unread: 'not read yet',
    pending: 'waits',
    left: 'no longer there: filtered, or its records are gone',
  }
  return [
    `then ${app}, of ${record.topic} ${offsetText(record)}`,
    ...(told.length === 0 ? [states[state]] : told).map((line) => `  ${line}`),
    ...onward.flatMap(onwardLines),
  ]
}

function pendingLines({ parts, missing, expires }: NonNullable<Explanation['pending']>): string[] {
  const end =
    expires === undefined
      ? ''
      : `, until ${timeText(expires.atMs)} by ${expires.by === 'eventTime' ? 'the time of its records' : 'the clock'}`
  const width = Math.max(...parts.map(({ side }) => side.length))
  return [
    `waits for ${missing.join(', ')}${end}`,
    ...parts.map(({ side, ...record }) => `  ${side.padEnd(width)}  ${placeText(record)}`),
  ]
}

/** The topic is named where there are several. */
function originText({ topic, ...origin }: Origin, sources: readonly string[]): string {
  return `${sources.length > 1 || topic !== sources[0] ? `${topic} ` : ''}${offsetText(origin)}`
}

interface Place {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly index?: number | undefined
  readonly timestampMs: number
}

function placeText({ topic, timestampMs, ...place }: Place): string {
  return `${topic} ${offsetText(place)}  ${timeText(timestampMs)}`
}

/** Producers may give any number for a time. */
function timeText(ms: number): string {
  const time = new Date(ms)
  return ms < 0 || Number.isNaN(time.getTime()) ? 'without a time' : time.toISOString()
}
