import { ConfigError } from '../../core/errors.ts'
import type { OptionValues } from '../../core/options.ts'
import { plainRecord, type RecordColumns } from '../../kernel/index.ts'
import type { ReadLetter } from '../admin/dead-letter-reader.ts'
import { originChoice } from '../admin/origin-choice.ts'
import { reasonChoice } from '../admin/reason-choice.ts'
import type { redriveOptions } from '../question-options.ts'
import { isDeadLettered } from './redriven-letters.ts'

/** Says which dead letters are to be redriven. */
export type IsChosen = (read: ReadLetter, columns: RecordColumns, row: number) => boolean

type Choice = Pick<OptionValues<typeof redriveOptions>, 'reason' | 'key' | 'since' | 'until' | 'origin'>

/**
 * @throws ConfigError `CONFIG_INVALID_VALUE`
 */
export function letterChoice({ reason, key, since, until, origin }: Choice): IsChosen {
  // What was a duplicate, or has expired, would most often be so again.
  const isOfReason = reason === undefined ? isDeadLettered : reasonChoice(reason)
  const [sinceMs, untilMs] = [timeOf('since', since), timeOf('until', until)]
  const isThere = origin === undefined ? undefined : originChoice(origin)
  return ({ letter }, columns, row) => {
    const timestamp = columns.timestamp[row]!
    if (!isOfReason(letter.reason)) return false
    if (sinceMs !== undefined && timestamp < sinceMs) return false
    if (untilMs !== undefined && timestamp >= untilMs) return false
    if (isThere !== undefined && !letter.origins.some(isThere)) return false
    return key === undefined || textOf(plainRecord(columns, row).key) === key
  }
}

function timeOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = Date.parse(text)
  if (!Number.isNaN(ms)) return ms
  throw new ConfigError('CONFIG_INVALID_VALUE', `${option}: "${text}" is no time such as 2026-01-31T12:00:00Z`, {
    option,
  })
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString()
}
