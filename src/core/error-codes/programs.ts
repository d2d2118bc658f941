import type { ErrorRule } from '../coded-error.ts'

/** Errors of a program: its topology, functions, checkpoint and table. */
export const programErrors = {
  APP_RUNNING: {
    retryable: false,
    meaning: 'What was asked for must not happen while a process of the application runs.',
    remedy:
      'Stop all of its processes and try again. One that was killed counts as running until its session with Kafka has ended.',
  },
  APP_STOPPED: {
    retryable: false,
    meaning: 'The program was stopped before what was waited for had happened.',
    remedy: 'Start it again; it goes on where it was.',
  },
  APP_UNKNOWN: {
    retryable: false,
    meaning: 'No application of this name has left anything at the broker.',
    remedy: 'Give the name that the program gives to `topology`, and the broker that it runs on.',
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
      'Run the old program until nothing is pending, give the new one another name, or start over with `millrace reset`; the message says what differs. `millrace plan-upgrade` says it before a start.',
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
  PENDING_ELSEWHERE: {
    retryable: false,
    meaning:
      'In the layout `keyed` a pending row was asked for whose key is in a task that another process of the program has.',
    remedy: 'Ask the process that has the task which the message names; `millrace processes` lists who has which.',
  },
  PENDING_LOST: {
    retryable: false,
    meaning:
      'Records whose parts are pending have been removed from the source before they were promoted to the checkpoint: by hand, by `retention.bytes`, or while the program did not run.',
    remedy:
      'Make the retention of the source longer; go on without them with `--accept-loss`, or start over with `millrace reset`.',
  },
  PENDING_READS_EXCEEDED: {
    retryable: true,
    meaning: '1,000 reads of pending rows wait for the current epoch to commit.',
    remedy: 'Ask again when some are answered, and give reads a `signal`, so that they end while brokers are away.',
  },
  REDRIVE_RECORD_GONE: {
    retryable: false,
    meaning:
      'A dead letter that is to be redriven only refers to its record, and the source does not have that any more.',
    remedy: 'Choose others by reason, key, time or origin, or skip those whose records are gone (`--skip-gone`).',
  },
  RELAYOUT_REFUSED: {
    retryable: false,
    meaning: 'What a program has cannot be taken to the layout that was asked for. Nothing has changed.',
    remedy: 'Do what the message says, with the program in the layout that it has, and ask again.',
  },
  SHARD_LOST: {
    retryable: true,
    meaning:
      'The thread of a shard of the pending table has ended: it exited, ran out of memory, or was blocked. The epoch is rolled back, and the pending parts are read again.',
    remedy: 'The program goes on by itself. Look at the cause where it happens again.',
  },
  SIMULATION_FAILED: {
    retryable: false,
    meaning:
      'A simulated program publishes something else, or accounts for offsets in another way, where its process is killed and loses commits than without that; or it fails, or its check does, which is the cause.',
    remedy:
      'Run the simulation with the seed that the error tells, which does the same again; the steps of the run are in its details. A function has to make the same of the same record, and keep nothing that a crash loses.',
  },
  SOURCE_RECREATED: {
    retryable: false,
    meaning: 'The source was deleted and created again; the checkpoint speaks of records that are gone.',
    remedy: 'Start over with `millrace reset`, or give the program another name.',
  },
  SOURCE_UNUSABLE: {
    retryable: false,
    meaning:
      'With `onPoison: "stop"`: `maxConsecutivePoison` records of a topic in a row could not be decoded or routed, or would have been dead letters otherwise.',
    remedy:
      'Compare the records with `decode` and the route of the source: see the cause. What is not committed yet is read again at the next start. With `onPoison: "warn"` they become dead letters.',
  },
  STAGE_FAILS_ON_EVERYTHING: {
    retryable: false,
    meaning:
      'A stage or route failed on `maxConsecutivePoison` records in a row, or a filter or map on as many merged records: it threw, or its promises were rejected in every attempt.',
    remedy:
      'The fault is in the function or in what it calls: see the cause. Nothing is lost; start again when it is mended.',
  },
  STAGE_FAILS_ON_PENDING: {
    retryable: true,
    meaning:
      'A stage or route failed on a record whose part is pending and was read again, at a start or for the table of a standby: it threw, or its promises were rejected in every attempt.',
    remedy:
      'The function has made this part before, so the fault is in what it calls, or in what was changed of it: see the cause. Nothing is lost and no record was diverted; start again when it works.',
  },
  STAGE_SCHEMA_ASYNC: {
    retryable: false,
    meaning: 'The schema of a stage validates asynchronously.',
    remedy: 'Use a schema without asynchronous checks, and make those checks in the function of the stage.',
  },
  LAYOUT_DIFFERS: {
    retryable: false,
    meaning:
      'The work of the program is in another layout than this process: it was moved to another one, or the topology declares another one than before.',
    remedy:
      'Start the program in the layout that the message names. To go on in the other one, stop all of its processes and give `millrace relayout`. If the message names the layout that is declared, another move is to be ended: give the command again.',
  },
  PARTITIONS_DIFFER: {
    retryable: false,
    meaning:
      'In the layout `keyed` the sources do not all have as many partitions as the program has tasks: a key would be in several tasks. Or in the layout `routed` the program declares another number of tasks than it began with, or a source has got more partitions than it had.',
    remedy:
      'Give the sources one number of partitions and partition them by the merge key, or use the layout `routed`. A program that is to have another number of tasks is taken to it by `millrace relayout`; one whose sources have got further partitions goes to the layout `single`.',
  },
  START_POSITION_UNKNOWN: {
    retryable: false,
    meaning:
      'A new program is to begin at the offsets of a consumer group, which has committed none of that topic, or offsets beyond its end.',
    remedy: 'Name the group that has read the topic so far, or another start position (`from` of the source).',
  },
  TABLES_ABSENT: {
    retryable: false,
    meaning:
      'Tables of a program were asked for that has none, or these or pending rows in a process that is not the active one.',
    remedy:
      'Ask the active process; `role` of the app tells which one that is. A topology names its tables in `tables`.',
  },
  TABLE_BROKEN: {
    retryable: false,
    meaning: 'The pending table has failed in itself: a defect of Millrace, or of the memory that it runs in.',
    remedy: 'Start the program again: it goes on from the last epoch. Please report the error with its cause.',
  },
  TABLE_FULL: {
    retryable: false,
    meaning: 'Pending parts and remembered keys take as many bytes as `pendingBytesMax` allows.',
    remedy:
      'Raise `pendingBytesMax`, up to 3 GiB; or lower `keysMax` of `rememberCompleted`; or give the correlation an `expireAfterMs`: expired rows leave before any new record is read. Then start again. With `whenFull: "expire-oldest"` the program does not stop, and the oldest rows leave; with `whenFull: "promote"` they leave memory and stay pending. `millrace explain` names the stage whose parts do not come. `millrace reset` does not help: it reads the source into the same table again.',
  },
  TABLE_READ_ONLY: {
    retryable: false,
    meaning: 'A function has changed a table that a topic fills, which functions only look up.',
    remedy: 'Write to the topic, or keep a table without `topic`, which functions change.',
  },
  TOPOLOGY_INVALID: {
    retryable: false,
    meaning: 'The description of the program contradicts itself, or names what is not there.',
    remedy: 'The message names the operator and what is wrong with it.',
  },
  WORKERS_UNFIT: {
    retryable: false,
    meaning:
      'With `workers` or `shards` the pending table is in shards on threads, and the program has something that goes by the whole table.',
    remedy: 'Run it with `shards: 0`, or without what the message lists.',
  },
} as const satisfies Record<string, ErrorRule>
