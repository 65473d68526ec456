const lastBits = 4.440892098500626e-16

/** The value at so many decimals, halves away from zero; as it is when no decimals are given. */
export function roundTo(value: number, places: number | undefined): number {
  if (places === undefined) return value
  const unit = Number(`1e${Math.abs(places)}`)
  const scaled = places >= 0 ? Math.abs(value) * unit : Math.abs(value) / unit
  // Room for the last bit, so that 501.5 written as a product of doubles is still a half.
  const rounded = Math.floor(scaled * (1 + lastBits) + 0.5)
  return Math.sign(value) * (places >= 0 ? rounded / unit : rounded * unit)
}
