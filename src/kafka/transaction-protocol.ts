import { type API, createAPI, endTxnV4, type Reader, ResponseError, txnOffsetCommitV4 } from '@platformatic/kafka'

/*
 * The versions that transactions of version 2 (KIP-890) are spoken in and the library lacks. Their requests are those of
 * the versions before; the number alone says that the epoch rises with the end, and that offsets join by themselves.
 */

/** The producer id and epoch are those of the next transaction. */
export interface EndTxnResponse {
  throttleTimeMs: number
  errorCode: number
  producerId: bigint
  producerEpoch: number
}

type EndTxnRequest = Parameters<typeof endTxnV4.createRequest>

export const endTxnV5: API<EndTxnRequest, EndTxnResponse> = createAPI(26, 5, endTxnV4.createRequest, parseEndTxn)

export const txnOffsetCommitV5: typeof txnOffsetCommitV4.api = createAPI(
  28,
  5,
  txnOffsetCommitV4.createRequest,
  txnOffsetCommitV4.parseResponse,
)

function parseEndTxn(_correlationId: number, apiKey: number, apiVersion: number, reader: Reader): EndTxnResponse {
  const response = {
    throttleTimeMs: reader.readInt32(),
    errorCode: reader.readInt16(),
    producerId: reader.readInt64(),
    producerEpoch: reader.readInt16(),
  }
  if (response.errorCode !== 0)
    throw new ResponseError(apiKey, apiVersion, { '/': [response.errorCode, null] }, response)
  return response
}
