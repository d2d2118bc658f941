import type { ErrorRule } from '../coded-error.ts'

/** Errors of the Kafka client: connections, batches, transactions, membership. */
export const kafkaErrors = {
  KAFKA_AUTHENTICATION_FAILED: {
    retryable: false,
    meaning:
      'A broker does not accept who this client says it is, or could not prove that it knows the password itself.',
    remedy: 'Check mechanism, user name and password or token; the message has what the broker says.',
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
  KAFKA_DELIVERY_TIMEOUT: {
    retryable: true,
    meaning: 'Records could not be written for as long as retries are allowed.',
    remedy: 'Look at the state of the leaders of the sink topic; the records are produced again after the restart.',
  },
  KAFKA_OFFSET_LOST: {
    retryable: false,
    meaning:
      'The next offset to read, which is 0 in a partition that the source was given, lies before the start or after the end of the log.',
    remedy:
      'Retention has removed records that were not read yet, or the log was truncated: see the offsets in the message. Where the log begins after the offset, `--accept-loss` goes on without them.',
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
    meaning: 'A topic of a source, of a sink, or of a table does not exist. Millrace never creates them.',
    remedy: 'Create the topic, or correct its name in the topology.',
  },
  KAFKA_TOPIC_RECREATED: {
    retryable: false,
    meaning: 'A topic was deleted, and perhaps created again under its name, while it was in use.',
    remedy: 'Start again; the new topic is another one, with records of its own.',
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
  KAFKA_VERSION_UNSUPPORTED: {
    retryable: false,
    meaning:
      'A broker does not take a version of the protocol that Millrace needs: it is too old, or of another maker.',
    remedy: 'Use Apache Kafka 3.2 or later, or a broker that takes the versions in the message.',
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
  TRANSACTION_ABORTED: {
    retryable: true,
    meaning:
      'A transaction cannot commit any more, or was aborted by its coordinator because it was open for too long.',
    remedy:
      'The epoch is rolled back and done again, as smaller ones where it took too long to write; if that repeats itself, raise `transactionTimeoutMs`.',
  },
  TRANSACTION_FENCED: {
    retryable: false,
    meaning: 'Another producer has taken over the transactional id, so this one can write nothing any more.',
    remedy: 'End this process where another one of the same application has taken its place.',
  },
  TRANSACTION_OUTCOME_UNKNOWN: {
    retryable: true,
    meaning: 'The answer to a commit was lost: the transaction may have committed or not.',
    remedy: 'Begin anew, and look at what was written to learn which of the two it was.',
  },
} as const satisfies Record<string, ErrorRule>
