import { html } from './dom.js'

/** The subtopologies of a program, of which one is looked at; nothing to choose where there is one. */
export class Subtopologies {
  #place
  #onChosen
  #chosen = 0
  #drawn = ''

  /**
   * @param {HTMLElement} place
   * @param {() => void} onChosen
   */
  constructor(place, onChosen) {
    this.#place = place
    this.#onChosen = onChosen
  }

  /** The place of the one that is looked at, from 0 on. */
  get chosen() {
    return this.#chosen
  }

  /**
   * The inspection of the one that is looked at.
   *
   * @param {any} inspection - Of the first one.
   */
  draw(inspection) {
    const chain = []
    for (let each = inspection; each !== undefined; each = each.next) chain.push(each)
    this.#place.hidden = chain.length === 1
    const drawn = JSON.stringify(chain.map(({ app }) => app))
    if (drawn !== this.#drawn) {
      this.#drawn = drawn
      this.#place.replaceChildren(...chain.map(({ app, topology }, place) => this.#button(app, topology, place)))
    }
    return chain[this.#chosen] ?? inspection
  }

  /**
   * @param {string} app
   * @param {{ correlate: { id: string } }} topology
   * @param {number} place
   */
  #button(app, { correlate }, place) {
    const isChosen = place === this.#chosen
    const button = html('button', { type: 'button', title: app, 'aria-pressed': String(isChosen) }, correlate.id)
    button.addEventListener('click', () => {
      this.#chosen = place
      for (const [at, other] of [...this.#place.children].entries())
        other.setAttribute('aria-pressed', String(at === place))
      this.#onChosen()
    })
    return button
  }
}
