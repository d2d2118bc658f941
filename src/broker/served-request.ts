/** Who asked for what. */
export interface ServedRequest {
  readonly api: string
  readonly version: number
  readonly clientId: string
}
