/** MT19937 of M. Matsumoto and T. Nishimura (1998): the unsigned 32-bit draws that published simulations start from. */
export function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(624)
  state[0] = seed
  for (let i = 1; i < 624; i++) {
    const previous = state[i - 1] as number
    state[i] = Math.imul(1_812_433_253, previous ^ (previous >>> 30)) + i
  }
  let position = 624
  const renew = () => {
    for (let i = 0; i < 624; i++) {
      const bits = ((state[i] as number) & 0x8000_0000) | ((state[(i + 1) % 624] as number) & 0x7fff_ffff)
      state[i] = (state[(i + 397) % 624] as number) ^ (bits >>> 1) ^ (bits & 1 ? 0x9908_b0df : 0)
    }
    position = 0
  }
  return () => {
    if (position === 624) renew()
    let bits = state[position++] as number
    bits ^= bits >>> 11
    bits ^= (bits << 7) & 0x9d2c_5680
    bits ^= (bits << 15) & 0xefc6_0000
    return (bits ^ (bits >>> 18)) >>> 0
  }
}
