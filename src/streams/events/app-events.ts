import type { MillraceError } from '../../core/errors.ts'
import type { Role } from '../runtime/role.ts'

/** What a program tells those who listen, by name: see `App.on`. */
export interface AppEvents {
  readonly roleChanged: { readonly role: Role; readonly was: Role }
  readonly epochCommitted: {
    readonly epoch: number
    readonly records: number
    readonly mergedRecords: number
    readonly durationMs?: number
    readonly commitMs?: number
  }
  readonly rollback: { readonly epoch: number }
  readonly deadLettered: { readonly epoch: number; readonly reasons: Readonly<Record<string, number>> }
  readonly expired: { readonly epoch: number; readonly rows: number }
  readonly tableRowsRefused: {
    readonly table: string
    readonly topic: string
    readonly partition: number
    readonly offset: number
    readonly rows: number
    readonly error: string
  }
  readonly brokerLost: { readonly waitingFor: string; readonly sinceMs: number; readonly error?: MillraceError }
  readonly brokerFound: { readonly waitedMs: number }
}

/** The name of an event. */
export type AppEventName = keyof AppEvents

type Described = {
  readonly [Name in AppEventName]: {
    readonly when: string
    readonly facts: Readonly<Record<keyof AppEvents[Name], string>>
  }
}

/** When each event comes, and what it tells. `docs/events.md` is made from this table. */
export const appEvents: Described = {
  roleChanged: {
    when: 'The process became the active one, stands by, or stands by and could not take over.',
    facts: { role: '`active`, `standby` or `incompatible`', was: 'the role before' },
  },
  epochCommitted: {
    when: 'The broker has committed an epoch.',
    facts: {
      epoch: 'its number',
      records: 'source records that it consumed',
      mergedRecords: 'merged records that it published',
      durationMs:
        'from its first row to the acknowledgement of its commit, in milliseconds; absent where that answer was lost, and the checkpoint told of the commit',
      commitMs: 'from its border to that; absent as that is',
    },
  },
  rollback: {
    when: 'Something has crashed, and the program went back to the last committed epoch.',
    facts: { epoch: 'the number of that; 0 before the first' },
  },
  deadLettered: {
    when: 'The committed epoch has dead letters, duplicates and expired rows among them.',
    facts: { epoch: 'its number', reasons: 'how many of each reason' },
  },
  expired: {
    when: 'Rows have left incomplete with the committed epoch, wherever they went.',
    facts: { epoch: 'its number', rows: 'how many, evicted ones among them' },
  },
  tableRowsRefused: {
    when: 'Records of a topic that fills a table were no rows of it. Up to 2,048 of a partition are told together.',
    facts: {
      table: 'the table',
      topic: 'its topic',
      partition: 'the partition of the first of them',
      offset: 'its offset',
      rows: 'how many there were',
      error: 'what is wrong with the first of them, as a sentence',
    },
  },
  brokerLost: {
    when: 'Brokers have been waited for longer than a second, because they are away, elect or refuse.',
    facts: {
      waitingFor: 'what is waited for, as the log says it',
      sinceMs: 'since when, in milliseconds since 1970',
      error: 'the last error, if there was one',
    },
  },
  brokerFound: {
    when: 'They answer again.',
    facts: { waitedMs: 'for how long they were waited for, in milliseconds' },
  },
}
