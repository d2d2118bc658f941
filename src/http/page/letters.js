import { html } from './dom.js'
import { answerTo } from './feed.js'
import { count, place, plural, time } from './format.js'

/** @type {Record<string, string>} */
const fates = {
  unread: 'not read yet',
  pending: 'pending',
  deadLetter: 'a dead letter again',
  processed: 'processed',
}

/** Dead letters by their reason; those of one are read when they are wanted. */
export class Letters {
  #reasons
  #letters
  /** @type {string | undefined} */
  #chosen
  #drawn = ''

  /**
   * @param {HTMLElement} reasons
   * @param {HTMLElement} letters
   */
  constructor(reasons, letters) {
    this.#reasons = reasons
    this.#letters = letters
  }

  /** @param {readonly { reason: string, count: number }[]} deadLetters */
  draw(deadLetters) {
    const drawn = JSON.stringify([deadLetters, this.#chosen])
    if (drawn === this.#drawn) return
    this.#drawn = drawn
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['reason'] : undefined
    const buttons = deadLetters.map(({ reason, count: number }) => this.#button(reason, `${reason}: ${count(number)}`))
    const all = this.#button('', 'All that are kept')
    this.#reasons.replaceChildren(...buttons, all)
    for (const button of [...buttons, all]) if (button.dataset['reason'] === focused) button.focus()
  }

  /**
   * @param {string} reason
   * @param {string} text
   */
  #button(reason, text) {
    const isChosen = reason === this.#chosen
    const button = html('button', { type: 'button', 'data-reason': reason, 'aria-pressed': String(isChosen) }, text)
    button.addEventListener('click', () => void this.#choose(reason))
    return button
  }

  /** @param {string} reason */
  async #choose(reason) {
    this.#chosen = reason
    for (const button of this.#reasons.querySelectorAll('button'))
      button.setAttribute('aria-pressed', String(button.dataset['reason'] === reason))
    this.#letters.replaceChildren(html('p', { class: 'quiet' }, 'Reading…'))
    try {
      const letters = await answerTo(`api/dead-letters?reason=${encodeURIComponent(reason)}`)
      if (this.#chosen !== reason) return
      const title = letters.length === 0 ? 'There are none.' : `The newest ${count(letters.length)}, newest first.`
      this.#letters.replaceChildren(html('p', {}, title), ...letters.map(letterView))
    } catch (error) {
      this.#letters.replaceChildren(html('p', { class: 'bad' }, String(error)))
    }
  }
}

/** @param {any} letter */
function letterView(letter) {
  const { reason, cause, topic, origins, timestampMs, value, headers } = letter
  const from = origins.map(place).join(', ')
  return html(
    'details',
    {},
    html('summary', {}, `${reason} from ${topic} ${from}, ${time(timestampMs)}`),
    html('p', {}, cause),
    html('p', { class: 'quiet' }, lineage(letter)),
    headers.length > 0 &&
      html(
        'p',
        { class: 'quiet' },
        `headers ${headers.map((/** @type {any} */ [name, text]) => `${name}: ${text ?? 'none'}`).join(', ')}`,
      ),
    value !== undefined && html('pre', { tabindex: '0', 'aria-label': 'value' }, value),
  )
}

/**
 * Where a letter is, what it was made of, and what has become of it since.
 *
 * @param {any} letter
 */
function lineage({ app, topic, origins, partition, offset, key, valueBytes, redriven, redrive }) {
  const records = origins.map((/** @type {any} */ origin) => `${origin.topic ?? topic} ${place(origin)}`)
  return [
    `dead letter ${place({ partition, offset })} of ${app}`,
    `made of ${records.join(', ')}`,
    `key ${key ?? 'absent'}`,
    `${count(valueBytes)} bytes`,
    ...(redriven === undefined ? [] : [`redriven ${plural(redriven, 'time', 'times')} before`]),
    ...(redrive === undefined ? [] : [`redriven since: ${fates[redrive.fate]}`]),
  ].join('; ')
}
