import { NO_VALUE, PART_MISSING, UNKNOWN_STAGE } from './constants/status.ts'
import { Status, statusText } from './json/index.ts'

/**
 * Why a record became a dead letter: the scanner's statuses, and what later steps find. Small integers, because a
 * column of them travels with the records; `deadLetterReasons` has the words.
 */
export const Reason = {
  ...Status,
  NO_VALUE,
  UNKNOWN_STAGE,
  PART_MISSING,
  DUPLICATE: 11,
  STAGE_FAILED: 12,
  SCHEMA_INVALID: 13,
  PART_NOT_JSON: 14,
  MERGE_TOO_LARGE: 15,
  ROUTE_FAILED: 16,
  EXPIRED: 17,
  PROCESS_KILLED: 18,
  COMPLETED: 19,
  PART_TOO_LARGE: 20,
  TIMESTAMP_AHEAD: 21,
  MERGE_TIMESTAMP_REFUSED: 22,
  LATE: 23,
  MERGE_FAILED: 24,
  MERGE_NOT_JSON: 25,
  EVICTED: 26,
  UNDECODABLE: 27,
  FILTER_FAILED: 28,
  MAP_FAILED: 29,
  VALUE_NOT_JSON: 30,
  KEY_FAILED: 31,
  TIMESTAMP_INVALID: 32,
  LIST_FULL: 33,
  COUNT_INVALID: 34,
  WINDOW_CLOSED: 35,
  NOT_A_NUMBER: 36,
  AGGREGATE_FAILED: 37,
  AGGREGATE_TOO_LARGE: 38,
  RESULT_FAILED: 39,
  WRONG_PARTITION: 40,
} as const

/** Reasons of records that are of the class `duplicate`. */
export const duplicateReasons: ReadonlySet<number> = new Set([Reason.DUPLICATE, Reason.COMPLETED, Reason.LATE])

/** Whether a dead letter with a reason is of a whole row that has left incomplete, and not of one record. */
export function isOfRow(reason: string | undefined): boolean {
  return reason === 'EXPIRED' || reason === 'EVICTED'
}

/** Whether a dead letter with a reason is of a result of a window, which names no record. */
export function isOfResult(reason: string | undefined): boolean {
  return reason === 'RESULT_FAILED'
}

/** Reasons of records on which a user's function failed. */
export const functionReasons: ReadonlySet<number> = new Set([
  Reason.STAGE_FAILED,
  Reason.ROUTE_FAILED,
  Reason.UNDECODABLE,
  Reason.FILTER_FAILED,
  Reason.MAP_FAILED,
  Reason.KEY_FAILED,
  Reason.MERGE_FAILED,
  Reason.AGGREGATE_FAILED,
  Reason.RESULT_FAILED,
])

export type Reason = (typeof Reason)[keyof typeof Reason]

const laterTexts = [
  'the record has no value',
  'the route leads to no stage of this name',
  'the field of the part is missing',
  'the key already has a part of this side',
  'the function of the stage failed on the record',
  'the value does not satisfy the schema of the stage',
  'the function of the stage returned what JSON cannot hold',
  'the merged record is larger than the sink takes',
  'the route function failed on the record',
  'the other parts of the key did not come in time',
  'the process ended on the record in every attempt',
  'the key has been merged already',
  'the record, with the part to be promoted, is larger than the checkpoint topic takes',
  'the timestamp of the record is too far ahead of the time of day',
  'the sink does not take a record of the time that the merged record would have',
  'the key has been merged, and its merge did not wait for this side any longer',
  'the function of a filter or map failed on the merged record',
  'the map made of the merged record what JSON cannot hold',
  'the other parts of the key had not come when the pending table was full, and its row was one of the oldest',
  'the value cannot be decoded',
  'the function of the filter failed on the record',
  'the function of the map failed on the record',
  'the function of the map returned what JSON cannot hold',
  'the function of the merge key failed on the record',
  'the timestamp of the record is no time',
  'the key has as many parts of this side as a list may have',
  'the part does not tell how many parts the list of its key has',
  'the windows of the record had all closed when it came',
  'the field of the aggregate is no number',
  'the function of the aggregate failed on the record',
  'the window would be larger with the record than it may be',
  'a function failed on the result, or the sink does not take what was made of it',
  'the record is in another partition than that of its merge key',
]

export interface DeadLetterReason {
  /** Stable name, sent in the dead letter's header. */
  name: string
  text: string
}

/** Name and text by number. */
export const deadLetterReasons: readonly DeadLetterReason[] = Object.entries(Reason).map(([name, code]) => ({
  name,
  text: statusText[code] ?? laterTexts[code - statusText.length]!,
}))
