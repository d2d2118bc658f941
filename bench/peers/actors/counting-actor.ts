/** An actor of some library that adds up what it is told, for the bench of actors beside others. */
export interface CountingActor {
  readonly title: string
  tell(amount: number): Promise<void> | void
  /** The sum of all that was told before. */
  ask(): Promise<number>
  /** The actor, looked up by its name; absent where the library has no names. */
  readonly byName?: () => Pick<CountingActor, 'tell'>
  /** Has it crash and resolves when it is up again; absent where the library restarts none. */
  restart?(): Promise<void>
  stop(): Promise<void>
}
