/** The UUID of a topic in its usual text form, of the form in which Kafka prints it. */
export function topicIdText(uuid: string): string {
  return Buffer.from(uuid, 'base64url')
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Back to the form of the protocol. */
export function topicUuid(text: string): string {
  return Buffer.from(text.replaceAll('-', ''), 'hex').toString('base64url')
}
