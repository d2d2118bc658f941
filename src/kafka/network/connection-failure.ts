import { KafkaError } from '../../core/errors.ts'

/** Where a connection leads, as its errors tell it. */
export interface Place {
  readonly host: string
  readonly port: number
  /** Of a broker that another one has named, at an address that the user did not give. */
  readonly advertised?: { readonly nodeId: number; readonly by: string } | undefined
}

/** A broker's address, and who has told it where nobody here did. */
export function placeText({ host, port, advertised }: Place): string {
  return advertised === undefined
    ? `broker ${host}:${port}`
    : `broker ${advertised.nodeId}, advertised by broker ${advertised.by} as ${host}:${port}`
}

/** @param cause - What the socket failed with. */
export function connectionFailed(place: Place, what: string, cause?: unknown): KafkaError {
  const { host, port } = place
  const why = cause instanceof Error ? `: ${causeText(cause)}` : ''
  const message = `${placeText(place)}: ${what}${why}`
  return new KafkaError('KAFKA_CONNECTION_FAILED', message, { host, port }, cause)
}

/** What the system's names for failures mean to whoever runs the program. */
const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name of the host is not known',
  EAI_AGAIN: 'the name of the host could not be looked up for now',
  ECONNRESET: 'the other side ended it',
  ETIMEDOUT: 'nothing answered',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  EPIPE: 'the other side ended it',
}

function causeText(cause: Error & { code?: string }): string {
  const { code, message } = cause
  if (code === undefined) return message
  return `${meanings[code] ?? message} (${code})`
}
