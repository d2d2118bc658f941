import type { MillraceError } from '../../core/errors.ts'
import type { Api, RequestInputOf, ResponseOf } from '../../protocol/index.ts'
import type { ReceiveBuffer } from './receive-buffer.ts'

/** A request and what becomes of its response. */
export interface Exchange<A extends Api> {
  readonly api: A
  readonly request: RequestInputOf<A>
  /** Where the response goes unless it is larger; absent, into memory of its own. */
  readonly into?: ReceiveBuffer
  /** @param filled - Where the response lies, and with it what its byte strings are views of. */
  onResponse(response: ResponseOf<A>, filled: ReceiveBuffer): void
  onFailed(error: MillraceError): void
}
