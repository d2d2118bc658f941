/**
 * The client's side of a mechanism: it yields the client's messages and is sent the broker's. It throws `SaslFailed`
 * for a broker that refuses the client, breaks the protocol, or does not know the password itself.
 */
export type SaslExchange = AsyncGenerator<Buffer, void, Buffer>

/** The message says why, without any secret. */
export class SaslFailed extends Error {}
