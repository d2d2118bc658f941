import type { ListedCommand } from '../command.ts'

/** What there is to call. Each is loaded when it is called, so that only that one costs time. */
export const commands: readonly ListedCommand[] = [
  {
    name: 'demo',
    summary: 'Runs the experiment: generates, correlates and verifies, on an embedded broker unless one is named.',
    load: async () => (await import('../experiment/demo.ts')).demo,
  },
  {
    name: 'broker',
    summary: 'Runs the embedded Kafka broker until it is interrupted; it keeps everything in memory.',
    load: async () => (await import('./broker.ts')).broker,
  },
  {
    name: 'produce',
    summary: 'Writes lines of standard input to a topic, each as a record.',
    load: async () => (await import('./produce.ts')).produce,
  },
  {
    name: 'consume',
    summary: 'Prints the committed records of a topic, each as a line.',
    load: async () => (await import('./consume.ts')).consume,
  },
  {
    name: 'generate',
    summary:
      "Writes the experiment's records to a topic; creates it, and one for the merged records, with 12 partitions each.",
    load: async () => (await import('../experiment/generate.ts')).generate,
  },
  {
    name: 'describe',
    summary: 'Checks the topology that a file exports by default, and prints what it does; needs no broker.',
    load: async () => (await import('./describe.ts')).describe,
  },
  {
    name: 'topics',
    summary:
      'Checks the topics of the topology in a file, their settings, the rights to them, and whether sources still have the records that the checkpoint needs; prints the missing ACLs as kafka-acls commands. Exit code 1 if a start would fail.',
    load: async () => (await import('./topics.ts')).topics,
  },
  {
    name: 'run',
    summary: 'Runs the topology that a file exports by default, until it is told to stop.',
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'plan-upgrade',
    summary:
      'Tells what a start of the topology in a file would do with what the version before has left pending; exit code 1 if it would be refused.',
    load: async () => (await import('./plan-upgrade.ts')).planUpgrade,
  },
  {
    name: 'verify',
    summary: "Compares a sink, byte for byte, with what the experiment's seed says; exit code 1 if anything differs.",
    load: async () => (await import('../experiment/verify.ts')).verify,
  },
  {
    name: 'audit',
    summary: 'Proves from the broker alone that every offset an application has consumed has exactly one class.',
    load: async () => (await import('./audit.ts')).audit,
  },
  {
    name: 'explain',
    summary:
      'Tells what has become of the records of a merge key: which parts are pending, were merged, or are dead letters.',
    load: async () => (await import('./explain.ts')).explain,
  },
  {
    name: 'dead-letters',
    summary: 'Lists the newest dead letters of an application, with their records, where these were, and why.',
    load: async () => (await import('./dead-letters.ts')).deadLetters,
  },
  {
    name: 'pending',
    summary: 'Asks a running process which rows are pending: by the sides that they lack, by age, and the oldest.',
    load: async () => (await import('./pending.ts')).pending,
  },
  {
    name: 'redrive',
    summary:
      'Has dead letters go through their program again, each once; without --yes, tells which ones that would be.',
    load: async () => (await import('./redrive.ts')).redrive,
  },
  {
    name: 'processes',
    summary: 'Lists the processes of an application: the active one, and those that stand by.',
    load: async () => (await import('./processes.ts')).processes,
  },
  {
    name: 'relayout',
    summary:
      'Takes the program in a file, which does not run, to another layout or number of tasks; without --yes, tells what that would do.',
    load: async () => (await import('./relayout.ts')).relayout,
  },
  {
    name: 'reset',
    summary: 'Makes an application that does not run start over; without --yes, tells what that would delete.',
    load: async () => (await import('./reset.ts')).reset,
  },
  {
    name: 'completion',
    summary: 'Prints a script that has a shell complete commands and flags: of bash, zsh or fish.',
    load: async () => (await import('./completion.ts')).completionOf(commands),
  },
]
