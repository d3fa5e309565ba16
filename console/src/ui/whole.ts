/**
 * A list of the server of any length, of which only what is looked at is read: the scroll bar is the whole list.
 * One page is asked for at a time, and always one that is looked at now: what a fling passes by is never read.
 */
import { shallowRef, type ShallowRef } from 'vue'

export interface Page<T> {
  rows: T[]
  /** How long the whole list is. */
  count: number
}
export type ReadPage<T> = (offset: number, limit: number) => Promise<Page<T> | undefined>

export class Whole<T> {
  /** How long the list is; null until it is known. */
  readonly count: ShallowRef<number | null> = shallowRef(null)
  /** Grows with each page that came: what draws rows looks again. */
  readonly came = shallowRef(0)
  private pages = new Map<number, T[]>()
  private wanted: readonly [number, number] = [0, 0]
  private life = 0
  private reading = false

  constructor(
    private readonly read: ReadPage<T>,
    readonly size = 100,
    private readonly mostPages = 50,
  ) {}

  /** The row at a place, when it has come. */
  at(place: number): T | undefined {
    return this.pages.get(Math.floor(place / this.size))?.[place % this.size]
  }

  /** These rows are looked at, the last one not included. */
  look(first: number, last: number): void {
    this.wanted = [Math.floor(first / this.size), Math.floor(Math.max(first, last - 1) / this.size)]
    void this.work()
  }

  /** The list is another one, or may have changed: read anew what is looked at. */
  async reset(): Promise<void> {
    this.life += 1
    this.reading = false
    this.pages = new Map()
    await this.work()
  }

  private missing(): number | undefined {
    const [first, last] = this.wanted
    const end = this.count.value === null ? 0 : Math.floor(Math.max(0, this.count.value - 1) / this.size)
    for (let page = Math.min(first, end); page <= Math.min(last, end); page += 1)
      if (!this.pages.has(page)) return page
    return undefined
  }

  private async work(): Promise<void> {
    if (this.reading) return
    const life = this.life
    this.reading = true
    for (let page = this.missing(); page !== undefined && life === this.life; page = this.missing()) {
      const found = await this.read(page * this.size, this.size)
      if (life !== this.life) return
      if (!found) break
      this.take(page, found)
    }
    if (life === this.life) this.reading = false
  }

  private take(page: number, { rows, count }: Page<T>): void {
    // Of another length the list is another one: what was read of it may stand elsewhere now.
    if (this.count.value !== null && this.count.value !== count) this.pages.clear()
    this.count.value = count
    this.pages.set(page, rows)
    for (const old of this.pages.keys()) {
      if (this.pages.size <= this.mostPages) break
      if (old < this.wanted[0] || old > this.wanted[1]) this.pages.delete(old)
    }
    this.came.value += 1
  }
}
