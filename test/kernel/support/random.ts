const mask64 = (1n << 64n) - 1n

/** A seeded stream of integers (SplitMix64), so that a failing case is the same on every machine. */
export class Random {
  #state: bigint

  constructor(seed: bigint) {
    this.#state = seed & mask64
  }

  /** 64 bits. */
  #next(): bigint {
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & mask64
    let z = this.#state
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask64
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask64
    return z ^ (z >> 31n)
  }

  /** Uniform between least and most, both included. */
  between(least: bigint, most: bigint): bigint {
    let bits = 0n
    for (let word = 0; word < 5; word++) bits = (bits << 64n) | this.#next()
    return least + (bits % (most - least + 1n))
  }

  /** Between 1 and 2^bits − 1, every magnitude alike. */
  magnitude(bits: bigint): bigint {
    const width = this.between(0n, bits - 1n)
    return (1n << width) + (width === 0n ? 0n : this.between(0n, (1n << width) - 1n))
  }

  many<Item>(count: number, make: () => Item): Item[] {
    return Array.from({ length: count }, make)
  }
}
