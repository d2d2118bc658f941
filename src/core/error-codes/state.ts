import type { ErrorRule } from '../coded-error.ts'

/** Errors of transactional tables and their transactions. */
export const stateErrors = {
  HISTORY_INVALID: {
    retryable: false,
    meaning:
      'A history of transactions cannot be checked: they are not numbered by their places, an element is appended to a list twice, or what was read is no list.',
    remedy:
      'Number the transactions of several recorders anew, end each once, and call `restart` first in a function that may run again.',
  },
  STATE_BYTES_EXCEEDED: {
    retryable: false,
    meaning:
      'A change of a transactional table would take more than its `bytesMax`; it has not happened. In a table of a program it ends the program, and its epoch has not happened.',
    remedy:
      'Delete rows, or raise `bytesMax`. Versions that a long transaction or a snapshot keeps count as well: `keptVersions` of the store tells how many there are.',
  },
  STATE_CHANGES_LOST: {
    retryable: false,
    meaning: 'Commits of a store that were asked for are not kept any more, or none are kept.',
    remedy: 'Open the store with a larger `changesMax`, read faster, or begin anew with a snapshot.',
  },
  STATE_NOT_SHARED: {
    retryable: false,
    meaning: 'A store that one thread alone uses was to be shared with others.',
    remedy: 'Make it with `shared: true`.',
  },
  STATE_RANGE_INVALID: {
    retryable: false,
    meaning:
      'Rows were asked for by a range that is none: with a bound or an option that there is not, with two lower or two upper bounds, or with a limit that is no number of rows.',
    remedy: 'Give `from` or `after`, `to` or `before`; to a scan also `reverse` and `limit`.',
  },
  STATE_READERS_EXCEEDED: {
    retryable: true,
    meaning: 'More than 63 other threads were to use a store, or one of them reads it at more than 1,024 versions.',
    remedy: 'Close the store in threads that have done with it; let transactions end before others begin.',
  },
  STATE_STORE_CLOSED: {
    retryable: false,
    meaning:
      'A store of another thread was used that is not there: the thread that had made it has ended, or this one has closed it. Whether a transaction that waited for its commit has committed is not known; nothing of the store is left.',
    remedy: 'Make the store anew where it was made, and open it with the new handle.',
  },
  STATE_TABLE_EXISTS: {
    retryable: false,
    meaning: 'A store was asked to make a table of a name that it has already.',
    remedy: 'Make each table once, and pass it on.',
  },
  STATE_TABLE_UNKNOWN: {
    retryable: false,
    meaning:
      'A transaction was given a table of another store, or a thread has opened one that the store does not have, or has with other codecs.',
    remedy:
      'Work with each store in transactions of its own. Make tables before threads open the store, and give the same codecs everywhere.',
  },
  STATE_TABLE_UNORDERED: {
    retryable: false,
    meaning: 'A range of keys was asked for of a table that does not keep its keys in order.',
    remedy: 'Make the table with `ordered: true`, or scan all of it.',
  },
  STATE_VALUE_INVALID: {
    retryable: false,
    meaning:
      'A key or a value cannot be kept in its table: of another type, refused by its schema, or a key that is too long.',
    remedy: 'Correct the value that the message speaks of, or the codec or schema of the table.',
  },
  STATE_VERSION_DROPPED: {
    retryable: false,
    meaning: 'A version of a table was asked for that nobody has kept.',
    remedy: 'Take the snapshot while the version is the latest one, and use it before it is disposed of.',
  },
  STATE_ZONE_UNKNOWN: {
    retryable: false,
    meaning: 'Rows were looked up by a zone map that their table does not have.',
    remedy: 'Declare it in the `zones` of the table, or correct its name.',
  },
  TRANSACTION_CONFLICT: {
    retryable: true,
    meaning:
      'A transaction of a store could not commit, after all of its retries: others have changed what it had read, or have locked what it writes.',
    remedy:
      'Make the transaction shorter, raise `retriesMax`, or use the pessimistic mode where many want the same rows.',
  },
  TRANSACTION_ENDED: {
    retryable: false,
    meaning: 'The function of a transaction has left something running that used the transaction after its end.',
    remedy: 'Await all that the function begins.',
  },
  TRANSACTION_LOCK_TIMEOUT: {
    retryable: true,
    meaning: 'A pessimistic transaction has waited for the lock of a key for as long as `lockWaitMs` allows.',
    remedy: 'Find the transaction that holds the lock for so long, or raise `lockWaitMs`.',
  },
  TRANSACTION_NESTED: {
    retryable: false,
    meaning: 'A transaction within another one needs more than that one gives: another mode, or a stronger isolation.',
    remedy: 'Give the outer transaction the mode and the isolation that its parts need.',
  },
  TRANSACTION_NOT_SYNCHRONOUS: {
    retryable: false,
    meaning: 'The function of a synchronous transaction has returned a promise; its changes have not happened.',
    remedy: 'Use `transact`, or do not wait for anything.',
  },
  TRANSACTION_TOO_LARGE: {
    retryable: false,
    meaning: 'A transaction of a store reads and writes, or locks, more rows than `operationsMax` allows.',
    remedy: 'Split the transaction, or raise `operationsMax`.',
  },
} as const satisfies Record<string, ErrorRule>
