import { StateError } from '../../core/errors.ts'
import { pinsMax, type SharedWords } from './shared-words.ts'

interface Pin {
  readonly place: number
  count: number
}

/** The versions that one thread, not that of the store, reads. */
export class VersionPins {
  readonly #words: SharedWords
  readonly #thread: number
  readonly #byVersion = new Map<number, Pin>()
  readonly #free: number[] = []
  #used = 0

  constructor(words: SharedWords, thread: number) {
    this.#words = words
    this.#thread = thread
  }

  /**
   * Keeps what can be read at the latest version, which it returns, until `unpin`.
   *
   * @throws StateError `STATE_READERS_EXCEEDED`
   */
  pinLatest(): number {
    const latest = this.#words.version
    const known = this.#byVersion.get(latest)
    if (known !== undefined) {
      known.count++
      return latest
    }
    const place = this.#takePlace()
    const version = this.#store(place, latest)
    this.#byVersion.set(version, { place, count: 1 })
    return version
  }

  unpin(version: number): void {
    const pin = this.#byVersion.get(version)
    if (pin === undefined || --pin.count > 0) return
    this.#byVersion.delete(version)
    this.#words.clearPin(this.#thread, pin.place)
    this.#free.push(pin.place)
  }

  /** The version that is the latest once its pin can be found. */
  #store(place: number, latest: number): number {
    for (let version = latest; ;) {
      this.#words.setPin(this.#thread, place, version)
      const now = this.#words.version
      if (now === version) return version
      version = now
    }
  }

  #takePlace(): number {
    const place = this.#free.pop() ?? this.#used++
    if (place < pinsMax) return place
    this.#used--
    const message = `a thread reads a store at ${pinsMax} versions: let transactions end before others begin`
    throw new StateError('STATE_READERS_EXCEEDED', message, { pinsMax })
  }
}
