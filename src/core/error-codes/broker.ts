import type { ErrorRule } from '../coded-error.ts'

/** Errors of the embedded broker. */
export const brokerErrors = {
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
} as const satisfies Record<string, ErrorRule>
