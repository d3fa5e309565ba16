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
  /** By how many places in all what is looked at went down, because rows came before it: the eyes follow. */
  readonly moved = shallowRef(0)
  private pages = new Map<number, T[]>()
  private seen = { first: 0, last: 0, eye: 0 }
  private life = 0
  private reading = false
  private outdated = false

  constructor(
    private readonly read: ReadPage<T>,
    /** What a row is known by. */
    readonly key: (row: T) => string | number,
    readonly size = 100,
    private readonly mostPages = 50,
  ) {}

  /** The row at a place, when it has come. */
  at(place: number): T | undefined {
    return this.pages.get(this.pageOf(place))?.[place % this.size]
  }

  /** These rows are looked at, the last one not included; `eye` is the first that is seen. */
  look(first: number, last: number, eye = first): void {
    this.seen = { first, last, eye }
    void this.work()
  }

  /** The list is another one, and is looked at from its top. */
  async reset(): Promise<void> {
    this.life += 1
    this.reading = false
    this.outdated = false
    this.pages = new Map()
    this.seen = { first: 0, last: this.seen.last - this.seen.first, eye: 0 }
    await this.work()
  }

  /** The list may have changed: read anew what is looked at, and keep it under the eyes wherever it stands now. */
  async renew(): Promise<void> {
    this.outdated = true
    await this.work()
  }

  private pageOf(place: number): number {
    return Math.floor(place / this.size)
  }

  private missing(): number | undefined {
    const { first, last } = this.seen
    const end = this.count.value === null ? 0 : this.pageOf(Math.max(0, this.count.value - 1))
    const lastPage = Math.min(this.pageOf(Math.max(first, last - 1)), end)
    for (let page = Math.min(this.pageOf(first), end); page <= lastPage; page += 1)
      if (!this.pages.has(page)) return page
    return undefined
  }

  private async work(): Promise<void> {
    if (this.reading) return
    const life = this.life
    this.reading = true
    for (;;) {
      const again = this.outdated
      const page = again ? this.pageOf(this.seen.eye) : this.missing()
      if (page === undefined) break
      this.outdated = false
      const found = await this.read(page * this.size, this.size)
      if (life !== this.life) return
      if (!found) break
      if (again) await this.refresh(page, found)
      else this.take(page, found)
      if (life !== this.life) return
    }
    this.reading = false
  }

  private take(page: number, { rows, count }: Page<T>): void {
    if (this.count.value !== null && this.count.value !== count) {
      // Of another length the list is another one: what was read of it may stand elsewhere now.
      this.outdated = this.at(this.seen.eye) !== undefined
      if (this.outdated) return
      this.pages.clear()
    }
    this.count.value = count
    this.pages.set(page, rows)
    const wanted = [this.pageOf(this.seen.first), this.pageOf(this.seen.last)] as const
    for (const old of this.pages.keys()) {
      if (this.pages.size <= this.mostPages) break
      if (old < wanted[0] || old > wanted[1]) this.pages.delete(old)
    }
    this.came.value += 1
  }

  /** Put a page that was read anew in the place of all; look for what is seen where it would stand by the length. */
  private async refresh(page: number, found: Page<T>): Promise<void> {
    const life = this.life
    const fresh = new Map([[page, found.rows]])
    let { count } = found
    const other = this.pageOf(Math.max(0, this.seen.eye + count - (this.count.value ?? count)))
    if (other !== page && this.wentBy(fresh) === undefined) {
      const more = await this.read(other * this.size, this.size)
      if (life !== this.life) return
      if (more) fresh.set(other, more.rows)
      count = more?.count ?? count
    }
    const by = this.wentBy(fresh) ?? 0
    this.pages = fresh
    this.count.value = count
    const { first, last, eye } = this.seen
    this.seen = { first: Math.max(0, first + by), last: last + by, eye: eye + by }
    this.moved.value += by
    this.came.value += 1
  }

  /** By how many places the first row that is still there of those seen went down. At the top nothing is held. */
  private wentBy(fresh: ReadonlyMap<number, readonly T[]>): number | undefined {
    if (this.seen.eye === 0) return 0
    const places = new Map<string | number, number>()
    for (const [page, rows] of fresh)
      rows.forEach((row, index) => places.set(this.key(row), page * this.size + index))
    for (let place = this.seen.eye; place < this.seen.last; place += 1) {
      const row = this.at(place)
      const now = row === undefined ? undefined : places.get(this.key(row))
      if (now !== undefined) return now - place
    }
    return undefined
  }
}
