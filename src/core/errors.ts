/**
 * Every operating error Millrace raises, with what it means and what to do. `docs/errors.md` is made from this table.
 * `retryable` is data that callers decide by; nobody matches on message text.
 */
export const errorCatalogue = {
  ACTOR_ASK_FAILED: {
    retryable: true,
    meaning: 'An actor crashed or was stopped over a question, before it answered.',
    remedy: 'Look at the cause; ask again once the actor has restarted.',
  },
  ACTOR_ASK_TIMEOUT: {
    retryable: true,
    meaning: 'An actor did not answer a question in time.',
    remedy: 'Raise `timeoutMs`, or find what keeps the actor busy.',
  },
  ACTOR_CHILDREN_FULL: {
    retryable: true,
    meaning: 'A supervisor has as many children as it takes.',
    remedy: 'Raise `childrenMax`, or start the child once another has ended.',
  },
  ACTOR_CHILD_EXISTS: {
    retryable: false,
    meaning: 'A supervisor was given a child whose id another of its children has, running or not.',
    remedy: 'Restart or delete that child, or give the new one another id.',
  },
  ACTOR_CHILD_RUNNING: {
    retryable: false,
    meaning: 'A child that runs, or is being restarted, was to be restarted or deleted.',
    remedy: 'Terminate the child first.',
  },
  ACTOR_LINK_BROKEN: {
    retryable: true,
    meaning: 'An actor crashed because one that it is linked to went down, or was down already.',
    remedy: 'Look at the cause; an actor that is to live on has `trapExit`, or monitors in place of links.',
  },
  ACTOR_MAILBOX_CLOSED: {
    retryable: false,
    meaning: 'A message was sent to an actor that has ended.',
    remedy: 'Monitor the actor, or look at the reason its supervisor reports.',
  },
  ACTOR_MAILBOX_FULL: {
    retryable: true,
    meaning: 'Too many messages wait for room in the mailbox of an actor.',
    remedy: 'Await what `tell` returns before sending more.',
  },
  ACTOR_NOT_FOUND: {
    retryable: false,
    meaning: 'A system has no actor or supervisor, or more than one, at an address, or a supervisor has no such child.',
    remedy: 'Use the path of the actor, as `whichChildren` shows it; a child is named by its id.',
  },
  ACTOR_RESTARTS_EXCEEDED: {
    retryable: false,
    meaning: 'The children of a supervisor ended more often than it restarts them.',
    remedy: 'Look at the cause, which is the last crash; `maxRestarts` and `withinMs` set the limit.',
  },
  ACTOR_SPEC_INVALID: {
    retryable: false,
    meaning: 'The description of a supervisor, a child or an actor is wrong.',
    remedy: 'Correct what the message names.',
  },
  ACTOR_START_FAILED: {
    retryable: false,
    meaning: 'A child could not be started; a supervisor that was starting with it did not start either.',
    remedy: 'Look at the cause, which is what `init` failed with.',
  },
  ACTOR_STASH_FULL: {
    retryable: false,
    meaning: 'An actor set aside as many messages as its mailbox holds, so that no other could come in.',
    remedy: 'Raise `mailboxMax`, or call `unstashAll` sooner.',
  },
  ACTOR_SUPERVISOR_DOWN: {
    retryable: true,
    meaning: 'The children of a supervisor were to be changed while it did not run.',
    remedy: 'Change them once it has started; it may be about to restart.',
  },
  CONFIG_INVALID_VALUE: {
    retryable: false,
    meaning: 'An option has a value of the wrong type or out of its range.',
    remedy: 'Give a value as the message says; docs/configuration.md lists all options.',
  },
  CONFIG_MISSING_VALUE: {
    retryable: false,
    meaning: 'An option without a default is given neither in the program, nor by flag, nor in the environment.',
    remedy: 'Give it in one of the ways that the message names.',
  },
  CONFIG_SECRET_UNPROTECTED: {
    retryable: false,
    meaning: 'A password or token would be sent without TLS, for all on the way to read.',
    remedy:
      'Use TLS, or SCRAM, which proves a password without sending it; `allowPlaintext` is for networks that are trusted.',
  },
  CONFIG_UNKNOWN_OPTION: {
    retryable: false,
    meaning: 'An option or flag of this name does not exist.',
    remedy: 'Correct the spelling; docs/configuration.md lists all options.',
  },
  EXPERIMENT_BATCH_INVALID: {
    retryable: false,
    meaning: "A record batch of the experiment's result is compressed, damaged or of an unknown format.",
    remedy: 'Check that the topic holds nothing but the result of `millrace run`, and read it with `read_committed`.',
  },
  BROKER_LISTEN_FAILED: {
    retryable: false,
    meaning: 'The embedded broker could not listen on its port.',
    remedy: 'Choose another port, or 0 for a free one; the message says what the system refused.',
  },
  BROKER_MOVE_REFUSED: {
    retryable: false,
    meaning:
      'A leader or a coordinator of the embedded broker was to move, but the partition or the target is not there.',
    remedy: 'Correct what the message names; `brokers` says how many there are, and the first has id 1.',
  },
  BROKER_TOPIC_REFUSED: {
    retryable: false,
    meaning: 'The embedded broker was asked to create a topic that is not valid or exists already.',
    remedy: 'Correct what the message names: the topic name, the number of partitions or the setting.',
  },
  KAFKA_AUTHENTICATION_FAILED: {
    retryable: false,
    meaning:
      'A broker does not accept who this client says it is, or could not prove that it knows the password itself.',
    remedy: 'Check mechanism, user name and password or token; the message has what the broker says.',
  },
  KAFKA_CLOSED: {
    retryable: false,
    meaning: 'The client, or the part of it that was asked, has been closed by the program itself.',
    remedy: 'Nothing is to be done where the program ends; else close the client last.',
  },
  KAFKA_CONNECTION_FAILED: {
    retryable: true,
    meaning: 'A broker could not be reached, or the connection broke.',
    remedy:
      'Check `bootstrapServers`, the broker, the network between, and whether that port speaks TLS, SASL or neither.',
  },
  CHECKPOINT_CORRUPT: {
    retryable: false,
    meaning: 'The checkpoint is damaged or incomplete, or the parts that it names are not what they were.',
    remedy:
      'See what the message names. A stage function must give the same part for the same record, or be declared `deterministic: false`; raise the `version` of a stage that was changed. `millrace reset` starts over.',
  },
  CHECKPOINT_FOREIGN: {
    retryable: false,
    meaning: 'The checkpoint is further than this process: another one has gone on with the program.',
    remedy: 'Look for a second process with the same application name; this one ends.',
  },
  CHECKPOINT_INCOMPATIBLE: {
    retryable: false,
    meaning: 'The checkpoint was written by a program that means something else by the pending parts.',
    remedy:
      'Run the old program until nothing waits, give the new one another name, or start over with `millrace reset`; the message says what differs.',
  },
  CHECKPOINT_MISSING: {
    retryable: false,
    meaning: 'The program has run before, as the offsets of its group show, but its checkpoint is gone.',
    remedy: 'Bring the topic back from a copy, or start over with `millrace reset`.',
  },
  CHECKPOINT_TOPIC_INVALID: {
    retryable: false,
    meaning: 'The topic of the checkpoint has settings under which a checkpoint would be lost or split.',
    remedy: 'Correct the settings that the message names.',
  },
  CLOCK_SKEWED: {
    retryable: false,
    meaning:
      'A warning, with which nothing ends: the clock of this machine and that of the broker differ by more than `clockSkewMaxMs`. The program goes by the time of the broker, so no record is lost or diverted by it.',
    remedy: 'Set the clock that is wrong, and have both follow a time server.',
  },
  GROUP_FOREIGN: {
    retryable: false,
    meaning:
      "A consumer group of the program's name has offsets of its source, but another consumer has committed them.",
    remedy:
      'Give the program another name. Where that consumer is gone for good, `kafka-consumer-groups --delete --group` removes what it has left.',
  },
  GROUP_OFFSETS_DIFFER: {
    retryable: false,
    meaning: 'The offsets of the consumer group were changed from outside; what is pending belongs to other offsets.',
    remedy: 'Set them back to what the message names, or start over with `millrace reset`.',
  },
  OUTPUT_TOPIC_INVALID: {
    retryable: false,
    meaning: 'A topic that the program writes to has settings under which its records would be refused or removed.',
    remedy: 'Correct the setting that the message names, such as with `kafka-configs --alter`.',
  },
  PENDING_LOST: {
    retryable: false,
    meaning:
      'Records whose parts are pending have been removed from the source before they were promoted to the checkpoint: by hand, by `retention.bytes`, or while the program did not run.',
    remedy:
      'Make the retention of the source longer; go on without them with `--accept-loss`, or start over with `millrace reset`.',
  },
  SOURCE_RECREATED: {
    retryable: false,
    meaning: 'The source was deleted and created again; the checkpoint speaks of records that are gone.',
    remedy: 'Start over with `millrace reset`, or give the program another name.',
  },
  TABLE_FULL: {
    retryable: false,
    meaning: 'Pending parts and remembered keys take as many bytes as `pendingBytesMax` allows.',
    remedy:
      'Raise `pendingBytesMax`, up to 3 GiB; or lower `keysMax` of `rememberCompleted`; or give the correlation an `expireAfterMs`: expired rows leave before any new record is read. Then start again. `millrace explain` names the stage whose parts do not come. `millrace reset` does not help: it reads the source into the same table again.',
  },
  TABLE_BROKEN: {
    retryable: false,
    meaning: 'The pending table has failed in itself: a defect of Millrace, or of the memory that it runs in.',
    remedy: 'Start the program again: it goes on from the last epoch. Please report the error with its cause.',
  },
  KAFKA_BATCH_CORRUPT: {
    retryable: true,
    meaning: 'A record batch of the source does not match its checksum or its own lengths.',
    remedy: 'If it stays after a retry, the log of that partition is damaged: see the offset in the message.',
  },
  KAFKA_BATCH_TOO_LARGE: {
    retryable: false,
    meaning: 'A compressed record batch would open to more bytes than `decompressedBytesMax`.',
    remedy: 'Raise `decompressedBytesMax` if the producer is trusted.',
  },
  KAFKA_BATCH_UNSUPPORTED: {
    retryable: false,
    meaning: 'A record batch has a format older than Kafka 0.11.',
    remedy: 'Copy the topic with a current client, which rewrites its batches.',
  },
  KAFKA_TRANSACTION_OPEN: {
    retryable: true,
    meaning: 'A topic was to be read to its end, and a transaction that was begun there has not ended for a long time.',
    remedy:
      'End or restart the producer that the message names; brokers abort its transaction after its timeout, `kafka-transactions.sh abort` at once. Or wait longer.',
  },
  KAFKA_UNAVAILABLE: {
    retryable: true,
    meaning: 'A broker refused for a reason that passes, such as an election; it was retried until the deadline.',
    remedy: 'Look at the broker error in the message and at the state of the cluster.',
  },
  KAFKA_REFUSED: {
    retryable: false,
    meaning: 'A broker refused a request for a reason that does not pass by itself.',
    remedy: 'The broker error in the message says what: a missing permission, a limit, an unknown producer.',
  },
  KAFKA_RIGHTS_MISSING: {
    retryable: false,
    meaning: 'The user that this process connects as may not do all that it has to; nothing has been read or created.',
    remedy:
      'Grant what the message lists; it is complete. `Create` on a topic is needed only while that topic does not exist. docs/security.md has all rights.',
  },
  KAFKA_TLS_FAILED: {
    retryable: false,
    meaning: 'A connection could not be secured: one side does not accept the certificate of the other.',
    remedy: 'Do as the message says.',
  },
  KAFKA_TOKEN_UNAVAILABLE: {
    retryable: true,
    meaning:
      'The function that provides tokens for SASL failed, or the file with the token or password cannot be read.',
    remedy: 'Look at the cause, which is what the function or the reading failed with.',
  },
  KAFKA_TOPIC_MISSING: {
    retryable: false,
    meaning: 'A source or sink topic does not exist. Millrace never creates them.',
    remedy: 'Create the topic, or correct its name in the topology.',
  },
  KAFKA_TOPIC_RECREATED: {
    retryable: false,
    meaning: 'A topic was deleted, and perhaps created again under its name, while it was in use.',
    remedy: 'Start again; the new topic is another one, with records of its own.',
  },
  KAFKA_VERSION_UNSUPPORTED: {
    retryable: false,
    meaning:
      'A broker does not take a version of the protocol that Millrace needs: it is too old, or of another maker.',
    remedy: 'Use Apache Kafka 3.2 or later, or a broker that takes the versions in the message.',
  },
  KAFKA_OFFSET_LOST: {
    retryable: false,
    meaning:
      'The next offset to read, which is 0 in a partition that the source was given, lies before the start or after the end of the log.',
    remedy:
      'Retention has removed records that were not read yet, or the log was truncated: see the offsets in the message. Where the log begins after the offset, `--accept-loss` goes on without them.',
  },
  KAFKA_DELIVERY_TIMEOUT: {
    retryable: true,
    meaning: 'Records could not be written for as long as retries are allowed.',
    remedy: 'Look at the state of the leaders of the sink topic; the records are produced again after the restart.',
  },
  MEMBERSHIP_BROKEN: {
    retryable: false,
    meaning:
      'The thread that keeps this process in its group has crashed: a defect of Millrace, or of its surroundings.',
    remedy: 'Start the program again: it goes on from the last epoch. Please report the error with its cause.',
  },
  OWNERSHIP_LOST: {
    retryable: false,
    meaning: 'This process is no longer the active one of its application, and another may have taken over.',
    remedy:
      'Nothing: the program joins its group again, and goes on from the checkpoint or stands by. The message says why: the main loop stood still, or the session with Kafka ended.',
  },
  STATE_BYTES_EXCEEDED: {
    retryable: false,
    meaning: 'A change of a transactional table would take more than its `bytesMax`; it has not happened.',
    remedy:
      'Delete rows, or raise `bytesMax`. Versions that a long transaction or a snapshot keeps count as well: `keptVersions` of the store tells how many there are.',
  },
  STATE_CHANGES_LOST: {
    retryable: false,
    meaning: 'Commits of a store that were asked for are not kept any more, or none are kept.',
    remedy: 'Open the store with a larger `changesMax`, read faster, or begin anew with a snapshot.',
  },
  STATE_TABLE_EXISTS: {
    retryable: false,
    meaning: 'A store was asked to make a table of a name that it has already.',
    remedy: 'Make each table once, and pass it on.',
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
  TRANSACTION_ABORTED: {
    retryable: true,
    meaning:
      'A transaction cannot commit any more, or was aborted by its coordinator because it was open for too long.',
    remedy:
      'The epoch is rolled back and done again, as smaller ones where it took too long to write; if that repeats itself, raise `transactionTimeoutMs`.',
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
  TRANSACTION_FENCED: {
    retryable: false,
    meaning: 'Another producer has taken over the transactional id, so this one can write nothing any more.',
    remedy: 'End this process where another one of the same application has taken its place.',
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
  TRANSACTION_OUTCOME_UNKNOWN: {
    retryable: true,
    meaning: 'The answer to a commit was lost: the transaction may have committed or not.',
    remedy: 'Begin anew, and look at what was written to learn which of the two it was.',
  },
  TRANSACTION_TOO_LARGE: {
    retryable: false,
    meaning: 'A transaction of a store reads and writes, or locks, more rows than `operationsMax` allows.',
    remedy: 'Split the transaction, or raise `operationsMax`.',
  },
  TOPOLOGY_INVALID: {
    retryable: false,
    meaning: 'The description of the program contradicts itself, or names what is not there.',
    remedy: 'The message names the operator and what is wrong with it.',
  },
  STAGE_SCHEMA_ASYNC: {
    retryable: false,
    meaning: 'The schema of a stage validates asynchronously.',
    remedy: 'Use a schema without asynchronous checks, and make those checks in the function of the stage.',
  },
  STAGE_FAILS_ON_EVERYTHING: {
    retryable: false,
    meaning: 'A stage or route failed on `maxConsecutivePoison` records in a row, in every attempt.',
    remedy:
      'The fault is in the function or in what it calls: see the cause. Nothing is lost; start again when it is mended.',
  },
  STAGE_FAILS_ON_PENDING: {
    retryable: true,
    meaning:
      'A stage or route failed, in every attempt, on a record whose part is pending and was read again: at a start, or for the table of a standby.',
    remedy:
      'The function has made this part before, so the fault is in what it calls, or in what was changed of it: see the cause. Nothing is lost and no record was diverted; start again when it works.',
  },
  APP_STOPPED: {
    retryable: false,
    meaning: 'The program was stopped before what was waited for had happened.',
    remedy: 'Start it again; it goes on where it was.',
  },
  APP_RUNNING: {
    retryable: false,
    meaning: 'What was asked for must not happen while a process of the application runs.',
    remedy:
      'Stop all of its processes and try again. One that was killed counts as running until its session with Kafka has ended.',
  },
  APP_UNKNOWN: {
    retryable: false,
    meaning: 'No application of this name has left anything at the broker.',
    remedy: 'Give the name that the program gives to `topology`, and the broker that it runs on.',
  },
  CONFIG_UNKNOWN_COMMAND: {
    retryable: false,
    meaning: 'The first word of a command line is not a command.',
    remedy: 'See `millrace --help`.',
  },
  CONFIG_INVALID_OPERANDS: {
    retryable: false,
    meaning: 'A command was given too few or too many words without a flag.',
    remedy: 'See `millrace <command> --help`.',
  },
  CONFIG_INVALID_MODULE: {
    retryable: false,
    meaning: 'A file given for its topology cannot be loaded, or its default export is no topology.',
    remedy: 'Export what `topology(…)…sink(…)` returns as the default export.',
  },
} as const satisfies Record<string, ErrorRule>

interface ErrorRule {
  readonly retryable: boolean
  readonly meaning: string
  readonly remedy: string
}

/** The codes of all errors; docs/errors.md says what to do for each. */
export type ErrorCode = keyof typeof errorCatalogue

/** JSON-safe facts about one error: ids, offsets, limits. */
export type ErrorDetails = Record<string, string | number | boolean | null>

// Two copies of the package in one process must still recognise each other's errors.
const brand = Symbol.for('millrace.error')

/**
 * An operating error: something outside the program went wrong, and the code says what.
 * `name` tells the layer (`KafkaError`, `TopologyError`, …); `code` is stable and documented in docs/errors.md.
 */
export class MillraceError extends Error {
  /** What went wrong; docs/errors.md has all codes, with what to do. */
  readonly code: ErrorCode
  /** Whether trying again may help. */
  readonly retryable: boolean
  /** What the message names: ids, offsets, limits. */
  readonly details: ErrorDetails
  readonly [brand] = true

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
    this.retryable = errorCatalogue[code].retryable
    this.details = details
  }

  /** Whether something that was thrown is such an error, also one of another copy of the package. */
  static is(value: unknown): value is MillraceError {
    return typeof value === 'object' && value !== null && brand in value
  }
}

export class ActorError extends MillraceError {}
export class KafkaError extends MillraceError {}
export class TopologyError extends MillraceError {}
export class ConfigError extends MillraceError {}
export class StateError extends MillraceError {}
/** A user's function has failed: the brokers are well, and what this process would do next is the same. */
export class FunctionError extends MillraceError {}
